"""Allocations: money that moves along links of the tree, whatever it is for, all its lines as one posting.

Who moves money says the lines (`Line`) and calls `carry_out` with a key that nobody else uses: people's movements,
what goals bring home, plans, rules, and what takes one of them back. The allocation stands beside its posting and says
the same, which the database holds it to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError
from kit.limits import MAX_AMOUNT
from kit.live.publish import publish
from kit.sentences import Sentence
from markets.assets import require_named
from wallets.hierarchy.archiving import hold_open
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Account, AllocationLine, FundAllocation, Posting, Wallet

ZERO: Final = Decimal(0)
MAX_KEY: Final = 100
# The prefixes keep what users call their requests apart from what orders, goals and rules make for themselves.
ASKED: Final = "request:"
RULE: Final = "rule:"


@dataclass(frozen=True, slots=True)
class Line:
    """`amount` of `asset` from `source` (None: from outside) to `target`; `profit` of it the source had earned."""

    source: Wallet | None
    target: Wallet
    asset: str
    amount: Decimal
    profit: Decimal = ZERO

    @property
    def wallets(self) -> tuple[Wallet, ...]:
        return (self.source, self.target) if self.source else (self.target,)

    @property
    def leg(self) -> Leg:
        outside = AccountRef(self.target.pk, self.asset, Account.Kind.EXTERNAL)
        source = AccountRef(self.source.pk, self.asset) if self.source else outside
        return Leg(source, AccountRef(self.target.pk, self.asset), self.amount)


def carry_out(
    *,
    owner_id: UUID,
    key: str,
    kind: str,
    lines: Sequence[Line],
    told: Sequence[Line] = (),
    note: str = "",
    detail: Mapping[str, Any] | None = None,
) -> tuple[FundAllocation, bool]:
    """Post the lines in their order under the key, all or none; the allocation, and whether it is new.

    `told` is what it is about where that is something else than its lines, such as a way of several links. `detail` and
    the note make two requests with one key the same. Call it inside of a transaction. Raises what `ledger.post` raises,
    and ConflictError for a wallet that is archived.
    """
    said = {**(detail or {}), **({"note": note} if note else {})}
    posting = post(owner_id=owner_id, key=key, kind=kind, legs=[line.leg for line in lines], detail=said)
    if posting.is_replay:
        return of_posting(posting), False
    hold_open({wallet.pk for line in lines for wallet in line.wallets})
    done = write_down(owner_id=owner_id, kind=kind, lines=lines, told=told or lines[:1], note=note, posting=posting)
    tell(done, told or lines)
    return done, True


def write_down(
    *,
    owner_id: UUID,
    kind: str,
    lines: Sequence[Line],
    told: Sequence[Line],
    note: str = "",
    stays: Sentence | None = None,
    posting: Posting | None = None,
) -> FundAllocation:
    """The allocation with its lines; only previewed where there is no posting yet."""
    source, target, asset, amount = _about(told)
    given: dict[str, Any] = {} if posting is None else {"created_at": posting.created_at}
    done = FundAllocation.objects.create(
        owner_id=owner_id,
        kind=kind,
        status=FundAllocation.Status.APPLIED if posting else FundAllocation.Status.PREVIEWED,
        source=source,
        target=target,
        asset=asset,
        amount=amount,
        note=Sentence.of(note),
        stays=stays or Sentence(),
        posting=posting,
        **given,
    )
    AllocationLine.objects.bulk_create(
        AllocationLine(
            owner_id=owner_id,
            allocation=done,
            number=number,
            source=line.source,
            target=line.target,
            asset=line.asset,
            amount=line.amount,
            profit=line.profit,
        )
        for number, line in enumerate(lines, 1)
    )
    return done


def lines_of(allocation: FundAllocation) -> list[Line]:
    """What the allocation says, in its order."""
    rows = allocation.lines.select_related("source__connection", "target__connection").order_by("number")
    return [Line(row.source, row.target, row.asset, row.amount, row.profit) for row in rows]


def of_posting(posting: Posting) -> FundAllocation:
    return FundAllocation.objects.select_related("source", "target").get(posting=posting)


def tell(done: FundAllocation, told: Sequence[Line]) -> None:
    """A line in the log for each, and word to whoever shows one of the wallets."""
    for line in told:
        audit.record(
            audit.Area.MONEY,
            done.get_kind_display(),
            owner_id=done.owner_id,
            subject=f"{line.source.name} → {line.target.name}" if line.source else line.target.name,
            after={"amount": line.amount, "asset": line.asset, "note": done.note.exact},
        )
    for target_id in {line.target.pk for line in told}:
        publish(owner_id=done.owner_id, event="wallets", data={"wallet": str(target_id), "change": done.kind})


def asked_key(key: str) -> str:
    """The ledger's key of a request that somebody calls `key`. Raises InvalidInputError for one that is none."""
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidInputError(f"An idempotency key has 1 to {MAX_KEY} characters.", fields={"key": "Wrong length."})
    return f"{ASKED}{key}"


def checked_amount(asset: str, amount: Decimal, *, field: str = "amount") -> Decimal:
    """The amount, or InvalidInputError for an asset or an amount that the books cannot hold."""
    require_named(asset)
    if not amount.is_finite() or amount <= 0:
        raise InvalidInputError("Enter an amount above zero.", fields={field: "Must be above zero."})
    if amount >= MAX_AMOUNT:
        raise InvalidInputError(
            f"Enter an amount below {MAX_AMOUNT:,}: the books hold no larger one.", fields={field: "Too large."}
        )
    return amount


def require_present(wallet: Wallet) -> None:
    """Raises ConflictError while the account's history is being built: a movement now would stand before older ones."""
    if wallet.connection.belongs_to_the_past:
        raise ConflictError(
            f"Wait until the history of {wallet.connection.name} is built: what is done now would stand before it."
        )


def _about(told: Sequence[Line]) -> tuple[Wallet | None, Wallet | None, str, Decimal | None]:
    """Source, target, asset and amount, each where all lines share it; the amount is then their sum."""
    sources, targets, assets = ({getattr(one, name) for one in told} for name in ("source", "target", "asset"))
    asset = next(iter(assets)) if len(assets) == 1 else ""
    return (
        next(iter(sources)) if len(sources) == 1 else None,
        next(iter(targets)) if len(targets) == 1 else None,
        asset,
        sum((one.amount for one in told), ZERO) if asset else None,
    )
