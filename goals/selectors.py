"""What pages and programs show of goals: frozen rows, measured at the moment of the reading."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from goals import moving
from goals.figures import spans_of
from goals.history import midnights_of
from goals.measures import Figures, Reading
from goals.measuring import Measured, measure
from goals.models import Goal, GoalAction, GoalAssignment, GoalEvent, GoalMove, GoalProgress
from goals.moving import Moves
from goals.plan import Plan, Projection, has_plan, project
from goals.targets import Metric, Target, load
from goals.words import STATES, figure, pace_in_words, standing_in_words, target_in_words, value_in_words
from kit import clock, days
from kit.errors import NotFoundError
from kit.sentences import Sentence, sentence
from kit.statuses import colour
from trading.models import Position
from wallets.hierarchy.places import subtree

ONE_DAY: Final = timedelta(days=1)
OPEN: Final = (GoalAction.Status.WAITING, GoalAction.Status.RUNNING)
RELATED: Final = ("assignments__wallet", "steps", "renewals")


@dataclass(frozen=True, slots=True)
class Member:
    """Who works for a goal; without an id the whole fund."""

    id: UUID | None
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Total:
    """An amount of an asset."""

    asset: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A goal with where it stands; money in `base`. `rank` orders the board, what needs somebody most first."""

    goal: Goal
    target: Target
    reading: Reading
    plan: Plan | None
    wanted: Sentence
    value: Sentence
    standing: Sentence
    pace: Sentence
    scope: tuple[Member, ...]
    collected: tuple[Total, ...]
    rewarded: tuple[Total, ...]
    open_steps: int

    @property
    def id(self) -> UUID:
        return self.goal.pk

    @property
    def is_paused(self) -> bool:
        return self.goal.paused_at is not None

    @property
    def planned_progress(self) -> float | None:
        """Where the straight plan is now, from 0 to 1: the tick on a bar of progress."""
        return self.plan.time_gone if self.plan else None

    @property
    def has_plan(self) -> bool:
        """Whether a straight plan means something for it, whatever is known now."""
        return has_plan(self.target, self.goal.ends_at)

    def _told(self, value: Decimal | None) -> Sentence:
        return Sentence() if value is None else sentence("{value}", value=figure(self.metric, value, self.goal.base))

    @property
    def metric(self) -> Metric:
        return self.target.main.metric

    @property
    def is_money(self) -> bool:
        return self.metric.unit == "money"

    @property
    def reached(self) -> Sentence:
        """The value alone."""
        return self._told(self.reading.value)

    @property
    def asked(self) -> Sentence:
        """The target alone."""
        return self._told(self.target.main.value)

    @property
    def planned(self) -> Sentence:
        """Where it should be now."""
        return self._told(self.plan.planned if self.plan else None)

    @property
    def a_day(self) -> Sentence:
        """What a day has brought."""
        return self._told(self.plan.pace if self.plan else None)

    @property
    def needed(self) -> Sentence:
        """What a day has to bring."""
        return self._told(self.plan.needed if self.plan else None)

    @property
    def why_no_plan(self) -> str:
        """Where there is none: what ended has none any more, and what does not grow never had one."""
        return "It has ended." if self.goal.ended_at else "Only what grows towards a deadline has a straight plan."

    @property
    def why_no_pace(self) -> str:
        if self.plan is None:
            return self.why_no_plan
        over = self.goal.ends_at is not None and self.goal.ends_at <= clock.now()
        return "Its time is over: it is settled within a minute." if over else "Not known in the first hour."

    @property
    def state(self) -> str:
        """One word for its chip."""
        if self.goal.status != Goal.Status.ACTIVE:
            return str(self.goal.status)
        if self.is_paused:
            return "paused"
        if self.goal.starts_at > clock.now():
            return "scheduled"
        if self.plan is None:
            return "unknown" if self.reading.value is None else "running"
        return "behind" if self.plan.is_behind else "ahead" if self.plan.is_ahead else "on plan"

    @property
    def state_label(self) -> str:
        return STATES[self.state]

    @property
    def colour(self) -> str:
        """Of its chip."""
        return colour("goal", self.state)

    @property
    def is_open(self) -> bool:
        return self.goal.is_open

    @property
    def rank(self) -> tuple[int, float, float]:
        order = {
            "behind": 0,
            "unknown": 1,
            "running": 2,
            "on plan": 2,
            "ahead": 3,
            "paused": 4,
            "scheduled": 5,
            "draft": 6,
        }
        ended = self.goal.ended_at or self.goal.created_at
        lag = float(self.plan.ahead / (self.plan.target - self.plan.begins)) if self.plan else 0.0
        return order.get(self.state, 7), lag, -ended.timestamp()


def goal_rows(*, owner_id: UUID, status: Collection[str] | None = None, wallet_id: UUID | None = None) -> list[GoalRow]:
    """The owner's goals, worst first: of these statuses, and those that the wallet works for, if given."""
    goals = Goal.objects.filter(owner_id=owner_id).prefetch_related(*RELATED)
    if status is not None:
        goals = goals.filter(status__in=status)
    if wallet_id is not None:
        working = GoalAssignment.objects.filter(until=None).filter(_reaching(wallet_id))
        goals = goals.filter(pk__in=working.values("goal_id"))
    return sorted(_rows(owner_id, list(goals)), key=lambda row: row.rank)


def goal_row(*, owner_id: UUID, goal_id: UUID) -> GoalRow:
    """One goal. Raises NotFoundError."""
    return _rows(owner_id, [get_goal(owner_id=owner_id, goal_id=goal_id)])[0]


def get_goal(*, owner_id: UUID, goal_id: UUID) -> Goal:
    """The goal, or NotFoundError."""
    goal = Goal.objects.filter(owner_id=owner_id, pk=goal_id).prefetch_related(*RELATED).first()
    if goal is None:
        raise NotFoundError("There is no such goal.")
    return goal


def preview(*, owner_id: UUID, goal_id: UUID) -> Moves:
    """What it would move if it were achieved now, and what would stay and why. Writes nothing."""
    return moving.preview(get_goal(owner_id=owner_id, goal_id=goal_id))


def series(*, owner_id: UUID, goal_id: UUID) -> Sequence[GoalProgress]:
    """How its value came to what it is, oldest first."""
    return list(GoalProgress.objects.filter(owner_id=owner_id, goal_id=goal_id).order_by("at"))


def projection(row: GoalRow, points: Sequence[GoalProgress]) -> Projection | None:
    """Where the goal leads if the days to come are like those so far."""
    if row.plan is None or row.goal.ends_at is None or row.reading.value is None:
        return None
    midnights = midnights_of(row.goal.starts_at, clock.now(), days.zone())
    moments = [point.at for point in points]
    levels = [points[place - 1].value if (place := bisect_right(moments, at)) else row.plan.begins for at in midnights]
    return project(
        [float(after - before) for before, after in pairwise(levels)],
        value=float(row.reading.value),
        wanted=float(row.target.main.value),
        days_left=(row.goal.ends_at - clock.now()) / ONE_DAY,
        seed=row.goal.pk.int % 2**32,
    )


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
    rows = Position.objects.filter(owner_id=owner_id, closed_at__gte=goal.starts_at)
    ends = [moment for moment in (goal.ends_at, goal.ended_at) if moment is not None]
    if ends:
        rows = rows.filter(closed_at__lt=min(ends))
    return (
        rows.filter(_worked(owner_id, goal))
        .select_related("instrument", "wallet__parent")
        .order_by("-closed_at", "-pk")
    )


def totals(*, owner_id: UUID) -> dict[str, tuple[Total, ...]]:
    """All that goals have ever collected and distributed, by purpose."""
    rows = GoalMove.objects.filter(owner_id=owner_id).order_by().values("purpose", "asset").annotate(sum=Sum("amount"))
    found: dict[str, list[Total]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["asset"])):
        found[row["purpose"]].append(Total(row["asset"], row["sum"]))
    return {purpose: tuple(found[purpose]) for purpose in GoalMove.Purpose.values}


def _rows(owner_id: UUID, goals: list[Goal]) -> list[GoalRow]:
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
            open_steps=sum(step.status in OPEN for step in one.goal.steps.all()),
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
    return Measured(goal, Figures(), Reading(goal.value, goal.progress, is_reached, goal.unknown), None)


def _reaching(wallet_id: UUID) -> Q:
    """Assignments of the wallet, of one above it, or of the whole fund."""
    above = RawSQL("SELECT wallet_id FROM wallet_path(%s)", [wallet_id])
    return Q(wallet=None) | Q(wallet__in=above)


def _worked(owner_id: UUID, goal: Goal) -> Q:
    """Trades that closed while their wallet worked for the goal."""
    found = Q(pk=None)
    for span in spans_of(owner_id, [goal.pk])[goal.pk]:
        times = Q(closed_at__gte=span.since) & (Q() if span.until is None else Q(closed_at__lt=span.until))
        here = Q() if span.scope == owner_id else Q(wallet__in=subtree([span.scope]))
        found |= times & here
    return found
