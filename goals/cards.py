"""A goal as pages and programs show it: frozen rows, in the words of their reader."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from goals.measures import Found, Reading
from goals.models import Goal
from goals.plan import Plan, has_plan
from goals.targets import Condition, Metric, Target
from goals.words import STATES, bound_in_words, figure
from kit import clock
from kit.sentences import Sentence, sentence
from kit.statuses import colour


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
class Comparison:
    """A condition of a goal, and what it has come to; money in `base`."""

    condition: Condition
    found: Found
    base: str

    @property
    def label(self) -> str:
        return self.condition.metric.label

    @property
    def wanted(self) -> Sentence:
        """`at least 200`."""
        return bound_in_words(self.condition, self.base)

    @property
    def value(self) -> Sentence:
        """Nothing while it is unknown: `found.unknown` says why."""
        value = self.found.value
        if value is None:
            return Sentence()
        return sentence("{value}", value=figure(self.condition.metric, value, self.base))


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A goal with where it stands; money in `base`."""

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

    @property
    def comparisons(self) -> tuple["Comparison", ...]:
        """Each of its conditions with what it has come to."""
        found = self.reading.found or tuple(
            Found(None, holds=False, unknown=Sentence("Nothing is counted until it starts."))
            for _ in self.target.conditions
        )
        return tuple(
            Comparison(condition, one, self.goal.base)
            for condition, one in zip(self.target.conditions, found, strict=True)
        )

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
    def to_go(self) -> Sentence:
        """What is missing, in the last day."""
        return self._told(self.plan.to_go if self.plan and self.plan.needed is None and self.plan.time_left else None)

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
        """Orders those that have not ended, what needs somebody most first."""
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
        lag = float(self.plan.ahead / (self.plan.target - self.plan.begins)) if self.plan else 0.0
        return order[self.state], lag, -self.goal.created_at.timestamp()
