"""Taking a movement of money back.

An undo is a movement of its own, the same money the other way, with a key that belongs to what it takes back: so it is
done once, and the books keep both. What was split comes back from the agents first. It is refused when the money is no
longer there, free and untouched by open orders.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from kit import clock
from kit.errors import ConflictError, NotFoundError
from wallets.hierarchy.movements import ASKED, Step, carry_out, parts_of, require_present
from wallets.ledger import InsufficientFundsError
from wallets.models import Account, FundAllocation, Posting

UNDO: Final = "undo:"
# How long a page offers it. A program may ask later: what counts is that the money is still there.
OFFERED: Final = timedelta(seconds=10)
OPPOSITE: Final = {
    FundAllocation.Kind.ALLOCATE: FundAllocation.Kind.COLLECT,
    FundAllocation.Kind.COLLECT: FundAllocation.Kind.ALLOCATE,
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
    """Move the money of an allocation or a collection back; a second time it returns what the first did.

    Raises NotFoundError, ConflictError for what is not taken back, GoneError when the money is no longer there.
    """
    with transaction.atomic():
        done = _find(owner_id, allocation_id)
        if done is None:
            raise NotFoundError("There is no such movement.")
        if not _can_be_undone(done):
            raise ConflictError("Only an allocation or a collection that somebody asked for is taken back.")
        steps = [(f"{UNDO}{part.pk}", _back(part)) for part in (*reversed(parts_of(done)), done)]
        require_present(steps[-1][1].target)
        try:
            return carry_out(steps)[-1][0]
        except InsufficientFundsError as error:
            raise GoneError(_who_lacks([step for _, step in steps])) from error


def recent(*, owner_id: UUID, allocation_id: UUID) -> Done | None:
    """The movement as long as a page offers to undo it; None afterwards, and when it was taken back."""
    done = _find(owner_id, allocation_id)
    if done is None or clock.now() - done.created_at >= OFFERED:
        return None
    if Posting.objects.filter(owner_id=owner_id, key=f"{UNDO}{done.pk}").exists():
        return None
    return Done(done, can_undo=_can_be_undone(done))


def _find(owner_id: UUID, allocation_id: UUID) -> FundAllocation | None:
    rows = FundAllocation.objects.filter(owner_id=owner_id, pk=allocation_id)
    return rows.select_related("source", "target__connection", "posting").first()


def _can_be_undone(done: FundAllocation) -> bool:
    return done.kind in OPPOSITE and done.posting.key.startswith(ASKED)


def _back(done: FundAllocation) -> Step:
    if done.target is None or done.source is None:
        raise ConflictError("What came from outside is not sent back there.")
    return Step(OPPOSITE[FundAllocation.Kind(done.kind)], done.target, done.source, done.asset, done.amount, "Undo")


def _who_lacks(steps: list[Step]) -> str:
    """A sentence without amounts, since it is shown where those may be hidden."""
    *parts, whole = steps
    returned = sum((part.amount for part in parts), Decimal(0))
    for step, coming in (*((part, Decimal(0)) for part in parts), (whole, returned)):
        account = Account.objects.filter(wallet=step.source, asset=step.asset, kind=Account.Kind.WALLET).first()
        free, balance = (account.available, account.balance) if account else (Decimal(0), Decimal(0))
        if free + coming < step.amount:
            why = "is in open orders" if balance + coming >= step.amount else "was used or moved on"
            return f"{step.source} no longer has it free: the {step.asset} {why}. Move what is left instead."
    return "The money was used or moved on. Move what is left instead."
