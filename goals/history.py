"""The series of a goal before it began to be measured: what it would have said at each midnight since its start.

Money in other assets than the goal's is told at the prices of now, as in everything that is counted.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from goals import counting
from goals.figures import DaysOf, Rates, Worth, figures_of, spans_of
from goals.measures import Figures, reading
from goals.models import Goal, GoalCursor, GoalProgress, GoalTotal
from goals.targets import load
from kit import clock, days
from kit.users.models import User

SUMS: Final = ("fills", "volume", "trades", "won_trades", "lost_trades", "won", "lost")


def fill(cursor: GoalCursor, goal: Goal) -> None:
    """Write its series anew, a point for each midnight since its start. `cursor` is locked; it counts up to there.

    A goal of what things are worth begins with what they were worth when it started.
    """
    GoalProgress.objects.filter(goal=goal).delete()
    where = ZoneInfo(User.objects.values_list("timezone", flat=True).get(pk=goal.owner_id))
    midnights = midnights_of(goal.starts_at, clock.now(), where)
    if not midnights:
        return
    target = load(goal.target)
    opening = days.begins(days.day_of(goal.starts_at, where), where)
    spans = spans_of(goal.owner_id, [goal.pk])[goal.pk]
    rates = Rates(goal.owner_id)
    worth = Worth(goal, spans, [opening, *midnights], rates) if target.needs("value") else None
    past = _past(cursor, goal, midnights, rates, DaysOf(goal, spans, where) if target.needs("days") else None, worth)
    if worth is not None and target.main.metric.source == "value":
        first = (worth(opening, of=goal.starts_at), *(one.equity for one in past))
        goal.began_with = next((one for one in first if one is not None), goal.began_with)
    points = []
    for at, figures in zip(midnights, past, strict=True):
        read = reading(target, figures, began_with=goal.began_with)
        if read.value is not None:
            points.append(
                GoalProgress(owner_id=goal.owner_id, goal=goal, at=at, value=read.value, progress=read.progress)
            )
    GoalProgress.objects.bulk_create(points)


def midnights_of(since: datetime, until: datetime, where: ZoneInfo) -> list[datetime]:
    """The midnights from then until then, both included."""
    found = []
    day = days.day_of(since, where)
    while (at := days.begins(day, where)) <= until:
        if at >= since:
            found.append(at)
        day += timedelta(days=1)
    return found


def thin_out(*, owner_id: UUID, older_than: datetime) -> int:
    """Keep of each goal's points before that moment the last one of each of the owner's days; returns how many went."""
    points = GoalProgress.objects.filter(owner_id=owner_id, at__lt=older_than).order_by("at")
    where = ZoneInfo(User.objects.values_list("timezone", flat=True).get(pk=owner_id))
    kept: dict[tuple[UUID, object], int] = {}
    gone = []
    for pk, goal_id, at in points.values_list("pk", "goal_id", "at").iterator():
        place = (goal_id, days.day_of(at, where))
        if place in kept:
            gone.append(kept[place])
        kept[place] = pk
    for begin in range(0, len(gone), 10_000):
        GoalProgress.objects.filter(pk__in=gone[begin : begin + 10_000]).delete()
    return len(gone)


def _past(
    cursor: GoalCursor,
    goal: Goal,
    midnights: Sequence[datetime],
    rates: Rates,
    by_days: DaysOf | None,
    worth: Worth | None,
) -> list[Figures]:
    """The figures as they were at each midnight."""
    found = []
    for at, totals in zip(midnights, _counted(cursor, goal, midnights), strict=True):
        figures = figures_of(totals, goal.base, rates)
        returns, why = by_days.until(at) if by_days else (figures.returns, figures.why_no_days)
        found.append(figures.at_another_moment(returns, why, worth(at) if worth else None))
    return found


def _counted(cursor: GoalCursor, goal: Goal, midnights: Sequence[datetime]) -> list[Collection[GoalTotal]]:
    """What had counted by each midnight."""
    by_day: dict[int, list[tuple[str, Sequence[Decimal]]]] = defaultdict(list)
    for quote, day, *sums in counting.count_by_day(cursor, goal, midnights):
        by_day[day].append((quote, sums))
    so_far: dict[str, tuple[Decimal, ...]] = {}
    found: list[Collection[GoalTotal]] = []
    for day in range(len(midnights)):
        for quote, added in by_day[day]:
            before = so_far.get(quote, (Decimal(0),) * len(SUMS))
            so_far[quote] = tuple(old + new for old, new in zip(before, added, strict=True))
        found.append([_total(quote, sums) for quote, sums in so_far.items()])
    return found


def _total(quote: str, sums: Sequence[Decimal]) -> GoalTotal:
    values = dict(zip(SUMS, sums, strict=True))
    return GoalTotal(
        quote=quote,
        fills=int(values["fills"]),
        volume=values["volume"],
        trades=int(values["trades"]),
        won_trades=int(values["won_trades"]),
        lost_trades=int(values["lost_trades"]),
        won=values["won"],
        lost=values["lost"],
    )
