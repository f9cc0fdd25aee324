"""Taking a movement of money back.

An undo is a movement of its own, the same lines the other way and in the opposite order, with a key that belongs to
what it takes back: so it is done once, and the books keep both. It is refused when the money is no longer there, free
and untouched by open orders.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from kit import clock
from kit.errors import ConflictError, NotFoundError
from kit.models import joined_again
from wallets.hierarchy.allocations import ASKED, RULE, ZERO, Line, carry_out, lines_of, of_posting, require_present
from wallets.ledger import InsufficientFundsError
from wallets.models import Account, FundAllocation, Posting, Wallet

UNDO: Final = "undo:"
# How long a page offers it. A program may ask later: what counts is that the money is still there.
OFFERED: Final = timedelta(seconds=10)
OPPOSITE: Final = {
    FundAllocation.Kind.ALLOCATE: FundAllocation.Kind.COLLECT,
    FundAllocation.Kind.COLLECT: FundAllocation.Kind.ALLOCATE,
    FundAllocation.Kind.REBALANCE: FundAllocation.Kind.REBALANCE,
}


class GoneError(ConflictError):
    """The money that was moved is not there any more. Move what is left instead."""

    code = "gone"


@dataclass(frozen=True, slots=True)
class Done:
    """A movement that was just done, and whether it can be taken back."""

    allocation: FundAllocation
    can_undo: bool


def undo(*, owner_id: UUID, allocation_id: UUID) -> FundAllocation:
    """Move the money of an allocation back; a second time it returns what the first did.

    Raises NotFoundError, ConflictError for what is not taken back, GoneError when the money is no longer there.
    """
    with transaction.atomic():
        rows = FundAllocation.objects.select_for_update(of=("self",)).select_related("posting")
        done = rows.filter(owner_id=owner_id, pk=allocation_id).first()
        if done is None:
            raise NotFoundError("There is no such movement.")
        joined_again(done)
        key = f"{UNDO}{done.pk}"
        if done.status == FundAllocation.Status.UNDONE:
            return of_posting(Posting.objects.get(owner_id=owner_id, key=key))
        if not can_be_undone(done):
            raise ConflictError("Only an allocation or a collection that somebody asked for is taken back.")
        lines = [_back(line) for line in reversed(lines_of(done))]
        for line in lines:
            require_present(line.target)
        try:
            kind = OPPOSITE[FundAllocation.Kind(done.kind)]
            back, _ = carry_out(
                owner_id=owner_id, key=key, kind=kind.value, lines=lines, told=_told(done, lines), note="Undo"
            )
        except InsufficientFundsError as error:
            raise GoneError(_who_lacks(lines)) from error
        done.status = FundAllocation.Status.UNDONE
        done.save(update_fields=("status",))
    return back


def recent(*, owner_id: UUID, allocation_id: UUID) -> Done | None:
    """The movement as long as a page offers to undo it; None afterwards, and when it was taken back."""
    rows = FundAllocation.objects.filter(owner_id=owner_id, pk=allocation_id, status=FundAllocation.Status.APPLIED)
    done = rows.select_related("source", "target__connection", "posting").first()
    if done is None or clock.now() - done.created_at >= OFFERED:
        return None
    return Done(done, can_undo=can_be_undone(done))


def can_be_undone(done: FundAllocation) -> bool:
    """Whether it is an allocation that a person or a rule asked for, applied, and not taken back yet."""
    return (
        done.status == FundAllocation.Status.APPLIED
        and done.kind in OPPOSITE
        and done.posting is not None
        and done.posting.key.startswith((ASKED, RULE))
    )


def _back(line: Line) -> Line:
    if line.source is None:
        raise ConflictError("What came from outside is not sent back there.")
    return Line(line.target, line.source, line.asset, line.amount)


def _told(done: FundAllocation, lines: list[Line]) -> list[Line]:
    """What the undo is about: the opposite of what was done, where that was one thing."""
    for line in reversed(lines):
        if (line.source, line.target, line.amount) == (done.target, done.source, done.amount):
            return [line]
    return lines


def _who_lacks(lines: list[Line]) -> str:
    """A sentence without amounts, since it is shown where those may be hidden."""
    came: dict[tuple[UUID, str], Decimal] = {}
    for line in lines:
        wallet, asset = line.source, line.asset
        assert wallet is not None  # noqa: S101 - what came from outside is refused before
        coming = came.get((wallet.pk, asset), ZERO)
        account = Account.objects.filter(wallet=wallet, asset=asset, kind=Account.Kind.WALLET).first()
        free, balance = (account.available, account.balance) if account else (ZERO, ZERO)
        if free + coming < line.amount:
            return _lacks(wallet, asset, is_held=balance + coming >= line.amount)
        came[wallet.pk, asset] = coming - line.amount
        came[line.target.pk, asset] = came.get((line.target.pk, asset), ZERO) + line.amount
    return "The money was used or moved on. Move what is left instead."


def _lacks(wallet: Wallet, asset: str, *, is_held: bool) -> str:
    why = "is in open orders or margin" if is_held else "was used or moved on"
    return f"{wallet} no longer has it free: the {asset} {why}. Move what is left instead."
