"""Advice of language models for programs: whether and where it is asked for, each question, and each agent's level."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from farms.advice import asking, facts, reading, wanting, watching
from farms.advice.honesty import honesty
from farms.advice.schemas import (
    AdviceDetailOut,
    AdviceIn,
    AdviceOut,
    AdviceQuery,
    AdviceSettingIn,
    AdviceSettingOut,
    AdviceWatchIn,
    AdviceWatchOut,
    AgentAdviceIn,
    AgentAdviceOut,
    HonestyOut,
    HonestyQuery,
    setting_out,
)
from kit.api import Page, paginate
from kit.http import owner_of
from kit.users.access import LIMITS

router = Router()


@router.get("/advice/settings", response=AdviceSettingOut, summary="Whether advice is on, and its budgets")
def get_advice_settings(request: HttpRequest) -> Any:
    return setting_out(reading.wanted(owner_id=owner_of(request)))


@router.put("/advice/settings", auth=LIMITS, response=AdviceSettingOut, summary="Turn advice on or off, set budgets")
def set_advice_settings(request: HttpRequest, body: AdviceSettingIn) -> Any:
    """A budget stops a question before it is asked: what it may cost at most is reserved first."""
    sent = body.sent()
    budgets = {name: sent[name] for name in wanting.BUDGETS if sent.get(name) is not None}
    owner_id = owner_of(request)
    wanting.set_advice(owner_id=owner_id, is_on=body.is_on, endpoint_id=body.endpoint_id, budgets=budgets)
    return setting_out(reading.wanted(owner_id=owner_id))


@router.post("/advice", response={202: AdviceOut}, summary="Ask a model")
def ask_for_advice(request: HttpRequest, body: AdviceIn) -> Any:
    """The answer comes later: ask `GET /advice/{call_id}`. 409 where advice is off, a budget would be exceeded at
    worst, the endpoint is to be left alone, or a model is being asked about the same."""
    owner_id = owner_of(request)
    about = facts.find(owner_id=owner_id, **body.all_fields())
    call = asking.request_advice(owner_id=owner_id, about=about)
    return Status(202, reading.find_call(owner_id=owner_id, call_id=call.pk))


@router.get("/advice", response=Page[AdviceOut], summary="Questions to models, newest first")
def list_advice(request: HttpRequest, query: Query[AdviceQuery]) -> Any:
    owner_id = owner_of(request)
    rows = reading.calls(owner_id=owner_id)
    if query.agent_id is not None:
        rows = rows.filter(agent=facts.find(owner_id=owner_id, agent_id=query.agent_id).agent)
    if query.status is not None:
        rows = rows.filter(status=query.status)
    return paginate(rows, query, present=reading.call_row)


@router.get("/advice/honesty", response=HonestyOut, summary="What was proposed against what happened then")
def get_honesty(request: HttpRequest, query: Query[HonestyQuery]) -> Any:
    """Of all settled proposals, or of one agent's."""
    owner_id = owner_of(request)
    if query.agent_id is not None:
        facts.find(owner_id=owner_id, agent_id=query.agent_id)
    return honesty(owner_id=owner_id, agent_id=query.agent_id)


@router.get("/advice/watches", response=list[AdviceWatchOut], summary="Farms and markets asked about at candles' close")
def list_watches(request: HttpRequest) -> Any:
    return reading.watch_rows(owner_id=owner_of(request))


@router.put(
    "/advice/watches",
    auth=LIMITS,
    response=list[AdviceWatchOut],
    summary="Have a farm or a market asked about at close",
)
def set_watch(request: HttpRequest, body: AdviceWatchIn) -> Any:
    """Anew for what is watched already; `every` 0 ends it. Answers with all of them."""
    owner_id = owner_of(request)
    named: dict[str, Any] = {"farm_id": body.farm_id}
    if body.instrument_id is not None:
        named |= {"instrument_id": body.instrument_id, "timeframe": body.timeframe}
    about = facts.find(owner_id=owner_id, **named)
    watching.set_watch(owner_id=owner_id, about=about, timeframe=body.timeframe, every=body.every)
    return reading.watch_rows(owner_id=owner_id)


@router.get("/advice/{uuid:call_id}", response=AdviceDetailOut, summary="One question, what was told and said")
def get_advice(request: HttpRequest, call_id: UUID) -> Any:
    return reading.find_call(owner_id=owner_of(request), call_id=call_id)


@router.get("/agents/{uuid:agent_id}/advice", response=AgentAdviceOut, summary="What advice may come to for an agent")
def get_agents_advice(request: HttpRequest, agent_id: UUID) -> Any:
    return _of_agent(request, agent_id)


@router.put(
    "/agents/{uuid:agent_id}/advice", auth=LIMITS, response=AgentAdviceOut, summary="Set what advice may come to"
)
def set_agents_advice(request: HttpRequest, agent_id: UUID, body: AgentAdviceIn) -> Any:
    """422 for `act` where real money is: a model acts on paper only."""
    wanting.set_level(owner_id=owner_of(request), agent_id=agent_id, **body.all_fields())
    return _of_agent(request, agent_id)


def _of_agent(request: HttpRequest, agent_id: UUID) -> dict[str, Any]:
    found = reading.of_agent(owner_id=owner_of(request), agent_id=agent_id)
    level = found.level
    return {
        "agent_id": agent_id,
        "is_on": found.is_on,
        "level": level.level,
        "every": level.every,
        "daily_orders": level.daily_orders,
        "said": level.said,
        "last": found.last,
    }
