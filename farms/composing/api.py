"""Saved strategies for programs. The same services as the pages."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from farms.composing import readings, saving
from farms.composing.changes import changes
from farms.composing.checking import known_strategy, require_sound
from farms.composing.saving import Rules
from farms.composing.schemas import (
    CheckedRulesOut,
    RulesIn,
    SavedStrategyChange,
    SavedStrategyDetailOut,
    SavedStrategyIn,
    SavedStrategyOut,
    SavedStrategyQuery,
)
from farms.services.hiring import version_of
from kit.api import OptionalKey, Page, paginate
from kit.errors import InvalidInputError, NotFoundError
from kit.http import owner_of
from kit.users.access import READ
from quant import strategies
from quant.errors import UnknownStrategyError
from quant.strategies.json_schema import schema_of

router = Router()


@router.get("/strategies/{slug}/schema", response=dict[str, Any], summary="Its parameters as JSON Schema")
def get_schema(request: HttpRequest, slug: str) -> Any:
    """Of 2020-12. How deep groups may be nested, and what holds between parameters, is told where they are sent."""
    try:
        return schema_of(strategies.get(slug))
    except UnknownStrategyError as error:
        raise NotFoundError(str(error)) from error


@router.get("/saved-strategies", response=Page[SavedStrategyOut], summary="Your saved strategies, newest first")
def list_saved_strategies(request: HttpRequest, query: Query[SavedStrategyQuery]) -> Any:
    page = paginate(readings.saved_strategies(owner_id=owner_of(request), archived=query.archived), query)
    return page | {"items": readings.strategy_rows(page["items"])}


@router.post("/saved-strategies", response={201: SavedStrategyDetailOut}, summary="Check rules and save them")
def create_saved_strategy(request: HttpRequest, body: SavedStrategyIn, key: OptionalKey = None) -> Any:
    """422 names the rule that they break: looking ahead, never or always entering, entering without protection."""
    rules = Rules(parameters=body.parameters, instrument_id=body.instrument_id, timeframe=body.timeframe)
    made = saving.save_strategy(
        owner_id=owner_of(request), name=body.name, strategy=body.strategy, rules=rules, key=key or ""
    )
    return Status(201, _detail(request, made.saved_id))


@router.post("/saved-strategies/preview", auth=READ, response=CheckedRulesOut, summary="Check rules, and save nothing")
def preview_rules(request: HttpRequest, body: RulesIn) -> Any:
    """Refused with what `POST /saved-strategies` would be refused with; else what would be saved and what differs."""
    strategy = known_strategy(body.strategy)
    checked = require_sound(body.strategy, body.parameters, body.instrument_id, body.timeframe)
    before = None if body.version_id is None else version_of(body.version_id)
    said = [] if before is None else changes(strategy, before.parameters, checked.parameters)
    return {"parameters": checked.parameters, "bars": checked.bars, "changes": said}


@router.get("/saved-strategies/{strategy_id}", response=SavedStrategyDetailOut, summary="One with all its versions")
def get_saved_strategy(request: HttpRequest, strategy_id: UUID) -> Any:
    return _detail(request, strategy_id)


@router.patch(
    "/saved-strategies/{strategy_id}", response=SavedStrategyDetailOut, summary="Change its name or its rules"
)
def change_saved_strategy(request: HttpRequest, strategy_id: UUID, body: SavedStrategyChange) -> Any:
    """Other rules make a version; 409 where they are those of the newest one, `version` is not the newest any more, or
    an agent cannot follow them, and where it is archived.
    """
    sent = body.sent()
    found = readings.saved_strategy(owner_id=owner_of(request), strategy_id=strategy_id)
    rules = None
    if "parameters" in sent:
        newest = readings.newest_version(found)
        rules = Rules(
            parameters=body.parameters,
            instrument_id=sent.get("instrument_id", newest.instrument_id),
            timeframe=sent.get("timeframe", newest.timeframe),
        )
    elif alone := sent.keys() & {"instrument_id", "timeframe"}:
        told = "Send the parameters with it: it says on whose candles they are checked."
        raise InvalidInputError(told, fields=dict.fromkeys(sorted(alone), told))
    saving.change_strategy(
        owner_id=owner_of(request),
        strategy_id=strategy_id,
        base=sent.get("version"),
        name=sent.get("name"),
        rules=rules,
        agent_ids=body.agent_ids,
    )
    return _detail(request, strategy_id)


@router.post(
    "/saved-strategies/{strategy_id}/archive",
    response=SavedStrategyDetailOut,
    summary="Put one away that nobody follows",
)
def archive_saved_strategy(request: HttpRequest, strategy_id: UUID) -> Any:
    """409 names the agents that follow it and are not archived. Its versions stay, and what was tested of them."""
    saving.archive_strategy(owner_id=owner_of(request), strategy_id=strategy_id)
    return _detail(request, strategy_id)


@router.post("/saved-strategies/{strategy_id}/restore", response=SavedStrategyDetailOut, summary="Take one back")
def restore_saved_strategy(request: HttpRequest, strategy_id: UUID) -> Any:
    saving.restore_strategy(owner_id=owner_of(request), strategy_id=strategy_id)
    return _detail(request, strategy_id)


def _detail(request: HttpRequest, strategy_id: UUID) -> dict[str, Any]:
    found = readings.saved_strategy(owner_id=owner_of(request), strategy_id=strategy_id)
    (row,) = readings.strategy_rows([found])
    versions = [
        {
            **{name: getattr(one, name) for name in ("id", "number", "parameters", "instrument_id", "timeframe")},
            "changes": one.exact_changes,
            "bars": one.bars,
            "agent_ids": [agent.pk for agent in one.agents],
            "created_at": one.created_at,
        }
        for one in readings.versions_of(found)
    ]
    return {name: getattr(row, name) for name in SavedStrategyOut.model_fields} | {"versions": versions}
