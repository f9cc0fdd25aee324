"""What programs ask of sweeps and get of them. Amounts are strings, returns and rates fractions."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from farms.laboratory.schemas import AnswerOut, BacktestIn, Hypothetical
from kit.api import Words

Method = Literal["grid", "random", "tpe"]
Measure = Literal["sharpe", "total_return", "calmar"]


class SweepIn(BacktestIn):
    """A backtest of one market, and the values that are tried of some of its parameters, an agent's or a version's too.

    An empty list of `axes` stands for the parameter's own steps. A "grid" tries every combination that the strategy's
    rules allow, "random" and "tpe" (an estimator that looks at what was tried before) try `trials` of them.
    """

    axes: dict[str, list[Any]] = Field(description="Values by parameter, 1 to 6 of them.")
    method: Method = "grid"
    trials: int = Field(500, ge=2, le=20_000, description="How many sets; of a grid all.")
    measure: Measure = Field("sharpe", description="What is compared; more is better.")
    seed: int = Field(1, ge=0, le=2**31 - 1, description="The same seed chooses the same sets.")


class SweepOut(Schema):
    """A sweep. Figures are null until the last trial is done; `progress` is in percent.

    `status` is queued, running, done, failed (see `error`) or cancelled. Scores are of `measure`.
    """

    id: UUID
    status: str
    progress: int
    step: str
    error: Words
    agent_id: UUID | None
    strategy: str
    parameters: dict[str, Any] = Field(description="All of them; those of `axes` as they are outside of the sweep.")
    axes: dict[str, list[Any]]
    instrument_id: int
    symbol: str
    quote: str
    timeframe: str
    since: datetime
    until: datetime
    cash: Hypothetical
    assumptions: dict[str, Any]
    method: Method
    measure: Measure
    seed: int
    trials: int = Field(description="How many sets are tried, at most.")
    created_at: datetime
    finished_at: datetime | None
    tried: int | None = Field(description="How many different sets were tried.")
    best_score: float | None = Field(description="Of the best trial alone.")
    plateau_score: float | None = Field(description="The mean score of a trial and its nearest, the highest.")
    is_significant: bool | None
    candles_hash: str = Field(description="Of every candle that was traded on.")
    outcome_hash: str = Field(description="Of every figure of every trial; the same question always gives the same.")


class TrialOut(Schema):
    """A set of parameters that was tried; `number` counts from 1 in the order of trying."""

    number: int
    parameters: dict[str, Any] = Field(description="Those of the axes.")
    score: float = Field(description="Its own, of the sweep's `measure`.")
    plateau: float = Field(description="The mean score of it and its eight nearest trials.")
    total_return: float = Field(description="A fraction of the cash.")
    sharpe: float = Field(description="A year's, of the returns of bars.")
    max_drawdown: float = Field(description="A fraction, negative.")
    trades: int


class OverfittingOut(Schema):
    """How often the best of one half of history was below the median in the other, over `splits` halvings."""

    probability: float = Field(description="That the best was fitted to the past.")
    degradation: float = Field(description="Slope of what was seen after, by what was seen before; below 0 is bad.")
    loss: float = Field(description="The share of halvings in which the chosen one lost money in the other half.")
    splits: int


class SweepResultOut(Schema):
    """What came of all trials. The middle of the best plateau is what the answers are about."""

    best: TrialOut = Field(description="The highest score alone.")
    chosen: TrialOut = Field(description="The middle of the best plateau, which is judged.")
    plateaus: list[TrialOut] = Field(description="Middles of the best neighbourhoods that do not overlap.")
    fragility: float | None = Field(description="How much of the best score is missing around it: 0 none, 1 all.")
    overfitting: OverfittingOut | None
    bars: int
    is_significant: bool
    known_trials: int = Field(description="Different trials of these rules on these candles, earlier sweeps' too.")
    deflated_sharpe: float | None = Field(description="The probability that it beats as many worthless trials.")
    answers: list[AnswerOut]


class SweepDetailOut(SweepOut):
    """The sweep with what came of it."""

    result: SweepResultOut | None
