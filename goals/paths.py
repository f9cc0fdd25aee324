"""What goals want of one wallet until a deadline, for the line of its return."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from farms.analytics.paths import Wanted
from goals.models import Goal
from goals.targets import load

# A total profit, or a time-weighted return: what a line of returns can be held against.
PROFIT: Final = "profit"
RETURN: Final = "return"


def wanted_of(owner_id: UUID, wallet_id: UUID, base: str) -> Iterator[Wanted]:
    """Of the goals that go on and work for this wallet alone, with a deadline, in that asset."""
    goals = Goal.objects.filter(
        owner_id=owner_id,
        status=Goal.Status.ACTIVE,
        ends_at__isnull=False,
        assignments__wallet=wallet_id,
        assignments__until=None,
    )
    for goal in goals.order_by("ends_at", "pk").prefetch_related("assignments"):
        main = load(goal.target).main
        alone = sum(one.until is None for one in goal.assignments.all()) == 1
        if not (alone and main.wants_more) or goal.ends_at is None:
            continue
        told: dict[str, Any] = {"goal_id": goal.pk, "name": goal.name, "since": goal.starts_at, "until": goal.ends_at}
        if main.metric.name == PROFIT and goal.base == base:
            yield Wanted(**told, profit=main.value)
        elif main.metric.name == RETURN:
            yield Wanted(**told, share=main.value)
