"""Farms, agents and their runs, for programs. The same services as the pages."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from farms import selectors, services
from farms.models import Agent, Farm
from farms.selectors import AgentRow, FarmRow
from kit.api import (
    LEFT_OUT,
    Amount,
    Body,
    Page,
    PageQuery,
    PartsOut,
    PositiveShare,
    Share,
    StepOut,
    WholeOrPage,
    Words,
    paginate,
    parts_of,
)
from kit.errors import InvalidInputError
from kit.http import owner_of
from kit.statuses import State
from kit.users.access import TRADE
from quant import strategies

router = Router()

Kind = Literal["trend_following", "breakout", "price_action", "mixed", "custom"]
Sizing = Literal["cash", "risk"]


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
    status: str
    status_detail: Words
    base_asset: str
    value: Amount | None
    free: Amount
    funding: Amount
    profit: Amount | None
    profit_on_funding: Amount | None
    today: Amount | None
    today_return: float | None
    twr: float | None
    trades: int
    win_rate: Amount | None
    realized: Amount = Field(description="Profit of what was closed, after fees.")


class AgentDetailOut(AgentOut):
    """The agent with what else `POST /agents` takes, so that it can be made again."""

    strategy_slug: str
    instrument_id: int
    parameters: dict[str, Any]
    target_weight: Amount | None


class FarmOut(StatedOut):
    """A farm. Money in `base_asset`; `share` and `target` are fractions of the master's value.

    Value and profit are null where nothing that it holds has a price.
    """

    id: UUID
    wallet_id: UUID
    name: str
    kind: str
    status: str
    base_asset: str
    value: Amount | None
    free: Amount
    funding: Amount
    profit: Amount | None
    profit_on_funding: Amount | None
    today: Amount | None
    today_return: float | None
    twr: float | None
    share: Amount | None
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
    """`sizing` "cash" spends the fraction `size` of the free cash, "risk" loses it between price and stop."""

    farm_id: UUID
    name: str = Field(min_length=1, max_length=80)
    strategy: str
    instrument_id: int
    timeframe: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    sizing: Sizing = "cash"
    size: PositiveShare | None = Field(None, description="By default half of the cash, or 1 % of it at risk.")
    target_weight: Share | None = None


class AgentChange(Body):
    """Fields that are left out stay as they are; `parameters` are given whole. It binds the next candle."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = LEFT_OUT
    timeframe: str = LEFT_OUT
    parameters: dict[str, Any] = LEFT_OUT
    sizing: Sizing = LEFT_OUT
    size: PositiveShare = LEFT_OUT


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


# --- farms ---------------------------------------------------------------------------------------------------------


@router.get("/farms", response=list[FarmOut] | Page[FarmOut], summary="All farms with their agents and figures")
def list_farms(request: HttpRequest, query: Query[WholeOrPage]) -> Any:
    """Those that need somebody first as a plain list; in pages, newest first, when `limit` or `cursor` asks for one."""
    rows = selectors.farm_rows(owner_id=owner_of(request))
    if (page := query.page) is None:
        return rows
    by_id = {row.id: row for row in rows}
    return paginate(Farm.objects.filter(pk__in=by_id), page, present=lambda farm: by_id[farm.pk])


@router.post("/farms", response={201: FarmOut}, summary="Make a farm, paused, with a wallet under a master")
def create_farm(request: HttpRequest, body: FarmIn) -> Any:
    farm = services.create_farm(owner_id=owner_of(request), **body.all_fields())
    return Status(201, _farm(request, farm.pk))


@router.get("/farms/{farm_id}", response=FarmOut, summary="One farm")
def get_farm(request: HttpRequest, farm_id: UUID) -> Any:
    return _farm(request, farm_id)


@router.patch("/farms/{farm_id}", response=FarmOut, summary="Change its name, kind, maximum share or target")
def change_farm(request: HttpRequest, farm_id: UUID, body: FarmChange) -> Any:
    """409 for a kind that its agents are not of: a farm of agents of several kinds is `mixed`."""
    row = _farm(request, farm_id)
    now: dict[str, Any] = {
        "name": row.name,
        "kind": row.kind,
        "maximum_share": row.maximum_share,
        "target_weight": row.target,
    }
    services.update_farm(owner_id=owner_of(request), farm_id=farm_id, **now | body.sent())
    return _farm(request, farm_id)


@router.post("/farms/{farm_id}/archive", response=FarmOut, summary="End it: its free money goes up, its history stays")
def archive_farm(request: HttpRequest, farm_id: UUID) -> Any:
    """With its agents. Refused with 409 while a position or an order of one of them is open."""
    services.archive_farm(owner_id=owner_of(request), farm_id=farm_id)
    return _farm(request, farm_id)


@router.post("/farms/{farm_id}/restore", response=FarmOut, summary="Take an archived farm back, paused and empty")
def restore_farm(request: HttpRequest, farm_id: UUID) -> Any:
    services.restore_farm(owner_id=owner_of(request), farm_id=farm_id)
    return _farm(request, farm_id)


@router.post("/farms/{farm_id}/move", response=FarmOut, summary="Put it under another master, with all that it has")
def move_farm(request: HttpRequest, farm_id: UUID, body: MasterIn) -> Any:
    """Of the same base asset and connection. What it holds is a flow of both masters, and nobody's profit."""
    services.move_farm(owner_id=owner_of(request), farm_id=farm_id, master_id=body.master_id)
    return _farm(request, farm_id)


@router.post("/farms/{farm_id}/start", auth=TRADE, response=FarmOut, summary="Let its running agents act")
def start_farm(request: HttpRequest, farm_id: UUID) -> Any:
    services.start_farm(owner_id=owner_of(request), farm_id=farm_id)
    return _farm(request, farm_id)


@router.post(
    "/farms/{farm_id}/pause",
    auth=TRADE,
    response=FarmOut,
    summary="Stop new decisions; positions keep their stops",
)
def pause_farm(request: HttpRequest, farm_id: UUID) -> Any:
    services.pause_farm(owner_id=owner_of(request), farm_id=farm_id)
    return _farm(request, farm_id)


# --- agents --------------------------------------------------------------------------------------------------------


@router.get("/agents", response=list[AgentOut] | Page[AgentOut], summary="All agents with their figures")
def list_agents(request: HttpRequest, query: Query[WholeOrPage]) -> Any:
    """Oldest first as a plain list; in pages, newest first, when `limit` or `cursor` asks for one."""
    rows = selectors.agent_rows(owner_id=owner_of(request))
    if (page := query.page) is None:
        return rows
    by_id = {row.id: row for row in rows}
    return paginate(Agent.objects.filter(pk__in=by_id), page, present=lambda agent: by_id[agent.pk])


@router.post("/agents", response={201: AgentDetailOut}, summary="Hire an agent, paused, with a wallet under its farm's")
def create_agent(request: HttpRequest, body: AgentIn) -> Any:
    agent = services.create_agent(owner_id=owner_of(request), **body.all_fields())
    return Status(201, _agent(request, agent.pk))


@router.get("/agents/{agent_id}", response=AgentDetailOut, summary="One agent with its parameters")
def get_agent(request: HttpRequest, agent_id: UUID) -> Any:
    return _agent(request, agent_id)


@router.patch("/agents/{agent_id}", response=AgentDetailOut, summary="Change its name, candles, parameters or size")
def change_agent(request: HttpRequest, agent_id: UUID, body: AgentChange) -> Any:
    """`size` means another thing for each `sizing`, so a change of the sizing comes with its size."""
    names = AgentChange.model_fields
    now = {name: value for name, value in _agent(request, agent_id).items() if name in names}
    sent = body.sent()
    if sent.get("sizing", now["sizing"]) != now["sizing"] and "size" not in sent:
        told = f"Send the size with the sizing: {now['size']:f} was meant by {now['sizing']}."
        raise InvalidInputError(told, fields={"size": told})
    services.update_agent(owner_id=owner_of(request), agent_id=agent_id, **now | sent)
    return _agent(request, agent_id)


@router.post("/agents/{agent_id}/archive", response=AgentDetailOut, summary="End it: its free money goes to its farm")
def archive_agent(request: HttpRequest, agent_id: UUID) -> Any:
    """Its history stays. Refused with 409 while a position or an order of it is open."""
    services.archive_agent(owner_id=owner_of(request), agent_id=agent_id)
    return _agent(request, agent_id)


@router.post("/agents/{agent_id}/restore", response=AgentDetailOut, summary="Take an archived agent back, paused")
def restore_agent(request: HttpRequest, agent_id: UUID) -> Any:
    services.restore_agent(owner_id=owner_of(request), agent_id=agent_id)
    return _agent(request, agent_id)


@router.post("/agents/{agent_id}/move", response=AgentDetailOut, summary="Let it work in another farm from now on")
def move_agent(request: HttpRequest, agent_id: UUID, body: PlaceOfWorkIn) -> Any:
    """Its wallet comes along. What it holds is a flow of both farms, and nobody's profit."""
    services.move_agent(owner_id=owner_of(request), agent_id=agent_id, farm_id=body.farm_id)
    return _agent(request, agent_id)


@router.post("/agents/{agent_id}/start", auth=TRADE, response=AgentDetailOut, summary="Let it act from the next bar on")
def start_agent(request: HttpRequest, agent_id: UUID) -> Any:
    services.start_agent(owner_id=owner_of(request), agent_id=agent_id)
    return _agent(request, agent_id)


@router.post(
    "/agents/{agent_id}/pause",
    auth=TRADE,
    response=AgentDetailOut,
    summary="Stop new decisions; a position keeps its stop",
)
def pause_agent(request: HttpRequest, agent_id: UUID) -> Any:
    services.pause_agent(owner_id=owner_of(request), agent_id=agent_id)
    return _agent(request, agent_id)


@router.get("/agents/{agent_id}/runs", response=Page[RunOut], summary="Its runs, newest first: why it did what it did")
def list_runs(request: HttpRequest, agent_id: UUID, query: Query[PageQuery]) -> Any:
    owner_id = owner_of(request)
    selectors.agent_row(owner_id=owner_id, agent_id=agent_id)
    return paginate(selectors.agent_runs(owner_id=owner_id, agent_id=agent_id), query, present=selectors.run_row)


@router.get("/strategies", response=list[StrategyOut], summary="The strategies an agent can have")
def list_strategies(request: HttpRequest) -> Any:
    return [
        {
            "slug": strategy.slug,
            "name": strategy.name,
            "description": strategy.description,
            "parameters": [
                {
                    "name": item.name,
                    "label": item.title,
                    "unit": item.unit,
                    "kind": item.kind,
                    "default": item.default,
                    "help": item.help,
                    "minimum": item.minimum,
                    "maximum": item.maximum,
                    "choices": list(item.choices),
                    "choice_labels": [words for _, words in item.options],
                }
                for item in strategy.schema
            ],
        }
        for strategy in strategies.catalog()
    ]


def _farm(request: HttpRequest, farm_id: UUID) -> FarmRow:
    return selectors.farm_row(owner_id=owner_of(request), farm_id=farm_id)


def _agent(request: HttpRequest, agent_id: UUID) -> dict[str, Any]:
    row: AgentRow = selectors.agent_row(owner_id=owner_of(request), agent_id=agent_id)
    agent = Agent.objects.select_related("wallet").get(pk=agent_id)
    shown = {name: getattr(row, name) for name in AgentOut.model_fields if hasattr(row, name)}
    return {
        **shown,
        "strategy_slug": agent.strategy,
        "instrument_id": agent.instrument_id,
        "parameters": agent.parameters,
        "target_weight": agent.wallet.target_weight,
    }
