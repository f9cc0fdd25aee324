"""What pages and programs show of goals: frozen rows, measured at the moment of the reading."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, overload
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum, Window
from django.db.models.expressions import RawSQL
from django.db.models.functions import RowNumber

from goals import moving
from goals.cards import GoalRow, Member, Total
from goals.figures import spans_of
from goals.history import midnights_of
from goals.measures import DAYS_PER_YEAR, Figures, Reading, as_it_ended
from goals.measuring import Measured, measure
from goals.models import OPEN, Goal, GoalAction, GoalAssignment, GoalEvent, GoalMove, GoalProgress
from goals.moving import Moves
from goals.plan import Projection, project
from goals.targets import Target, load
from goals.words import pace_in_words, standing_in_words, target_in_words, value_in_words
from kit import clock, days
from kit.errors import NotFoundError
from kit.paging import MOST
from kit.sentences import Sentence
from portfolio.trees import stood_below
from trading.models import Fill, Position

ONE_DAY: Final = timedelta(days=1)
UNDER_WAY: Final = (GoalAction.Status.WAITING, GoalAction.Status.RUNNING)
ENDED: Final = (Goal.Status.ACHIEVED, Goal.Status.MISSED, Goal.Status.CANCELLED)
MOST_MARKS: Final = 20  # on a chart
MOST_POINTS: Final = 800  # of a series
MOST_ENDED: Final = 100  # beside those that have not; all of them are read in pages
RELATED: Final = ("assignments__wallet", "steps", "renewals")


def open_rows(*, owner_id: UUID, status: Collection[str] = OPEN, wallet_id: UUID | None = None) -> list[GoalRow]:
    """The owner's goals that have not ended, worst first: of these statuses, and those that the wallet works for, if
    given."""
    goals = _goals(owner_id, [one for one in status if one in OPEN], wallet_id)
    return sorted(rows_of(owner_id=owner_id, goals=list(goals)), key=lambda row: row.rank)


def ended_goals(
    *, owner_id: UUID, status: Collection[str] = ENDED, wallet_id: UUID | None = None
) -> QuerySet[Goal, Goal]:
    """Those that have ended, the newest end first. There are more of them every month: read them in pages."""
    return _goals(owner_id, [one for one in status if one in ENDED], wallet_id).order_by("-ended_at", "-pk")


def goal_rows(
    *, owner_id: UUID, status: Collection[str] = (*OPEN, *ENDED), wallet_id: UUID | None = None
) -> list[GoalRow]:
    """The goals of these statuses, worst first; of those that have ended the newest `MOST_ENDED`."""
    ended = ended_goals(owner_id=owner_id, status=status, wallet_id=wallet_id)[:MOST_ENDED]
    return [
        *open_rows(owner_id=owner_id, status=status, wallet_id=wallet_id),
        *rows_of(owner_id=owner_id, goals=list(ended)),
    ]


class Board(Sequence[GoalRow]):
    """The goals of these statuses, what needs somebody most first, then those that have ended, the newest first: of
    these only what is asked for is read."""

    def __init__(self, *, owner_id: UUID, status: Collection[str], wallet_id: UUID | None = None) -> None:
        self._owner_id = owner_id
        self._open = open_rows(owner_id=owner_id, status=status, wallet_id=wallet_id)
        self._ended = ended_goals(owner_id=owner_id, status=status, wallet_id=wallet_id)
        self._length = len(self._open) + self._ended.order_by()[:MOST].count()

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> GoalRow: ...

    @overload
    def __getitem__(self, place: slice) -> list[GoalRow]: ...

    def __getitem__(self, place: int | slice) -> GoalRow | list[GoalRow]:
        if isinstance(place, int):
            return self[place : place + 1][0]
        first, last, _ = place.indices(self._length)
        before = len(self._open)
        found = self._open[first:last]
        if last > before:
            ended = self._ended[max(first - before, 0) : last - before]
            found += rows_of(owner_id=self._owner_id, goals=list(ended))
        return found


def _goals(owner_id: UUID, status: Collection[str], wallet_id: UUID | None) -> QuerySet[Goal, Goal]:
    goals = Goal.objects.filter(owner_id=owner_id, status__in=status).prefetch_related(*RELATED)
    if wallet_id is None:
        return goals
    working = GoalAssignment.objects.filter(until=None).filter(_reaching(wallet_id))
    return goals.filter(pk__in=working.values("goal_id"))


def goal_marks(
    *, owner_id: UUID, start: datetime, until: datetime, wallet_id: UUID | None = None
) -> list[tuple[datetime, str, str]]:
    """When goals ended in a period, as (moment, name, how it ended), oldest first: one query.

    Of those that the wallet works for, if given, and at most the newest `MOST_MARKS`.
    """
    ended = _goals(owner_id, (Goal.Status.ACHIEVED, Goal.Status.MISSED), wallet_id).prefetch_related(None)
    rows = ended.filter(ended_at__gt=start, ended_at__lte=until).order_by("-ended_at", "-pk")[:MOST_MARKS]
    return [(goal.ended_at, goal.name, goal.get_status_display()) for goal in rows if goal.ended_at][::-1]


def goal_row(*, owner_id: UUID, goal_id: UUID) -> GoalRow:
    """One goal. Raises NotFoundError."""
    return rows_of(owner_id=owner_id, goals=[get_goal(owner_id=owner_id, goal_id=goal_id)])[0]


def get_goal(*, owner_id: UUID, goal_id: UUID) -> Goal:
    """The goal, or NotFoundError."""
    goal = Goal.objects.filter(owner_id=owner_id, pk=goal_id).prefetch_related(*RELATED).first()
    if goal is None:
        raise NotFoundError("There is no such goal.")
    return goal


def preview(*, owner_id: UUID, goal_id: UUID) -> Moves:
    """What it would move if it were achieved now, and what would stay and why. Writes nothing."""
    return moving.preview(get_goal(owner_id=owner_id, goal_id=goal_id))


def series(*, owner_id: UUID, goal_id: UUID, most: int = MOST_POINTS) -> Sequence[GoalProgress]:
    """How its value came to what it is, oldest first: at most so many points, the newest of each stretch of them."""
    points = GoalProgress.objects.filter(owner_id=owner_id, goal_id=goal_id)
    numbered = points.annotate(place=Window(RowNumber(), order_by=F("at").desc()), of=Window(Count("pk")))
    stretch = (F("of") - 1) / most + 1
    return list(numbered.annotate(rest=(F("place") - 1) % stretch).filter(rest=0).order_by("at"))


def projection(row: GoalRow) -> Projection | None:
    """Where the goal leads if the days to come are like those so far, at most those of the last year."""
    if row.plan is None or row.goal.ends_at is None or row.reading.value is None:
        return None
    since = max(row.goal.starts_at, clock.now() - timedelta(days=DAYS_PER_YEAR))
    midnights = midnights_of(since, clock.now(), days.zone())
    levels = [row.plan.begins if level is None else level for level in _levels(row.goal, midnights)]
    return project(
        [float(after - before) for before, after in pairwise(levels)],
        value=float(row.reading.value),
        wanted=float(row.target.main.value),
        days_left=(row.goal.ends_at - clock.now()) / ONE_DAY,
        seed=row.goal.pk.int % 2**32,
    )


def _levels(goal: Goal, moments: Sequence[datetime]) -> list[Decimal | None]:
    """The value of the goal at each of these moments; None before its first point."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT point.value
            FROM unnest(%s::timestamptz[]) AS moment (at)
            LEFT JOIN LATERAL (
                SELECT value FROM goals_goalprogress AS earlier
                WHERE goal_id = %s AND earlier.at <= moment.at ORDER BY earlier.at DESC LIMIT 1
            ) AS point ON true
            ORDER BY moment.at
            """,
            [list(moments), goal.pk],
        )
        return [value for (value,) in cursor.fetchall()]


def events(*, owner_id: UUID, goal_id: UUID) -> QuerySet[GoalEvent]:
    """What happened to it, newest first."""
    return GoalEvent.objects.filter(owner_id=owner_id, goal_id=goal_id).order_by("-created_at", "-pk")


def steps(*, owner_id: UUID, goal_id: UUID) -> QuerySet[GoalAction]:
    """What is done, and to be done, since it has ended."""
    return GoalAction.objects.filter(owner_id=owner_id, goal_id=goal_id).order_by("number")


def moves(*, owner_id: UUID, goal_id: UUID | None = None) -> QuerySet[GoalMove]:
    """What was collected and distributed, newest first: by one goal, or by all."""
    rows = GoalMove.objects.filter(owner_id=owner_id).select_related("source", "target", "goal")
    return (rows if goal_id is None else rows.filter(goal_id=goal_id)).order_by("-created_at", "-pk")


def trades(*, owner_id: UUID, goal_id: UUID) -> QuerySet[Position]:
    """The closed trades that count for the goal, last closed first: what its numbers are made of."""
    goal = get_goal(owner_id=owner_id, goal_id=goal_id)
    rows = Position.objects.filter(_counts(goal, "closed_at"), owner_id=owner_id)
    return rows.select_related("instrument", "wallet__parent").order_by("-closed_at", "-pk")


def fills(*, owner_id: UUID, goal_id: UUID) -> QuerySet[Fill]:
    """The fills that count for the goal, the newest first: what volume is made of."""
    goal = get_goal(owner_id=owner_id, goal_id=goal_id)
    rows = Fill.objects.filter(_counts(goal, "filled_at"), owner_id=owner_id)
    return rows.select_related("instrument", "wallet").order_by("-filled_at", "-pk")


def totals(*, owner_id: UUID) -> dict[str, tuple[Total, ...]]:
    """All that goals have ever collected and distributed, by purpose."""
    rows = GoalMove.objects.filter(owner_id=owner_id).order_by().values("purpose", "asset").annotate(sum=Sum("amount"))
    found: dict[str, list[Total]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["asset"])):
        found[row["purpose"]].append(Total(row["asset"], row["sum"]))
    return {purpose: tuple(found[purpose]) for purpose in GoalMove.Purpose.values}


def rows_of(*, owner_id: UUID, goals: list[Goal]) -> list[GoalRow]:
    """The goals as they stand, in their order and a fixed number of queries."""
    pks = [goal.pk for goal in goals]
    moved: dict[tuple[UUID, str], list[Total]] = defaultdict(list)
    sums = (
        GoalMove.objects.filter(goal__in=pks)
        .order_by()
        .values("goal_id", "purpose", "asset")
        .annotate(sum=Sum("amount"))
    )
    for row in sums:
        moved[row["goal_id"], row["purpose"]].append(Total(row["asset"], row["sum"]))
    return [
        GoalRow(
            goal=one.goal,
            target=(target := load(one.goal.target)),
            reading=one.reading,
            plan=one.plan,
            wanted=target_in_words(target, one.goal.base),
            value=value_in_words(target, one.reading, one.goal.base),
            standing=_stands(one, target),
            pace=pace_in_words(target, one.plan, one.goal.base),
            scope=_members(one.goal),
            collected=tuple(moved[one.goal.pk, GoalMove.Purpose.COLLECT]),
            rewarded=tuple(moved[one.goal.pk, GoalMove.Purpose.REWARD]),
            open_steps=sum(step.status in UNDER_WAY for step in one.goal.steps.all()),
        )
        for one in _standing(owner_id, goals)
    ]


def _stands(one: Measured, target: Target) -> Sentence:
    if one.goal.status == Goal.Status.DRAFT:
        return Sentence("Nothing is counted until it starts.")
    return standing_in_words(target, one.reading, one.plan, one.goal.base)


def _members(goal: Goal) -> tuple[Member, ...]:
    working = [one.wallet for one in goal.assignments.all() if one.until is None]
    return tuple(Member(one.pk, one.name, one.role) if one else Member(None, "Whole fund", "fund") for one in working)


def _standing(owner_id: UUID, goals: list[Goal]) -> list[Measured]:
    """Those that run as they are now; those that have ended as they were then."""
    running = [goal for goal in goals if goal.status == Goal.Status.ACTIVE]
    measured = {one.goal.pk: one for one in measure(owner_id=owner_id, goals=running)} if running else {}
    return [measured.get(goal.pk) or _as_it_was(goal) for goal in goals]


def _as_it_was(goal: Goal) -> Measured:
    is_reached = goal.status == Goal.Status.ACHIEVED
    values = [None if value is None else Decimal(value) for value in goal.ended_with]
    found = as_it_ended(load(goal.target), values) if goal.ended_at else ()
    return Measured(goal, Figures(), Reading(goal.value, goal.progress, is_reached, goal.unknown, found), None)


def _reaching(wallet_id: UUID) -> Q:
    """Assignments of the wallet, of one above it, or of the whole fund."""
    above = RawSQL("SELECT wallet_id FROM wallet_path(%s)", [wallet_id])
    return Q(wallet=None) | Q(wallet__in=above)


def _counts(goal: Goal, at: str) -> Q:
    """What happened, by the moment `at`, in the goal's time and while its wallet worked for it."""
    ends = [moment for moment in (goal.ends_at, goal.ended_at) if moment is not None]
    in_time = Q(**{f"{at}__gte": goal.starts_at}) & (Q(**{f"{at}__lt": min(ends)}) if ends else Q())
    found = Q(pk=None)
    for span in spans_of(goal.owner_id, [goal.pk])[goal.pk]:
        times = Q(**{f"{at}__gte": span.since}) & (Q() if span.until is None else Q(**{f"{at}__lt": span.until}))
        found |= times & (Q() if span.scope == goal.owner_id else _stood_below(goal.owner_id, span.scope, at))
    return in_time & found


def _stood_below(owner_id: UUID, root: UUID, at: str) -> Q:
    """What happened to a wallet while it stood there."""
    always: list[UUID] = []
    found = Q(pk=None)
    for wallet, since, until in stood_below(owner_id=owner_id, root=root):
        if since is None and until is None:
            always.append(wallet)
            continue
        after = Q() if since is None else Q(**{f"{at}__gt": since})
        found |= Q(wallet=wallet) & after & (Q() if until is None else Q(**{f"{at}__lte": until}))
    return found | Q(wallet__in=always)
