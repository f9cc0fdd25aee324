"""What programs ask of advice and get of it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from farms.advice.reading import Wanted
from farms.advice.wanting import MOST_CANDLES, MOST_COST, MOST_ORDERS, MOST_TOKENS
from kit.api import LEFT_OUT, Amount, Body, NotNegative, PageQuery, Words

Level = Literal["off", "comment", "propose", "act"]


class AdviceEndpointOut(Schema):
    """Where advice can be asked for: the operators' list. `stopped` says why it is not asked now, if so."""

    id: UUID
    name: str
    model: str
    price_in: Amount = Field(description="US dollars for a million tokens that are asked.")
    price_out: Amount = Field(description="US dollars for a million tokens that are answered.")
    stopped: str


class AdviceSettingOut(Schema):
    """Whether advice is on, and its budgets beside what is used of them, reserved included. Costs in US dollars."""

    is_on: bool
    endpoint_id: UUID | None
    day_tokens: int = Field(description="Most in 24 hours.")
    month_tokens: int = Field(description="Most in 30 days.")
    day_cost: Amount = Field(description="Most in 24 hours.")
    month_cost: Amount = Field(description="Most in 30 days.")
    day_tokens_used: int
    month_tokens_used: int
    day_cost_used: Amount = Field(description="Used or reserved in the last 24 hours.")
    month_cost_used: Amount = Field(description="Used or reserved in the last 30 days.")
    obstacle: str = Field(description="Why nobody can be asked now; empty where somebody can.")
    endpoints: list[AdviceEndpointOut]


def setting_out(found: Wanted) -> dict[str, Any]:
    """The setting as `AdviceSettingOut` has it."""
    names = ("day_tokens", "month_tokens", "day_cost", "month_cost")
    return {
        "is_on": found.setting.is_on,
        "endpoint_id": found.setting.endpoint_id,
        **{name: getattr(found.setting, name) for name in names},
        **{f"{name}_used": getattr(found.used, name) for name in names},
        "obstacle": found.obstacle,
        "endpoints": list(found.endpoints),
    }


class AdviceSettingIn(Body):
    """Budgets that are left out stay. `endpoint_id` is one of the operators' list."""

    is_on: bool
    endpoint_id: UUID | None = None
    day_tokens: int = Field(LEFT_OUT, ge=0, le=MOST_TOKENS)
    month_tokens: int = Field(LEFT_OUT, ge=0, le=MOST_TOKENS)
    day_cost: NotNegative = Field(LEFT_OUT, le=MOST_COST, description="Most in 24 hours, in US dollars.")
    month_cost: NotNegative = Field(LEFT_OUT, le=MOST_COST, description="Most in 30 days, in US dollars.")


class AdviceProposalOut(Schema):
    """What was proposed: words of whoever `signed` names, and nothing that was done unless `order_id` says so.

    `became` is shown, asked (see `approval_id`), ordered or held_back (see `said`).
    """

    id: UUID
    created_at: datetime
    symbol: str
    timeframe: str
    model: str
    signed: str = Field(description="Whose words they are: a model's, or those of the demo's rules of thumb.")
    action: Literal["buy", "sell", "hold"]
    size: Amount = Field(description="Of what an entry of the agent usually takes, a fraction.")
    stop: Amount | None = Field(description="Price, in quote.")
    target: Amount | None = Field(description="Price, in quote.")
    horizon: int = Field(description="In candles.")
    confidence: Amount = Field(description="As it was stated, a fraction.")
    reasons: list[str] = Field(description="Its own words: text, never markup.")
    price: Amount = Field(description="The close that it was told last.")
    due_at: datetime
    became: Literal["shown", "asked", "ordered", "held_back"]
    said: Words
    approval_id: UUID | None
    order_id: UUID | None
    settled_at: datetime | None
    entry: Amount | None = Field(description="The first price after the answer, which it is judged from.")
    exit_price: Amount | None = Field(description="Where it ended: its stop, its target, or the close at its horizon.")
    gain: Amount | None = Field(description="What one unit of money would have made by then, fees paid: a fraction.")
    own: Amount | None = Field(description="What its agent's own rules made of one unit in the same candles.")
    chance: Amount | None = Field(description="What such a proposal makes by chance, on average.")


class AdviceOut(Schema):
    """A question and what came of it: waiting, asking, proposal, nothing, failed or lost (see `cause`)."""

    id: UUID
    created_at: datetime
    about: Literal["agent", "market", "farm", "portfolio"]
    agent_id: UUID | None
    farm_id: UUID | None
    occasion: Literal["close", "demand"]
    endpoint: str
    model: str
    signed: str = Field(description="Who was asked: a model, or the demo's rules of thumb in place of one.")
    status: Literal["waiting", "asking", "proposal", "nothing", "failed", "lost"]
    cause: Words = Field(description="Why it is no proposal.")
    reserved_tokens: int
    reserved_cost: Amount = Field(description="In US dollars: what counts until the cost is known.")
    tokens_in: int | None
    tokens_out: int | None
    cost: Amount | None = Field(description="In US dollars; null while it is not known.")
    milliseconds: int | None = Field(description="Until it was over, failed or not; null where nobody was asked.")
    finished_at: datetime | None
    proposal: AdviceProposalOut | None


class AdviceMessageOut(Schema):
    role: str
    content: str


class AdviceDetailOut(AdviceOut):
    """The same with what the model was told and what it said, word for word, as long as that is kept."""

    messages: list[AdviceMessageOut]
    answers: list[str]


class BucketOut(Schema):
    """Proposals by the confidence that was stated: how many of them came true, and the range of that at 95 %."""

    low: Amount = Field(description="From this stated confidence on, a fraction.")
    high: Amount = Field(description="Below this one.")
    count: int
    hits: int
    stated: float = Field(description="The stated confidence, on average.")
    rate: float = Field(description="The fraction that made money, fees paid.")
    least: float
    most: float


class AgainstOut(Schema):
    """What proposals made on average beside something else, fractions with fees paid; the difference with its range at
    95 %."""

    count: int
    advice: float = Field(description="What one unit of money made by advice, on average.")
    other: float = Field(description="What it made otherwise.")
    difference: float = Field(description="How much more advice made.")
    least: float
    most: float


class HonestyOut(Schema):
    """What was proposed against what happened then. Below `needed` settled proposals `verdict` says that there is none.

    `own` is against the agents' own rules in the same candles, `chance` against as many such proposals by chance.
    """

    settled: int
    waiting: int
    holds: int
    needed: int
    is_enough: bool
    hits: int
    rate: float = Field(description="The fraction of them that made money, fees paid.")
    least: float
    most: float
    buckets: list[BucketOut]
    own: AgainstOut | None
    chance: AgainstOut | None
    verdict: Words


class HonestyQuery(Schema):
    """Of one agent; left out: of all."""

    agent_id: UUID | None = None


class AdviceIn(Body):
    """About an agent's market, a farm, a market by itself (with its timeframe), or with nothing named the portfolio."""

    agent_id: UUID | None = None
    farm_id: UUID | None = None
    instrument_id: int | None = None
    timeframe: str = Field("", max_length=3)


class AdviceQuery(PageQuery):
    """Of one agent, or of one status; left out: all."""

    agent_id: UUID | None = None
    status: Literal["waiting", "asking", "proposal", "nothing", "failed", "lost"] | None = None


class AgentAdviceOut(Schema):
    """What advice may come to for an agent. `said` is why nobody was asked at its last candle, `last` the last
    question."""

    agent_id: UUID
    is_on: bool
    level: Level
    every: int = Field(description="Asked at the close of every so manieth candle; 0: on demand only.")
    daily_orders: int
    said: Words
    last: AdviceOut | None


class AgentAdviceIn(Body):
    """`act` is for agents on paper only."""

    level: Level
    every: int = Field(0, ge=0, le=MOST_CANDLES, description="0: on demand only.")
    daily_orders: int = Field(2, ge=0, le=MOST_ORDERS, description="Most orders in 24 hours.")


class AdviceWatchOut(Schema):
    """A farm or a market that is asked about at the close of every so manieth candle. `said` is why nobody was asked at
    the last that was due."""

    farm_id: UUID | None
    instrument_id: int | None
    timeframe: str
    every: int = Field(description="In candles.")
    said: Words


class AdviceWatchIn(Body):
    """A farm or a market, and at the close of every so manieth candle of which timeframe."""

    farm_id: UUID | None = None
    instrument_id: int | None = None
    timeframe: str = Field(max_length=3)
    every: int = Field(ge=0, le=MOST_CANDLES, description="0: no more.")
