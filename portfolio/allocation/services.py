"""Capital by method: worked out and kept as a plan, applied as one posting, taken back.

The plan is an allocation like every other; what is kept beside it is why. It is worked out of values, prices and
returns of one moment, so it is applied only as long as no money has moved between the wallets that it weighs: what
they trade in the meantime is their business, what somebody moves is not.
"""

from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kit import clock
from kit.errors import ConflictError, NotFoundError
from portfolio.allocation import selectors
from portfolio.allocation.asking import Asked
from portfolio.allocation.methods import label_of
from portfolio.allocation.working import Worked, work_out
from portfolio.models import AllocationPlan
from wallets.hierarchy import plans, undoing
from wallets.hierarchy.allocations import ZERO
from wallets.hierarchy.wishes import read_books
from wallets.ledger import InsufficientFundsError
from wallets.models import FundAllocation, Transfer
from wallets.models.kinds import PURPOSES, Purpose

# What somebody does to the money of a wallet, and not the wallet's own trading.
MOVES: Final = [kind for kind, what in PURPOSES.items() if what in {Purpose.FLOW, Purpose.FUNDING, Purpose.CORRECTION}]

NOT_FREE: Final = "Some of the money is not free any more: preview the plan anew."


class MoneyMovedError(ConflictError):
    """Money has moved since the plan was worked out, or is not free any more. Preview it anew."""

    code = "money_moved"


def preview(*, owner_id: UUID, wallet_id: UUID, asked: Asked) -> selectors.MethodPlan:
    """Work out the weights of the wallet's children and keep the movements that bring them about; nothing moves yet.

    Raises what `work_out` raises, and InvalidInputError where there is nothing to move.
    """
    worked = work_out(owner_id=owner_id, wallet_id=wallet_id, asked=asked)
    return keep(worked, note=f"By method: {label_of(asked.method).lower()}")


def keep(worked: Worked, *, note: str) -> selectors.MethodPlan:
    """What was worked out, as a plan. Raises InvalidInputError where there is nothing to move."""
    wallet, asked, found = worked.wallet, worked.asked, worked.found.found
    with transaction.atomic():
        plan = plans.preview(owner_id=wallet.owner_id, draft=worked.draft, books=worked.books, note=note)
        row = AllocationPlan.objects.create(
            owner_id=wallet.owner_id,
            allocation=plan.allocation,
            wallet=wallet,
            created_at=clock.now(),
            base=wallet.base_asset,
            method=asked.method,
            used=found.method,
            asked=asked.as_json,
            days=worked.found.shared_days,
            capital=worked.sums.capital,
            cash=found.cash,
            expected_return=found.expected_return,
            volatility=found.volatility,
            notes=worked.notes,
            targets=worked.targets,
            last_transfer=worked.last,
        )
    return selectors.read(row, plan)


def apply(*, owner_id: UUID, wallet_id: UUID, plan_id: UUID, key: str) -> FundAllocation:
    """Move what the plan says, as one posting; asked again with the same key it is done once.

    Raises NotFoundError; MoneyMovedError where money has moved since, is not free any more, or would leave less than a
    minimum balance; ConflictError for a plan that was applied before.
    """
    if not selectors.rows_of(owner_id=owner_id, wallet_id=wallet_id).filter(allocation=plan_id).exists():
        raise NotFoundError("There is no such plan.")
    try:
        return plans.apply(owner_id=owner_id, allocation_id=plan_id, key=key)
    except InsufficientFundsError as error:
        raise MoneyMovedError(NOT_FREE) from error


def apply_by_rule(*, owner_id: UUID, plan_id: UUID, key: str) -> FundAllocation:
    """The same for a rule, whose keys no request can have."""
    try:
        return plans.apply_by_rule(owner_id=owner_id, allocation_id=plan_id, key=key)
    except InsufficientFundsError as error:
        raise MoneyMovedError(NOT_FREE) from error


def discard(*, owner_id: UUID, plan_id: UUID) -> bool:
    """Forget a plan that another takes the place of; whether nobody has applied it."""
    return plans.discard(owner_id=owner_id, allocation_id=plan_id)


def undo(*, owner_id: UUID, plan_id: UUID) -> FundAllocation:
    """Take an applied plan back, every line of it. Raises NotFoundError, ConflictError, `undoing.GoneError`."""
    if not selectors.rows_of(owner_id=owner_id).filter(allocation=plan_id).exists():
        raise NotFoundError("There is no such plan.")
    return undoing.undo(owner_id=owner_id, allocation_id=plan_id)


def require_same(plan: plans.Plan) -> None:
    """Raises MoneyMovedError where a plan by method does not fit any more; other plans are none of its business."""
    row = AllocationPlan.objects.filter(allocation=plan.allocation).first()
    if row is None:
        return
    books = read_books(row.owner_id)
    weighed = [row.wallet_id, *(one.pk for one in books.below(books.wallet(row.wallet_id)))]
    since = Transfer.objects.filter(
        Q(debit__wallet__in=weighed) | Q(credit__wallet__in=weighed),
        owner_id=row.owner_id,
        pk__gt=row.last_transfer,
        posting__kind__in=MOVES,
    )
    if since.exists():
        raise MoneyMovedError("Money has moved since this plan was worked out: preview it anew.")
    for side in plan.sides:
        kept = side.wallet.minimum_balance if side.asset == side.wallet.base_asset else ZERO
        if side.balance_after < side.balance_before and side.free_after < kept:
            raise MoneyMovedError(f"{side.wallet.name} has less free than this plan moves: preview it anew.")
