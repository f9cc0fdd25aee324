"""Plans by method as pages and programs read them: what was asked, what each child gets and why, what would move."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kit.errors import NotFoundError
from kit.sentences import Sentence, public, sentence
from portfolio.allocation.methods import label_of
from portfolio.models import AllocationPlan
from wallets.hierarchy import plans, undoing
from wallets.hierarchy.allocations import Line
from wallets.models import FundAllocation


@dataclass(frozen=True, slots=True)
class Target:
    """A child: what it was worth, and what it would come to. Weights are fractions of the plan's capital.

    `change` is what its weight asks for, `moved` what the plan can move of it. `weight` is None for who is left as it
    is; `share_of_risk` is its part of the variance, None where risk is not known.
    """

    wallet_id: UUID
    name: str
    value: Decimal
    weight_now: Decimal
    weight: Decimal | None
    amount: Decimal
    change: Decimal
    moved: Decimal
    share_of_risk: float | None
    reason: str

    @property
    def is_short(self) -> bool:
        """Whether some of what it should come to or give cannot move."""
        return self.moved != self.change

    @property
    def why(self) -> Sentence:
        """The reason as its reader writes numbers."""
        return sentence("{said}", said=public(self.reason))

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "Target":
        amounts: dict[str, Any] = {
            name: Decimal(row[name]) for name in ("value", "weight_now", "amount", "change", "moved")
        }
        weight = None if row["weight"] is None else Decimal(row["weight"])
        named: dict[str, Any] = {name: row[name] for name in ("name", "share_of_risk", "reason")}
        return cls(wallet_id=UUID(row["wallet_id"]), weight=weight, **amounts, **named)


@dataclass(frozen=True, slots=True)
class MethodPlan:
    """A plan and why: `plan` has its lines and what they would do now."""

    row: AllocationPlan
    targets: tuple[Target, ...]
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]
    cost: Decimal
    can_undo: bool

    @property
    def id(self) -> UUID:
        return self.row.allocation_id

    @property
    def status(self) -> str:
        return self.row.allocation.status

    @property
    def stays(self) -> Sentence:
        return Sentence.of(self.row.allocation.stays)

    @property
    def is_open(self) -> bool:
        return self.status == FundAllocation.Status.PREVIEWED

    @property
    def is_partial(self) -> bool:
        """Whether it can move only a part of what the weights ask for."""
        return any(one.is_short for one in self.targets)

    @property
    def is_other(self) -> bool:
        """Whether another method was used than the one asked for."""
        return self.row.method != self.row.used

    @property
    def method_label(self) -> str:
        return label_of(self.row.method)

    @property
    def used_label(self) -> str:
        return label_of(self.row.used)

    @property
    def notes(self) -> list[Sentence]:
        return [sentence("{said}", said=public(one)) for one in self.row.notes]

    @property
    def created_at(self) -> datetime:
        return self.row.created_at


def rows_of(*, owner_id: UUID, wallet_id: UUID | None = None) -> QuerySet[AllocationPlan]:
    """The owner's plans by method, of one wallet or of all, newest first."""
    rows = AllocationPlan.objects.filter(owner_id=owner_id).select_related("allocation__posting", "wallet")
    rows = rows.order_by("-created_at", "-pk")
    return rows if wallet_id is None else rows.filter(wallet=wallet_id)


def targets_of(row: AllocationPlan) -> tuple[Target, ...]:
    """A line for each child, those who are left as they are last."""
    return tuple(Target.read(one) for one in row.targets)


def find(*, owner_id: UUID, plan_id: UUID) -> MethodPlan:
    """A plan by method, applied or not; `plan_id` is its allocation's. Raises NotFoundError."""
    row = rows_of(owner_id=owner_id).filter(allocation=plan_id).first()
    if row is None:
        raise NotFoundError("There is no such plan.")
    return read(row, plans.find(owner_id=owner_id, allocation_id=plan_id))


def read(row: AllocationPlan, plan: plans.Plan) -> MethodPlan:
    return MethodPlan(
        row=row,
        targets=targets_of(row),
        lines=plan.lines,
        warnings=plan.warnings,
        cost=plan.cost,
        can_undo=undoing.can_be_undone(plan.allocation),
    )
