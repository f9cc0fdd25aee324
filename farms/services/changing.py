"""Changing and archiving farms and agents. What changed stands in the farm's diary; it binds the next candle."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from farms.engine.standing import last_closed, lock_agent, lock_farm, members
from farms.kinds import READY_MADE, allows, require_known
from farms.models import Agent, AgentFarmAssignment, Farm, FarmEvent, StrategyVersion
from farms.services.diary import record, record_changes
from farms.services.hiring import (
    checked_parameters,
    fraction,
    invalid,
    named,
    require_a_stop,
    require_leverage,
    version_of,
)
from kit import clock
from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError
from kit.sentences import Sentence
from markets.models import Timeframe
from quant import strategies
from trading.models import Order, Position
from wallets.hierarchy import archiving
from wallets.models import Account, Wallet
from wallets.services import collect, update_wallet


def update_farm(
    *, owner_id: UUID, farm_id: UUID, name: str, kind: str, maximum_share: Decimal, target_weight: Decimal | None
) -> Farm:
    """Give the farm another name, kind, maximum share (fraction) or target (fraction of the master's value).

    Raises InvalidInputError naming the field, ConflictError for a farm that is archived or builds its history, and for
    a kind that its agents are not of.
    """
    with transaction.atomic():
        farm = require_settable(lock_farm(owner_id=owner_id, farm_id=farm_id))
        name = named(name, taken=Farm.objects.filter(owner_id=owner_id).exclude(pk=farm_id))
        require_known(kind)
        if kind != farm.kind:
            _require_its_agents_are(farm, Farm.Kind(kind))
        before = _facts_of_farm(farm)
        farm.name, farm.kind, farm.maximum_share = name, kind, fraction(maximum_share, "maximum_share")
        farm.save(update_fields=("name", "kind", "maximum_share"))
        _update_wallet(farm.wallet, name, target_weight)
        farm.wallet.refresh_from_db()
        record_changes(farm, before, _facts_of_farm(farm))
    return farm


def update_agent(
    *,
    owner_id: UUID,
    agent_id: UUID,
    name: str,
    timeframe: str,
    parameters: Mapping[str, Any],
    sizing: str,
    size: Decimal,
    leverage: Decimal | None = None,
    version_id: UUID | None = None,
) -> Agent:
    """Give the agent another name, timeframe, parameters, size (fraction) or leverage, from the next candle on.

    With `version_id` it follows that version of saved rules of its strategy, and `parameters` may say nothing else than
    it has now; without, it follows none and its parameters are its own.

    After a change of its timeframe that is the first candle which opens later than the last one it decided on, so that
    no bar is decided twice. Raises InvalidInputError naming the field, ConflictError for an agent that is archived.
    """
    with transaction.atomic():
        agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
        require_changeable(agent.farm)
        require_unarchived(agent)
        name = named(name, taken=agent.farm.agents.exclude(pk=agent_id))
        if timeframe not in Timeframe.values:
            raise invalid("timeframe", f"Choose one of {', '.join(Timeframe.values)}.")
        if sizing not in Agent.Sizing.values:
            raise invalid("sizing", f"Choose one of {', '.join(Agent.Sizing.values)}.")
        before = _facts_of_agent(agent)
        if timeframe != agent.timeframe:
            agent.last_bar = max(agent.last_bar or 0, last_closed(timeframe))
        agent.name, agent.timeframe, agent.sizing = name, timeframe, sizing
        agent.size = fraction(size, "size")
        _set_rules(agent, parameters, version_id)
        require_a_stop(sizing, agent.parameters)
        agent.leverage = agent.leverage if leverage is None else leverage
        require_leverage(agent.leverage, agent.instrument)
        agent.save(
            update_fields=("name", "timeframe", "sizing", "size", "leverage", "version", "parameters", "last_bar")
        )
        _update_wallet(agent.wallet, name, agent.wallet.target_weight)
        record_changes(agent.farm, before, _facts_of_agent(agent), agent=agent)
    return agent


def follow_version(*, owner_id: UUID, agent_id: UUID, version: StrategyVersion) -> Agent:
    """Let the agent follow these rules, a version of its strategy, from the next candle on.

    Raises ConflictError where it cannot: it is archived, it sizes by a stop that they do not set, its market is spot
    and they are short.
    """
    with transaction.atomic():
        agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
        require_changeable(agent.farm)
        require_unarchived(agent)
        before = _facts_of_agent(agent)
        try:
            _set_rules(agent, agent.parameters, version.pk)
            require_a_stop(agent.sizing, agent.parameters)
        except InvalidInputError as error:
            raise ConflictError(f"{agent.name} cannot follow these rules. {error}") from error
        agent.save(update_fields=("version", "parameters"))
        record_changes(agent.farm, before, _facts_of_agent(agent), agent=agent)
    return agent


def _set_rules(agent: Agent, parameters: Mapping[str, Any], version_id: UUID | None) -> None:
    """The parameters of a version that it is to follow, or else its own."""
    if version_id is None:
        agent.version = None
        agent.parameters = checked_parameters(agent.strategy, parameters, agent.instrument)
        return
    version = version_of(version_id)
    if version.saved.strategy != agent.strategy:
        raise invalid("version_id", f"Choose a version of the agent's own strategy: {version} is of another.")
    own = strategies.get(agent.strategy)
    if agent.version_id and checked_parameters(own.slug, parameters, agent.instrument) != own.validate(
        agent.parameters
    ):
        raise invalid(
            "parameters",
            f"It follows {agent.version}: change that strategy, or let it follow none, and its parameters are its own.",
        )
    agent.version = version
    agent.parameters = checked_parameters(agent.strategy, version.parameters, agent.instrument)


def archive_agent(*, owner_id: UUID, agent_id: UUID) -> Agent:
    """Put an agent away: its free money goes to its farm, it decides no more, and its history stays.

    Raises ConflictError that says what to do while a position or an order of it is open.
    """
    with transaction.atomic():
        agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
        require_changeable(agent.farm)
        if agent.status != Agent.Status.ARCHIVED:
            _archive(agent)
    return agent


def archive_farm(*, owner_id: UUID, farm_id: UUID) -> Farm:
    """Put a farm and its agents away: the agents' free money goes up to the master, all history stays.

    Raises ConflictError that names what is open; then nothing was put away.
    """
    with transaction.atomic():
        farm = lock_farm(owner_id=owner_id, farm_id=farm_id)
        if farm.status == Farm.Status.ARCHIVED:
            return farm
        require_changeable(farm)
        for agent in members([farm]):
            if agent.status != Agent.Status.ARCHIVED:
                _archive(agent)
        _collect_all(farm.wallet)
        farm.status = Farm.Status.ARCHIVED
        farm.save(update_fields=("status",))
        _put_away(farm.wallet)
        record(farm, FarmEvent.Kind.ARCHIVED)
    return farm


def _archive(agent: Agent) -> None:
    _require_nothing_open(agent)
    _collect_all(agent.wallet)
    agent.status, agent.status_detail, agent.failures = Agent.Status.ARCHIVED, Sentence(), 0
    agent.save(update_fields=("status", "status_detail", "failures"))
    AgentFarmAssignment.objects.filter(agent=agent, ended_at=None).update(ended_at=clock.now())
    _put_away(agent.wallet)
    record(agent.farm, FarmEvent.Kind.ARCHIVED, agent=agent)


def _require_nothing_open(agent: Agent) -> None:
    if Position.objects.filter(wallet_id=agent.wallet_id, closed_at=None).exists():
        raise ConflictError(
            f"{agent.name} holds a position: wait until its stop or its strategy closes it, or sell it on Positions."
        )
    if Order.objects.unfinished().filter(wallet_id=agent.wallet_id).exists():
        raise ConflictError(f"{agent.name} has an order that has not ended: wait for it, or cancel it on Orders.")


def _collect_all(wallet: Wallet) -> None:
    """All that is free goes to the parent. Nothing is held: no order is open."""
    parent = wallet.parent
    assert parent is not None  # noqa: S101 - a farm or an agent
    for account in Account.objects.filter(wallet=wallet, kind=Account.Kind.WALLET, balance__gt=0).order_by("asset"):
        collect(
            owner_id=wallet.owner_id,
            source_id=wallet.pk,
            target_id=parent.pk,
            asset=account.asset,
            amount=account.available,
            key=f"archive:{wallet.pk}:{account.version}",
            note=f"{wallet.name} was archived",
        )


def _put_away(wallet: Wallet) -> None:
    _update_wallet(wallet, wallet.name, None, state=Wallet.TradingState.HALTED)
    archiving.put_away(archiving.lock(wallet))


def _update_wallet(wallet: Wallet, name: str, target_weight: Decimal | None, *, state: str = "") -> None:
    update_wallet(
        owner_id=wallet.owner_id,
        wallet_id=wallet.pk,
        name=name,
        target_weight=target_weight,
        trading_state=state or wallet.trading_state,
    )


def require_changeable(farm: Farm) -> Farm:
    """The farm; ConflictError where it is archived or its history is being built."""
    if farm.status == Farm.Status.ARCHIVED:
        raise ConflictError(f"{farm.name} is archived: restore it first.")
    if farm.status == Farm.Status.REHEARSING and not clock.is_controlled():
        raise ConflictError(f"Wait until the history of {farm.name} is built.")
    return farm


def require_settable(farm: Farm) -> Farm:
    """The farm; ConflictError for a pool, and where it may not be changed."""
    if farm.is_pool:
        raise ConflictError(f"{farm.name} is no farm: it holds free agents, and there is nothing to set.")
    return require_changeable(farm)


def _require_its_agents_are(farm: Farm, kind: Farm.Kind) -> None:
    """Raises ConflictError that names who may not work in a farm of this kind."""
    present = (agent for agent in members([farm]) if agent.status != Agent.Status.ARCHIVED)
    others = [agent for agent in present if not allows(kind, agent.strategy)]
    if others:
        names = ", ".join(f"{agent.name} ({strategies.get(agent.strategy).name})" for agent in others)
        way = Farm.Kind.CUSTOM if any(agent.strategy not in READY_MADE for agent in others) else Farm.Kind.MIXED
        raise ConflictError(f"Choose {way.label}, or archive first who is no {kind.label} agent: {names}.")


def require_unarchived(agent: Agent) -> None:
    """Raises ConflictError for an agent that is archived."""
    if agent.status == Agent.Status.ARCHIVED:
        raise ConflictError(f"{agent.name} is archived: restore it first, or duplicate it.")


# --- what changed, in words -----------------------------------------------------------------------------------------


def _facts_of_farm(farm: Farm) -> dict[str, str]:
    target = farm.wallet.target_weight
    return {
        "Name": farm.name,
        "Kind": farm.get_kind_display(),
        "Most in one instrument": _percent(farm.maximum_share),
        "Target": "none" if target is None else _percent(target),
    }


def _facts_of_agent(agent: Agent) -> dict[str, str]:
    facts = {
        "Name": agent.name,
        "Follows": str(agent.version or "rules of its own"),
        "Candles": agent.timeframe,
        "Size": f"{_percent(agent.size)}, {agent.get_sizing_display().lower()}",
        "Leverage": plain(agent.leverage),
    }
    for item in strategies.get(agent.strategy).schema:
        facts[item.title] = item.in_words(agent.parameters.get(item.name, item.default))
    return facts


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"
