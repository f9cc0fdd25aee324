"""Farms, agents and their runs, for programs. The same services as the pages."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from farms import selectors, services
from farms.composing.working import (
    require_sound_agent,
    require_sound_change,
    require_sound_farm,
    require_sound_start,
)
from farms.models import Agent, Farm
from farms.schemas import (
    AgentAheadOut,
    AgentChange,
    AgentDetailOut,
    AgentIn,
    AgentOut,
    FarmChange,
    FarmIn,
    FarmOut,
    MasterIn,
    PlaceOfWorkIn,
    RunOut,
    StrategyOut,
)
from farms.selectors import AgentRow, FarmRow
from kit.api import (
    IdempotencyKey,
    Page,
    PageQuery,
    WholeOrPage,
    paginate,
)
from kit.errors import InvalidInputError
from kit.http import owner_of
from kit.users.access import TRADE
from quant import strategies

router = Router()


# --- farms ---------------------------------------------------------------------------------------------------------


@router.get("/farms", response=list[FarmOut] | Page[FarmOut], summary="All farms with their agents and figures")
def list_farms(request: HttpRequest, query: Query[WholeOrPage]) -> Any:
    """Those that need somebody first as a plain list; in pages, newest first, when `limit` or `cursor` asks for one."""
    owner_id = owner_of(request)
    if (page := query.page) is None:
        return selectors.farm_rows(owner_id=owner_id)
    found = paginate(Farm.objects.filter(owner_id=owner_id).exclude(status=Farm.Status.ARCHIVED), page)
    ids = [farm.pk for farm in found["items"]]
    rows = {row.id: row for row in selectors.farm_rows(owner_id=owner_id, farm_ids=ids)}
    return {**found, "items": [rows[pk] for pk in ids]}


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
    """409, and nothing starts, where the rules of one of them do not pass: the sentence names it, and who else."""
    require_sound_farm(owner_id=owner_of(request), farm_id=farm_id)
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
    owner_id = owner_of(request)
    if (page := query.page) is None:
        return selectors.agent_rows(owner_id=owner_id)
    found = paginate(Agent.objects.filter(owner_id=owner_id), page)
    ids = [agent.pk for agent in found["items"]]
    rows = {row.id: row for row in selectors.agent_rows(owner_id=owner_id, agent_ids=ids)}
    return {**found, "items": [rows[pk] for pk in ids]}


@router.post("/agents", response={201: AgentDetailOut}, summary="Hire an agent, paused, with a wallet under its farm's")
def create_agent(request: HttpRequest, body: AgentIn) -> Any:
    asked = ("strategy", "parameters", "version_id", "instrument_id", "timeframe")
    require_sound_agent(**{name: getattr(body, name) for name in asked})
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
    changed = now | sent
    require_sound_change(
        owner_id=owner_of(request), agent_id=agent_id,
        **{name: changed[name] for name in ("parameters", "version_id", "timeframe")},
    )  # fmt: skip
    services.update_agent(owner_id=owner_of(request), agent_id=agent_id, **changed)
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
def move_agent(request: HttpRequest, agent_id: UUID, body: PlaceOfWorkIn, key: IdempotencyKey) -> Any:
    """Of the same master. Its wallet comes along: what it holds is a flow of both farms, and nobody's profit.

    409 while an order of it is on its way, and for a farm of another kind or whose policy does not allow its market.
    """
    services.move_agent(owner_id=owner_of(request), agent_id=agent_id, farm_id=body.farm_id, key=key)
    return _agent(request, agent_id)


@router.post("/agents/{agent_id}/free", response=AgentDetailOut, summary="Take it out of its farm, paused")
def free_agent(request: HttpRequest, agent_id: UUID, key: IdempotencyKey) -> Any:
    """Into the pool of its master, which is listed with the farms. A free agent trades nothing until it is moved."""
    services.free_agent(owner_id=owner_of(request), agent_id=agent_id, key=key)
    return _agent(request, agent_id)


@router.post("/agents/{agent_id}/start", auth=TRADE, response=AgentDetailOut, summary="Let it act from the next bar on")
def start_agent(request: HttpRequest, agent_id: UUID) -> Any:
    require_sound_start(owner_id=owner_of(request), agent_id=agent_id)
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


@router.get("/agents/{agent_id}/next", response=AgentAheadOut, summary="What it does next: how far the next signal is")
def get_next(request: HttpRequest, agent_id: UUID) -> Any:
    """Each condition of its rule with its figures, when it looks again, and what keeps it from acting then."""
    return selectors.ahead_of(owner_id=owner_of(request), agent_id=agent_id)


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
        "version_id": agent.version_id,
        "target_weight": agent.wallet.target_weight,
    }
