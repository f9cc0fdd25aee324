"""The chart of a goal: how its value came to what it is, against the straight plan, and where it leads."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from goals.cards import GoalRow
from goals.models import GoalProgress
from goals.plan import Projection
from kit import clock, figures
from kit.figures import Figure


def course(
    row: GoalRow, points: Sequence[GoalProgress], projection: Projection | None, *, to_the_end: bool = True
) -> Figure:
    """The series with the plan and the projection; up to now alone where it is not to go to the deadline."""
    goal = row.goal
    last = goal.ended_at or clock.now()
    at = [goal.starts_at, *(point.at for point in points)]
    begins = goal.began_with or Decimal(0)
    values = [begins, *(point.value for point in points)]
    if row.reading.value is not None and last > at[-1]:
        at, values = [*at, last], [*values, row.reading.value]
    wanted = row.target.main.value
    return figures.course(
        at,
        values,
        unit=row.target.main.metric.unit,
        currency=goal.base,
        name=row.target.main.metric.label,
        target=wanted,
        plan=_plan(row, begins),
        range_ahead=_ahead(row, projection, last),
        until=_end(row, last) if to_the_end else last,
        revision=f"{goal.pk} {to_the_end}",
    )


def _end(row: GoalRow, last: datetime) -> datetime:
    """The deadline of a goal that goes on; one that has ended leads nowhere any more."""
    return last if row.goal.ended_at else max(row.goal.ends_at or last, last)


def _plan(row: GoalRow, begins: Decimal) -> list[tuple[datetime, Decimal]]:
    if row.goal.ends_at is None or not row.has_plan:
        return []
    return [(row.goal.starts_at, begins), (row.goal.ends_at, row.target.main.value)]


def _ahead(row: GoalRow, found: Projection | None, last: datetime) -> list[tuple[datetime, float, float, float]]:
    """(moment, low, middle, high) of where it leads: from where it is now to the deadline."""
    if found is None or row.goal.ends_at is None or row.reading.value is None:
        return []
    now = float(row.reading.value)
    return [(last, now, now, now), (row.goal.ends_at, found.low, found.middle, found.high)]
