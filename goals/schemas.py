"""What programs send and get of goals."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, Field

from goals.described import ACTIONS, ON_MISS, RULE, TARGET, Action, MissedAction
from kit.api import LEFT_OUT, Amount, Body, Words

Kind = Literal["trade_volume", "profit_target", "strategy_performance", "equity", "custom"]
GoalStatus = Literal["draft", "active", "achieved", "missed", "cancelled"]


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


# A moment without a zone is UTC.
Moment = Annotated[datetime, AfterValidator(_aware), Field(examples=["2026-12-31T00:00:00Z"])]


class TotalOut(Schema):
    """An amount of an asset."""

    asset: str
    amount: Amount


class GoalPlanOut(Schema):
    """The straight plan at this moment, in the unit of what is measured.

    `pace` and `needed` are per day: the one null in the first hour, the other in the last day. `to_go` is what is still
    missing.
    """

    planned: Amount
    ahead: Amount = Field(description="What is measured less what was planned by now.")
    pace: Amount | None
    needed: Amount | None
    to_go: Amount


class GoalComparisonOut(Schema):
    """A condition of a goal: what is compared with which `threshold`, its `value`, and whether it holds; `unknown` says
    why there is no value."""

    metric: str
    operator: str
    threshold: Amount = Field(description="What the value is compared with, in the unit of what is measured.")
    value: Amount | None
    holds: bool
    unknown: Words


class AssignmentOut(Schema):
    """Who works, or has worked, for a goal: a wallet by its id, null for the whole fund; since when and until when."""

    wallet_id: UUID | None
    since: datetime
    until: datetime | None


class GoalStepOut(Schema):
    """An action that was begun when the goal ended."""

    number: int
    do: str
    status: str
    result: Words
    tries: int
    done_at: datetime | None


class GoalOut(Schema):
    """A goal and where it stands. Money in `base`, shares as fractions; `progress` from 0 to 1.

    `value` is of the first thing that is measured, null while it is unknown: `unknown` says why; `comparisons` tell of
    each. `scope` are ids of
    wallets, or "fund". `state` is a word for how it does: behind, ahead, on plan, running, unknown, paused,
    scheduled, or its status.
    """

    id: UUID
    name: str
    kind: str
    status: str
    state: str
    is_paused: bool
    base: str
    target: dict[str, Any] = Field(description=TARGET)
    target_words: Words
    comparisons: list[GoalComparisonOut]
    starts_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    scope: list[UUID] | str
    assignments: list[AssignmentOut]
    actions: list[Action] = Field(description=ACTIONS)
    on_miss: list[MissedAction] = Field(description=ON_MISS)
    accepts_changes: dict[str, Any] | None = Field(description=RULE)
    value: Amount | None
    progress: float
    is_reached: bool
    unknown: Words
    standing: Words
    pace: Words
    plan: GoalPlanOut | None
    collected: list[TotalOut]
    rewarded: list[TotalOut]
    steps: list[GoalStepOut]
    renews_id: UUID | None
    renewed_by_id: UUID | None


class GoalIn(Body):
    """`target`: a number, or `{measure, value, minimum_trades, minimum_days}`; of a custom goal `{match, conditions:
    [{metric, operator, value}]}`. `scope`: ids of wallets, or "fund". `actions` happen in their order once it is
    achieved: `{do: close | collect | distribute | pause | continue | renew, …}`; `on_miss` when its time is over:
    `{do: reduce | halt | return | extend | adjust, …}`."""

    name: str = Field(examples=["200 trades this month"])
    kind: Kind
    target: Any = Field(description=TARGET, examples=[{"measure": "count", "value": "200"}])
    starts_at: Moment | None = Field(None, description="Now, if it is left out; what happened since then counts.")
    ends_at: Moment | None = Field(None, description="The deadline; without one it is never missed.")
    scope: Any = Field(examples=["fund"])
    actions: list[Action] = Field(
        default_factory=list, description=ACTIONS, examples=[[{"do": "collect", "amount": "profit", "to": "master"}]]
    )
    on_miss: list[MissedAction] = Field(default_factory=list, description=ON_MISS)
    accepts_changes: dict[str, Any] | None = Field(None, description=RULE)
    draft: bool = Field(False, description="Keep it as a draft: it begins with `/start`.")


class GoalChange(Body):
    """Fields that are left out stay as they are."""

    name: str = LEFT_OUT
    target: Any = Field(LEFT_OUT, description=TARGET)
    starts_at: Moment = LEFT_OUT
    ends_at: Moment | None = LEFT_OUT
    scope: Any = LEFT_OUT
    actions: list[Action] = Field(LEFT_OUT, description=ACTIONS)
    on_miss: list[MissedAction] = Field(LEFT_OUT, description=ON_MISS)
    accepts_changes: dict[str, Any] | None = Field(LEFT_OUT, description=RULE)


class GoalsQuery(Schema):
    """Which goals: of one status, and those that a wallet works for."""

    status: GoalStatus | None = None
    wallet_id: UUID | None = None


class MoveOut(Schema):
    """Money from one wallet to another, by their ids."""

    source: UUID
    source_name: str
    target: UUID
    target_name: str
    asset: str
    amount: Amount


class GoalPreviewOut(Schema):
    """What would move if the goal were achieved now, in this order; `stays` says what would not, and why."""

    moves: list[MoveOut]
    stays: list[Words]
    totals: list[TotalOut]


class DoneMoveOut(MoveOut):
    """What a goal has moved: collected, or distributed as a reward."""

    id: int
    goal_id: UUID
    purpose: str
    posting_id: int
    created_at: datetime


class GoalEventOut(Schema):
    """Something that happened to a goal."""

    id: int
    kind: str
    detail: Words
    created_at: datetime


class GoalPointOut(Schema):
    """A point of the series: the value of what is measured, and the part of the way."""

    at: datetime
    value: Amount
    progress: float


class GoalTradeOut(Schema):
    """A closed trade that counts; `profit` net of all fees, in `quote`."""

    id: UUID
    wallet_id: UUID
    symbol: str
    quote: str
    closed_at: datetime
    profit: Amount


class GoalFillOut(Schema):
    """An execution that counts; `volume` is price times quantity, in `quote`."""

    id: int
    order_id: UUID
    wallet_id: UUID
    symbol: str
    quote: str
    side: str
    filled_at: datetime
    price: Amount
    quantity: Amount
    volume: Amount


class ProjectionOut(Schema):
    """Where it leads if the days to come are like those so far: the middle, the range of eight in ten, and the part of
    the futures that reach the target."""

    middle: Amount
    low: Amount
    high: Amount
    chance: float


class SeriesOut(Schema):
    """How the goal came to where it is: at most 800 points, the newest of each stretch of them."""

    points: list[GoalPointOut]
    projection: ProjectionOut | None
