"""What programs ask the laboratory and get of it. Amounts are strings, returns and rates fractions."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from kit.api import Amount, Body, NotNegative, PositiveAmount, Words

Fee = Annotated[NotNegative, Field(description="A fraction of what is traded, such as 0.001.")]
Points = Annotated[Amount, Field(description="Basis points of the backtest's price.")]
Hypothetical = Annotated[Amount, Field(description="In `quote`, as it would have been.")]


class BacktestIn(Body):
    """Rules over candles that are over. With `agent_id` its rules, market and candles count where none are sent.

    Bars count that open from `since` on and before `until`, by default all that every market has. `size` is of
    `sizing`: "units" of the base asset, a "fraction" of equity, the fraction at "risk" between entry and stop, or the
    fraction that a position may move in a year ("volatility"); fractions are at most 1.
    """

    agent_id: UUID | None = None
    version_id: UUID | None = Field(
        None, description="Instead of a strategy with parameters: a version of a saved strategy."
    )
    strategy: str = Field("", max_length=40, description="A slug of `GET /strategies`.")
    parameters: dict[str, Any] | None = Field(None, description="What differs from the strategy's defaults.")
    instrument_ids: list[int] = Field(default_factory=list, max_length=20, description="They share one account's cash.")
    timeframe: str = Field("", max_length=3)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    cash: PositiveAmount = Field(Decimal(10_000), description="What it starts with, in the markets' quote asset.")
    taker_fee: Fee = Decimal("0.001")
    maker_fee: Fee | None = Field(None, description="Of targets, which rest in the book; by default the taker's.")
    slippage: Annotated[NotNegative, Field(description="The fraction that market orders and stops lose.")] = Decimal(0)
    sizing: Literal["units", "fraction", "risk", "volatility"] = "fraction"
    size: Annotated[PositiveAmount, Field(description="How large an entry is, by `sizing`.")] = Decimal(1)
    fill: Literal["next_open", "signal_close"] = "next_open"
    leverage: Annotated[PositiveAmount, Field(description="How much may be held, by equity; 1 on spot.")] = Decimal(1)
    max_entries: int = Field(1, ge=1, le=100, description="More than 1 adds to positions.")


class BacktestOut(Schema):
    """A backtest. Figures are null until it has a result; `progress` is in percent.

    `status` is queued, running, done, failed (see `error`) or cancelled. A result may be there while it is running:
    what is still to come then is the verdict.
    """

    id: UUID
    status: str
    progress: int
    step: str
    error: Words
    agent_id: UUID | None
    version_id: UUID | None = Field(description="The version of a saved strategy whose rules it is of, if it is.")
    version: str = Field(description="That version by its name.")
    strategy: str
    parameters: dict[str, Any]
    instrument_ids: list[int]
    symbols: list[str]
    quote: str
    timeframe: str
    since: datetime
    until: datetime
    cash: Hypothetical
    assumptions: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None
    final_equity: Amount | None = Field(description="In `quote`, as it would have been.")
    total_return: float | None
    sharpe: float | None = Field(description="A year's, of the returns of bars.")
    max_drawdown: float | None
    trades: int | None
    bars: int | None
    missing_bars: int | None = Field(description="Bars that gaps of the candles leave out.")
    candles_hash: str = Field(description="Of every candle that was traded on.")
    outcome_hash: str = Field(description="The same candles and the same question always give the same.")


class BacktestMonthOut(Schema):
    """A month of UTC as `2026-10`; its return is a fraction."""

    month: str
    return_: float | None = Field(alias="return", description="Of the equity at the end of the month before.")


class ExitReasonOut(Schema):
    """Trades by what ended them."""

    reason: str
    trades: int
    won: int
    pnl: Amount = Field(description="What they made together, in the quote asset.")


class DistributionOut(Schema):
    """How many trades returned between one edge (a fraction) and the next; the ends are the worst and the best."""

    edges: list[float] = Field(description="One more than counts.")
    counts: list[int]


class StillHeldOut(Schema):
    """What is still held after the last bar, marked to its close."""

    symbol: str
    side: str
    since: datetime
    quantity: Amount
    entry_price: Amount
    unrealized_pnl: Amount


class BacktestCurveOut(Schema):
    """Equity over time, thinned out; the lowest and highest of every stretch are among the points."""

    at: list[datetime]
    equity: list[Amount] = Field(description="In the quote asset.")
    drawdown: list[float]
    benchmark: list[Amount] = Field(description="The same cash, spread evenly over the markets and held.")


class ResultOut(Schema):
    """What it found. `statistics` and `benchmark` (buy and hold) are figures by name, null where little is known."""

    statistics: dict[str, float | None] = Field(description="Figures by name; fractions, and amounts in `quote`.")
    benchmark: dict[str, float | None] = Field(description="The same of buying and holding.")
    months: list[BacktestMonthOut]
    exit_reasons: list[ExitReasonOut]
    distribution: DistributionOut
    held: list[StillHeldOut]
    curve: BacktestCurveOut
    seconds: float = Field(description="How long it took, from the candles in memory to the figures.")


class AnswerOut(Schema):
    """A question of the honesty panel. `passes` says whether it speaks for the result; null is neither."""

    question: str
    passes: bool | None
    words: Words
    figures: dict[str, float | None] = Field(description="What the words are from, by name.")


class VerdictOut(Schema):
    """What the figures are worth. Significant is what more than luck explains, and nothing speaks against."""

    is_significant: bool
    trials: int = Field(description="Different trials of these rules on these candles that were known.")
    deflated_sharpe: float | None = Field(description="The probability that it beats as many worthless trials.")
    created_at: datetime
    answers: list[AnswerOut]


class BacktestDetailOut(BacktestOut):
    """The backtest with what it found and what that is worth."""

    result: ResultOut | None
    verdict: VerdictOut | None


class DriftTogetherOut(Schema):
    """What the fills of one kind of account, `paper` or `live`, came to. Points are means over what was traded."""

    account: Literal["paper", "live"]
    matched: int
    extra: int
    notional: Amount = Field(description="What was traded of the matched fills, at the backtest's prices, in `quote`.")
    drift_cost: Amount = Field(description="In `quote`.")
    drift_points: Points | None = Field(description="What fills cost beyond the backtest; negative is better.")
    waited: Points | None
    slipped: Points | None
    worst_points: Points | None = Field(description="The fill that cost most.")


class DriftOut(Schema):
    """How far an agent's fills are from those of `backtest_id`, the newest of its rules; nulls where there is none.

    Both are compared from `since` to before `until`.
    """

    agent_id: UUID
    backtest_id: UUID | None
    is_waiting: bool = Field(description="Whether another backtest of it is on its way.")
    quote: str
    since: datetime | None
    until: datetime | None
    missing: int
    accounts: list[DriftTogetherOut]


class DriftFillOut(Schema):
    """A fill of the backtest, of the agent, or of both: `kind` is matched, missing or extra. Prices are in `quote`."""

    kind: Literal["matched", "missing", "extra"]
    account: Literal["", "paper", "live"] = Field(description="Where it was really filled.")
    opened_at: datetime = Field(description="The opening of the bar.")
    side: str
    backtest_price: Amount | None
    price: Amount | None
    quantity: Amount | None
    filled_at: datetime | None
    order_id: UUID | None
    seconds_later: float | None = Field(description="After the opening of the backtest's bar.")
    drift_points: Points | None = Field(description="What it cost beyond the backtest; negative is better.")
    waited: Points | None
    slipped: Points | None
    drift_cost: Amount | None = Field(description="In `quote`.")


class BacktestTradeOut(Schema):
    """A round trip: prices in the quote asset, `pnl` net of fees, `pnl_return` a fraction of what entering cost."""

    number: int
    symbol: str
    side: str
    quantity: Amount
    entry_at: datetime
    entry_price: Amount
    exit_at: datetime
    exit_price: Amount
    fee: Amount
    funding: Annotated[Amount, Field(description="What holding cost or brought.")]
    pnl: Amount
    pnl_return: float | None
    reason: str
