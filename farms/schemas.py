"""What the API of farms and agents takes and gives."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import (
    LEFT_OUT,
    Amount,
    Body,
    PartsOut,
    PositiveAmount,
    PositiveShare,
    Quotient,
    Share,
    StepOut,
    Words,
    parts_of,
)
from kit.statuses import State

Kind = Literal["trend_following", "breakout", "price_action", "mean_reversion", "mixed", "custom"]


Sizing = Literal["cash", "risk"]


ON_FUNDING: Final = "Null where what was given is less than a tenth of what is there, or zero as amounts are written."


class StatedOut(Schema):
    """What it does now or what keeps it from it: `state` is a word for programs, `state_words` the same as a sentence.

    `state_action` is the next step, if there is one, and `next_decision_at` when it decides next, if it does.
    """

    state: str
    state_words: str
    state_action: StepOut | None
    next_decision_at: datetime | None

    @staticmethod
    def resolve_state(row: Any) -> str:
        return _state(row).code

    @staticmethod
    def resolve_state_words(row: Any) -> str:
        return _state(row).exact

    @staticmethod
    def resolve_state_action(row: Any) -> Any:
        return _state(row).action

    @staticmethod
    def resolve_next_decision_at(row: Any) -> datetime | None:
        return _state(row).next_at


def _state(row: Any) -> State:
    found: State = row["state"] if isinstance(row, dict) else row.state
    return found


class AgentOut(StatedOut):
    """An agent. Money in `base_asset`; `profit` is value less funding; `size`, returns and rates are fractions.

    Value and profit are null where nothing that it holds has a price.
    """

    id: UUID
    farm_id: UUID
    wallet_id: UUID
    name: str
    strategy: str
    symbol: str
    timeframe: str
    sizing: str
    size: Amount
    leverage: Amount = Field(description="Of a perpetual: how many times its margin an entry is worth; 1 on spot.")
    status: str
    status_detail: Words
    base_asset: str
    value: Amount | None
    free: Amount
    funding: Amount
    profit: Amount | None
    profit_on_funding: Quotient | None = Field(description=ON_FUNDING)
    today: Amount | None
    today_return: float | None
    twr: float | None
    trades: int
    win_rate: Quotient | None
    realized: Amount = Field(description="Profit of what was closed, after fees.")


class AgentDetailOut(AgentOut):
    """The agent with what else `POST /agents` takes, so that it can be made again."""

    strategy_slug: str
    instrument_id: int
    parameters: dict[str, Any]
    version_id: UUID | None = Field(description="The version of a saved strategy whose rules it follows, if it does.")
    target_weight: Amount | None


class FarmOut(StatedOut):
    """A farm. Money in `base_asset`; `share` and `target` are fractions of the master's value.

    Value and profit are null where nothing that it holds has a price.
    """

    id: UUID
    wallet_id: UUID
    name: str
    kind: str
    is_pool: bool = Field(description="Whether it is the pool of its master, whose agents are free: nobody trades.")
    status: str
    base_asset: str
    value: Amount | None
    free: Amount
    funding: Amount
    profit: Amount | None
    profit_on_funding: Quotient | None = Field(description=ON_FUNDING)
    today: Amount | None
    today_return: float | None
    twr: float | None
    share: Quotient | None
    target: Amount | None
    maximum_share: Amount
    trades: int
    created_at: datetime
    agents: list[AgentOut]


class FarmIn(Body):
    """`maximum_share`: most of the farm's value in one instrument; `target_weight`: its part of the master's value."""

    master_id: UUID
    name: str = Field(min_length=1, max_length=80)
    kind: Kind = "trend_following"
    maximum_share: PositiveShare = Decimal("0.6")
    target_weight: Share | None = None


class FarmChange(Body):
    """Fields that are left out stay as they are; a `target_weight` of null removes the target."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = LEFT_OUT
    kind: Kind = LEFT_OUT
    maximum_share: PositiveShare = LEFT_OUT
    target_weight: Share | None = None


class MasterIn(Body):
    master_id: UUID


class PlaceOfWorkIn(Body):
    farm_id: UUID


class AgentIn(Body):
    """`sizing` "cash" spends the fraction `size` of the free cash, "risk" loses it between price and stop.

    Its rules are a `strategy` with `parameters` of its own, or a `version_id` of a saved strategy.
    """

    farm_id: UUID
    name: str = Field(min_length=1, max_length=80)
    strategy: str = Field("", description="A slug of `GET /strategies`; by default what the farm's kind says.")
    instrument_id: int
    timeframe: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    version_id: UUID | None = Field(None, description="A version of a saved strategy, which it follows.")
    sizing: Sizing = "cash"
    size: PositiveShare | None = Field(None, description="By default half of the cash, or 1 % of it at risk.")
    leverage: PositiveAmount = Field(
        Decimal(1), description="Of a perpetual: how many times its margin an entry is worth; 1 on spot."
    )
    target_weight: Share | None = None


class AgentChange(Body):
    """Fields that are left out stay as they are; `parameters` are given whole. It binds the next candle.

    A `version_id` of null lets it follow none: what it has becomes its own.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)] = LEFT_OUT
    timeframe: str = LEFT_OUT
    parameters: dict[str, Any] = LEFT_OUT
    version_id: UUID | None = Field(None, description="A version of a saved strategy, which it follows.")
    sizing: Sizing = LEFT_OUT
    size: PositiveShare = LEFT_OUT
    leverage: PositiveAmount = LEFT_OUT


class RunOut(Schema):
    """What the agent saw at the close of a bar and what it did. `numbers` say how the order was sized."""

    id: int
    agent_id: UUID
    bar_closed_at: datetime
    decision: str
    explanation: Words
    explanation_parts: PartsOut = parts_of("explanation")
    close: Amount
    indicators: dict[str, float]
    numbers: dict[str, Amount]
    exit_stop: Amount | None
    exit_target: Amount | None
    order_id: UUID | None
    refusal: Words


class AgentConditionOut(Schema):
    """A condition of the rule at the candle that closed last; difference = threshold − value.

    Figures are floats of the market; null is what is not known yet, and what a pattern does not have.
    """

    words: str
    toward: Literal["long", "short", "exit"] = Field(description="What it is for: an entry, or leaving what is held.")
    holds: bool
    value: float | None
    threshold: float | None = Field(description="What the value has to be beyond.")
    difference: float | None = Field(description="From the value to the threshold: above zero where it has to rise.")
    is_price: bool = Field(description="Whether both are prices in quote.")
    needs: Words = Field(description="What would have to happen for it to hold.")
    group: str = Field(
        description="With which others it counts: `all` or `any`, the path of a group within another (`all[2].any`), "
        "or `also` for what has to hold beside them, told where it does not."
    )


class AgentObstacleOut(Schema):
    """What keeps the agent from acting, as a state says it; `until` is when it ends by itself, null where not."""

    state: str
    state_words: str
    detail: Words
    state_action: StepOut | None
    until: datetime | None

    @staticmethod
    def resolve_state(row: Any) -> str:
        return str(row.code)

    @staticmethod
    def resolve_state_words(row: Any) -> str:
        return str(row.exact)

    @staticmethod
    def resolve_state_action(row: Any) -> Any:
        return row.action

    @staticmethod
    def resolve_until(row: Any) -> datetime | None:
        found: datetime | None = row.next_at
        return found


class AgentAheadOut(Schema):
    """`conditions` are those of the rule to enter, or to leave what is held, after the candle that closed at
    `looked_at`; the next one closes at `closes_at`. `obstacles`: the first is to be put right first."""

    agent_id: UUID
    is_holding: bool = Field(description="Whether it has a position, so that the conditions are those to leave it.")
    looked_at: datetime | None = Field(description="When the candle closed; null where there is none.")
    closes_at: datetime | None = Field(description="Null while the agent or its farm is not running.")
    conditions: list[AgentConditionOut]
    obstacles: list[AgentObstacleOut]


class ParameterOut(Schema):
    """`label`, `unit` and `choice_labels` (in the order of `choices`) are the words that pages show."""

    name: str
    label: str
    unit: str
    kind: str
    default: Any
    help: str
    minimum: float | None
    maximum: float | None
    choices: list[str]
    choice_labels: list[str]


class StrategyOut(Schema):
    """A strategy and what its parameters may be."""

    slug: str
    name: str
    description: str
    parameters: list[ParameterOut]
