"""Rules of somebody's own are checked before an agent works by them: as they are before they are saved.

A service locks the farm, and a check takes a while: so whoever asks from outside is checked here, before the service is
called. Ready-made strategies as they come are checked once for all, by the tests.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from farms.composing.checking import known_strategy, require_sound
from farms.kinds import READY_MADE
from farms.models import Agent, Farm, StrategyVersion
from kit.errors import ConflictError, InvalidInputError
from quant.errors import QuantError

# A farm that runs is running, and of these the service says why they do not start.
_NOT_STARTED: Final = (Farm.Status.RUNNING, Farm.Status.ARCHIVED)
# So many others are named.
NAMED: Final = 5


def require_sound_agent(
    *,
    strategy: str,
    parameters: Mapping[str, Any] | None,
    version_id: UUID | None,
    instrument_id: int,
    timeframe: str,
) -> None:
    """Check the rules, a version's where one is named, on the agent's own market and candles.

    A version is checked already where it was saved on these. What is not there the service refuses, which knows it.
    Raises what `require_sound` raises.
    """
    if version_id is not None:
        version = StrategyVersion.objects.select_related("saved").filter(pk=version_id).first()
        if version is None or (version.instrument_id, version.timeframe) == (instrument_id, timeframe):
            return
        strategy, parameters = version.saved.strategy, version.parameters
    if strategy and (strategy not in READY_MADE or _is_composed(strategy, parameters or {})):
        require_sound(strategy, parameters or {}, instrument_id, timeframe)


def _is_composed(strategy: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a ready-made strategy is put together in another way than it comes."""
    return any(
        item.kind == "data" and parameters.get(item.name, item.default) != item.default
        for item in known_strategy(strategy).schema
    )


def require_sound_change(
    *, owner_id: UUID, agent_id: UUID, parameters: Mapping[str, Any], version_id: UUID | None, timeframe: str
) -> None:
    """The same of an agent whose rules or candles are to be others; what stays is not asked about again."""
    agent = Agent.objects.filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        return
    with suppress(QuantError):  # what is no value of the strategy's, the service says
        parameters = known_strategy(agent.strategy).validate(parameters)
    if (agent.parameters, agent.version_id, agent.timeframe) == (parameters, version_id, timeframe):
        return
    require_sound_agent(
        strategy=agent.strategy,
        parameters=parameters,
        version_id=version_id,
        instrument_id=agent.instrument_id,
        timeframe=timeframe,
    )


def require_sound_start(*, owner_id: UUID, agent_id: UUID) -> None:
    """The same of an agent that is to start, by the rules that it has now; ConflictError where they do not pass."""
    agent = Agent.objects.filter(owner_id=owner_id, pk=agent_id).exclude(status=Agent.Status.RUNNING).first()
    if agent is None or agent.status == Agent.Status.ARCHIVED:
        return
    if (trouble := _trouble(agent)) is not None:
        raise ConflictError(f"{agent.name} cannot start. {trouble}") from trouble


def require_sound_farm(*, owner_id: UUID, farm_id: UUID) -> None:
    """The same of every agent that acts once the farm does.

    One that does not pass keeps the farm from starting: half a farm is not what was asked for, and who wants it without
    that agent pauses it first. Agents with the same rules on the same candles are checked once.
    """
    farm = Farm.objects.filter(owner_id=owner_id, pk=farm_id).exclude(status__in=_NOT_STARTED).first()
    if farm is None:
        return
    found: dict[str, InvalidInputError | None] = {}
    failing: list[tuple[str, InvalidInputError]] = []
    for agent in farm.agents.filter(status=Agent.Status.RUNNING).order_by("created_at", "name"):
        rules = json.dumps(
            [agent.strategy, agent.parameters, str(agent.version_id), agent.instrument_id, agent.timeframe],
            sort_keys=True,
        )
        if rules not in found:
            found[rules] = _trouble(agent)
        if (trouble := found[rules]) is not None:
            failing.append((agent.name, trouble))
    if failing:
        (name, trouble), *others = failing
        more = f" Nor may {', '.join(name for name, _ in others[:NAMED])}." if others else ""
        if len(others) > NAMED:
            more = f"{more[:-1]} and {len(others) - NAMED} more."
        raise ConflictError(
            f"{farm.name} cannot start: {name} may not work by its rules. {trouble}{more} "
            "Change the rules, or pause who has them and start the farm again."
        ) from trouble


def _trouble(agent: Agent) -> InvalidInputError | None:
    """What is wrong with the rules that the agent has now."""
    try:
        require_sound_agent(
            strategy=agent.strategy,
            parameters=agent.parameters,
            version_id=agent.version_id,
            instrument_id=agent.instrument_id,
            timeframe=agent.timeframe,
        )
    except InvalidInputError as error:
        return error
    return None
