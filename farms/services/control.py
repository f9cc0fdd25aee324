"""Starting and pausing. Each is a guarded change that is written to the diary once, however often it is asked for."""

from typing import Final
from uuid import UUID

from django.db.models.functions import Coalesce, Greatest

from farms.engine.standing import last_closed, lock_agent, lock_farm
from farms.models import Agent, Farm, FarmEvent
from farms.services.diary import record
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert
from kit.errors import ConflictError
from kit.sentences import Sentence, sentence, told_by

FAILURES_BEFORE_PAUSE: Final = 3


def start_farm(*, owner_id: UUID, farm_id: UUID) -> Farm:
    """Let the farm's running agents act from the next bar on. Starting a running farm changes nothing.

    Raises ConflictError for one that is archived, and for a pool.
    """
    return _switch_farm(owner_id, farm_id, Farm.Status.RUNNING, FarmEvent.Kind.STARTED)


def pause_farm(*, owner_id: UUID, farm_id: UUID) -> Farm:
    """Stop new decisions of all its agents. Open positions stay, protected by their stops."""
    return _switch_farm(owner_id, farm_id, Farm.Status.PAUSED, FarmEvent.Kind.PAUSED)


def rehearse_farm(*, owner_id: UUID, farm_id: UUID) -> Farm:
    """Let a paused farm run over the past: only code under a controlled clock may then move its agents.

    Raises ConflictError for a running farm, whose present must not be mixed with a past.
    """
    farm = lock_farm(owner_id=owner_id, farm_id=farm_id)
    _require_unarchived(farm)
    if farm.status == Farm.Status.RUNNING:
        raise ConflictError("Pause the farm before its history is built.")
    farm.status = Farm.Status.REHEARSING
    farm.save(update_fields=("status",))
    return farm


def start_agent(*, owner_id: UUID, agent_id: UUID) -> Agent:
    """Let the agent act from the next bar on, with its earlier failures forgotten. A running agent stays as it is.

    Raises ConflictError for one that is archived or free.
    """
    agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
    _require_unarchived(agent)
    if agent.status != Agent.Status.RUNNING:
        if agent.farm.is_pool:
            raise ConflictError(f"{agent.name} is free: move it to a farm, and start it there.")
        agent.status, agent.status_detail, agent.failures = Agent.Status.RUNNING, Sentence(), 0
        # A candle that closed before somebody started it is no basis for an order: its price is gone.
        agent.last_bar = max(agent.last_bar or 0, last_closed(agent.timeframe))
        agent.save(update_fields=("status", "status_detail", "failures", "last_bar"))
        resolve_alert(owner_id=owner_id, key=_failure_key(agent))
        record(agent.farm, FarmEvent.Kind.STARTED, agent=agent)
    return agent


def pause_agent(*, owner_id: UUID, agent_id: UUID) -> Agent:
    """Stop new decisions of the agent. An open position stays, protected by its stop."""
    agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
    if agent.status == Agent.Status.RUNNING:
        agent.status, agent.status_detail = Agent.Status.PAUSED, Sentence()
        agent.save(update_fields=("status", "status_detail"))
        record(agent.farm, FarmEvent.Kind.PAUSED, agent=agent)
    return agent


def record_failure(*, owner_id: UUID, agent_id: UUID, error: Exception) -> Agent:
    """Note that a run failed with `error`; after three in a row the agent is paused and its owner told."""
    agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
    agent.failures += 1
    agent.status_detail = sentence("{kind}: {said}", kind=type(error).__name__, said=told_by(error))
    if agent.failures >= FAILURES_BEFORE_PAUSE and agent.status == Agent.Status.RUNNING:
        agent.status = Agent.Status.PAUSED
        record(agent.farm, FarmEvent.Kind.FAILED, agent=agent, detail=agent.status_detail)
        raise_alert(
            owner_id=owner_id,
            key=_failure_key(agent),
            title=f"{agent.name} was paused",
            body="It failed {failures} times in a row. The last time: {said}",
            level=Alert.Level.CRITICAL,
            about=about("agent", agent.pk),
            failures=agent.failures,
            said=agent.status_detail,
        )
    agent.save(update_fields=("status", "status_detail", "failures"))
    return agent


def _switch_farm(owner_id: UUID, farm_id: UUID, status: Farm.Status, kind: FarmEvent.Kind) -> Farm:
    farm = lock_farm(owner_id=owner_id, farm_id=farm_id)
    if farm.status == Farm.Status.ARCHIVED and status == Farm.Status.PAUSED:
        return farm
    _require_unarchived(farm)
    if farm.status != status:
        if farm.is_pool:
            raise ConflictError(f"Nobody trades in {farm.name}: move its agents to farms, and start them there.")
        farm.status = status
        farm.save(update_fields=("status",))
        if status == Farm.Status.RUNNING:
            _wait_for_the_next_candle(farm)
        record(farm, kind)
    return farm


def _wait_for_the_next_candle(farm: Farm) -> None:
    """As an agent that is started by itself."""
    for timeframe in set(farm.agents.values_list("timeframe", flat=True)):
        last_bar = Greatest(Coalesce("last_bar", 0), last_closed(timeframe))
        farm.agents.filter(timeframe=timeframe).update(last_bar=last_bar)


def _require_unarchived(thing: Farm | Agent) -> None:
    if thing.status == "archived":
        raise ConflictError(f"{thing.name} is archived: restore it first.")


def _failure_key(agent: Agent) -> str:
    return f"agent-failed:{agent.pk}"
