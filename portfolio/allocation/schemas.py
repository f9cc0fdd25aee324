"""What programs send and get about plans by method."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, model_validator

from kit.api import Amount, Body, PositiveAmount, Share, Words
from kit.errors import InvalidInputError
from portfolio.allocation.asking import (
    AMOUNTS,
    FEWEST_BACK,
    FILTERS,
    MOST_BACK,
    OF_ONE,
    USUAL_BACK,
    Asked,
    Bound,
    Limits,
)

MethodName = Literal[
    "equal", "inverse_volatility", "risk_parity", "minimum_variance", "mean_variance", "maximum_sharpe",
    "hierarchical_risk_parity", "maximum_diversification", "momentum", "performance_based", "risk_adjusted",
    "fractional_kelly",
]  # fmt: skip
MOST_TARGETS = 500
Turnover = Annotated[Amount, Field(ge=0, le=2, max_digits=9, decimal_places=8)]
RiskLimit = Annotated[Amount, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
Slug = Annotated[str, Field(min_length=1, max_length=40)]
Status = Literal["active", "running", "paused", "rehearsing", "reducing", "halted"]
Ratio = Annotated[Amount, Field(ge=-100, le=100, max_digits=9, decimal_places=6)]


class MethodOptionsIn(Body):
    """What single methods want to know; the others do not read it."""

    covariance: Literal["ledoit_wolf", "oas", "ewma", "sample"] = Field(
        "ledoit_wolf", description="How the risk of all together is estimated."
    )
    risk_tolerance: float = Field(0.5, ge=0, le=100, description="For `mean_variance`: 0 looks at risk alone.")
    half_life: float = Field(
        30, ge=1, le=MOST_BACK, description="Days after which a return counts half: `momentum`, covariance `ewma`."
    )
    kelly_fraction: float = Field(0.25, gt=0, le=1, description="For `fractional_kelly`: the part of the full stake.")


class MethodBoundIn(Body):
    """What one child must keep; what is left out is as for all."""

    wallet_id: UUID
    minimum: Share | None = None
    maximum: Share | None = None
    capacity: PositiveAmount | None = Field(None, description="The most it can take, in the wallet's base asset.")
    maximum_risk_score: RiskLimit | None = Field(None, description="Instead of that of all.")


class MethodConstraintsIn(Body):
    """Fractions of the plan's capital: what the children are worth and what is free in the wallet itself."""

    minimum: Share = Decimal(0)
    maximum: Share = Decimal(1)
    cash_reserve: Share = Field(Decimal(0), description="The fraction that stays in the wallet itself; below 1.")
    turnover: Turnover | None = Field(None, description="The most that all changes of weights may sum to.")
    minimum_history: int = Field(0, ge=0, le=MOST_BACK, description="Whole days; who has fewer is left as it is.")
    minimum_sharpe: Ratio | None = Field(None, description="Per year; who has less gets nothing.")
    maximum_risk_score: RiskLimit | None = Field(
        None, description="From 0 to 100; who is above it gets nothing, and who has no score is left as it is."
    )
    kinds: list[Slug] = Field(
        default_factory=list, max_length=40, description="Only these: kinds of farms, strategies of agents. Empty: all."
    )
    statuses: list[Status] = Field(
        default_factory=list, max_length=6, description="Only what is one of these now. Empty: all."
    )
    targets: list[MethodBoundIn] = Field(default_factory=list, max_length=MOST_TARGETS)

    @model_validator(mode="after")
    def invest_something(self) -> "MethodConstraintsIn":
        if self.cash_reserve >= 1:
            raise ValueError("A cash reserve of all leaves nothing to give: choose one below 1.")
        return self


class MethodPreviewIn(Body):
    """A wish for weights of the wallet's children, found by `method` from the last `days`."""

    method: MethodName
    options: MethodOptionsIn = MethodOptionsIn.model_validate({})
    days: int = Field(USUAL_BACK, ge=FEWEST_BACK, le=MOST_BACK, description="How many days back returns are looked at.")
    constraints: MethodConstraintsIn = MethodConstraintsIn.model_validate({})

    @property
    def asked(self) -> Asked:
        """The wish. Raises InvalidInputError for a wallet that is bound twice."""
        given = self.constraints
        places: dict[UUID, int] = {}
        for place, one in enumerate(given.targets):
            if places.setdefault(one.wallet_id, place) != place:
                told = f"Bind each wallet once: {place} and {places[one.wallet_id]} are of the same one."
                raise InvalidInputError(told, fields={f"constraints.targets.{place}.wallet_id": told})
        named: dict[str, Any] = {name: tuple(getattr(given, name)) for name in FILTERS}
        named |= {name: getattr(given, name) for name in AMOUNTS}
        limits = Limits(
            minimum_history=given.minimum_history,
            bounds={one.wallet_id: Bound(**{name: getattr(one, name) for name in OF_ONE}) for one in given.targets},
            **named,
        )
        return Asked(self.method, self.days, self.options.all_fields(), limits)


class MethodApplyIn(Body):
    plan_id: UUID


class MethodTrackOut(Schema):
    """What a method would have made, net of costs. Fractions, not percent; volatility and Sharpe ratio per year."""

    method: str
    total_return: float
    volatility: float
    sharpe: float
    max_drawdown: float
    turnover: float = Field(description="The sum of all changes of weights at a step, on average.")
    beats_equal: float | None = Field(description="In which part of bootstrapped histories it beats equal weights.")


class MethodComparisonOut(Schema):
    """The highest Sharpe ratio first; no tracks where the history is too short, which `verdict` says."""

    tracks: list[MethodTrackOut]
    verdict: str
    days: int = Field(description="Days walked over, each weighed by the `lookback` days before it.")
    lookback: int
    step: int = Field(description="Days between two changes of weights.")
    cost: float = Field(description="A fraction of every amount moved.")


class MethodTargetOut(Schema):
    """A child. Weights are fractions of the plan's capital; amounts in its base asset.

    `weight` is null for who is left as it is, and `reason` says why, as it does for every weight.
    """

    wallet_id: UUID
    name: str
    value: Amount
    weight_now: Amount
    weight: Amount | None
    amount: Amount = Field(description="What it should come to.")
    change: Amount = Field(description="What its weight asks for, signed.")
    moved: Amount = Field(description="What the plan moves of that; the rest is not free, see `stays`.")
    share_of_risk: float | None
    reason: str


class MethodMoveOut(Schema):
    """One step along a link of the tree; the steps take effect in their order, all or none."""

    source_id: UUID
    target_id: UUID
    asset: str
    amount: Amount = Field(description="What goes over this link.")


class MethodPlanBriefOut(Schema):
    """A plan by method; nothing has moved while its status is `previewed`. `used` may be another method than `method`:
    `notes` say why. `asked` are options, days and constraints as they were sent, with their defaults."""

    plan_id: UUID
    wallet_id: UUID
    created_at: datetime
    status: str
    method: str
    used: str
    asked: dict[str, Any]
    base: str
    days: int = Field(description="Whole days that all of them share.")
    capital: Amount = Field(description="What the weights are fractions of.")
    cash_weight: float
    expected_return: float | None
    volatility: float | None
    notes: list[str]
    is_partial: bool = Field(description="Whether only a part of what the weights ask for is free to move.")
    targets: list[MethodTargetOut]


class MethodPlanOut(MethodPlanBriefOut):
    """The same with every movement. `cost` is that of moving: nothing, at one connection."""

    moves: list[MethodMoveOut]
    stays: Words
    warnings: list[str]
    cost: Amount = Field(description="What moving itself costs, in the base asset.")


class RiskRowOut(Schema):
    """One child over the days; null is what its history is too short for, or what nothing was closed for."""

    wallet_id: UUID
    name: Words
    risk_score: float | None
    risk_parts: dict[str, float] = Field(description="Points by `drawdown`, `volatility`, `tail`, `losing`: their sum.")
    value: Amount | None
    share: Share | None
    days: int
    drawdown: float | None
    volatility: float | None
    shortfall: float | None
    win_rate: float | None
    trades: int


class RiskOut(Schema):
    """A wallet's children, the riskiest first; `correlations` has a row and a column for each, in that order."""

    days: int
    children: list[RiskRowOut]
    correlations: list[list[float | None]] = Field(
        description="Of daily returns, −1 to 1; null where two share fewer than 30 days or one never moved."
    )
    herfindahl: Amount | None = Field(description="Sum of the squared shares of all children, 1 ÷ n where n are equal.")
    left_out: int = Field(description="How many smaller children there are beyond the largest twenty.")
