"""What a venue took, paid by a wallet as far as it can.

A trade and a funding are facts: they are booked whatever a wallet has. What it has not is taken from its suspense
account, which may be overdrawn until somebody looks, and it holds no more than it has left.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from wallets.ledger import InsufficientFundsError, Leg, Request, lock, post
from wallets.models import Account, Posting, Transfer

ZERO = Decimal(0)
WALLET, SUSPENSE = Account.Kind.WALLET, Account.Kind.SUSPENSE


@dataclass(frozen=True, slots=True)
class Paid:
    """The posting; its legs as they were posted, and why they are others than were asked for, if they are."""

    posting: Posting
    legs: tuple[Leg, ...]
    error: InsufficientFundsError | None = None

    @property
    def missing(self) -> dict[str, Decimal]:
        """What stands in suspense, of each asset."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for leg in self.legs:
            if leg.debit.kind == SUSPENSE:
                found[leg.debit.asset] += leg.amount or ZERO
        return found

    @property
    def holds(self) -> Iterator[Transfer]:
        """What it holds from here on, in the order of its legs."""
        pairs = zip(self.legs, self.posting.transfer_ids, strict=True)
        held = [pk for leg, pk in pairs if leg.phase == "pending"]
        rows = Transfer.objects.in_bulk(held)
        return iter([rows[pk] for pk in held])


def pay(request: Request, *, owner_id: UUID, wallet_id: UUID, held: Iterable[Transfer | None]) -> Paid:
    """Post what was asked for, or as much of it as the wallet can pay; `held` is what its legs settle and void.

    Runs in a transaction, in the tenant block of the owner.
    """
    try:
        return pay_all(request, owner_id=owner_id)
    except InsufficientFundsError as error:
        return pay_part(request, error, owner_id=owner_id, wallet_id=wallet_id, held=held)


def pay_all(request: Request, *, owner_id: UUID) -> Paid:
    """Post what was asked for. Raises InsufficientFundsError, and nothing is posted then."""
    return Paid(_post(owner_id, request, request.legs), tuple(request.legs))


def pay_part(
    request: Request,
    error: InsufficientFundsError,
    *,
    owner_id: UUID,
    wallet_id: UUID,
    held: Iterable[Transfer | None],
) -> Paid:
    """Post as much as the wallet can pay, and the rest from suspense."""
    assets = {leg.debit.asset for leg in request.legs}
    lock(wallet_ids={wallet_id}, assets=assets)
    accounts = Account.objects.filter(wallet_id=wallet_id, kind=WALLET, asset__in=assets)
    free = {account.asset: account.available for account in accounts}
    legs = tuple(within(request.legs, free, {hold.pk: hold.amount for hold in held if hold is not None}))
    return Paid(_post(owner_id, request, legs), legs, error)


def within(legs: Iterable[Leg], free: Mapping[str, Decimal], held: Mapping[int, Decimal]) -> Iterator[Leg]:
    """These legs, as a wallet can pay them: what is to be held comes behind all others, and what is missing stands in
    suspense.

    `free` is what it has free of each asset before them, `held` what each transfer holds that they settle or void.
    """
    has = defaultdict(Decimal, free)
    for leg in sorted(legs, key=lambda one: one.phase == "pending"):
        asset, wanted = leg.debit.asset, leg.amount or ZERO
        if leg.pending_id is not None:
            has[asset] += held[leg.pending_id] - (wanted if leg.phase == "settle" else ZERO)
            yield leg
        elif leg.debit.kind != WALLET:
            has[asset] += wanted
            yield leg
        else:
            paid = max(min(wanted, has[asset]), ZERO)
            has[asset] -= paid
            if paid:
                yield replace(leg, amount=paid)
            if paid < wanted and leg.phase == "posted":
                yield replace(leg, debit=replace(leg.debit, kind=SUSPENSE), amount=wanted - paid)


def _post(owner_id: UUID, request: Request, legs: Iterable[Leg]) -> Posting:
    return post(owner_id=owner_id, key=request.key, kind=request.kind, legs=legs, detail=request.detail)
