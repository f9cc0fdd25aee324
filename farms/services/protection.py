"""Stops and targets of open positions, watched between the bars.

The run that made an entry gives its order a stop and a target, which the position carries, and remembers the distance
at which the stop follows. They are checked against every new price, for paused agents too: pausing ends decisions, not
protection. The trailing stop follows the best price seen since the entry and never moves back.
"""

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from farms.decision import Holding, level_reached, trailed
from farms.models import Agent, AgentRun, Farm, FarmEvent
from farms.services.control import lock_agent
from farms.services.diary import record
from markets.selectors import quotes
from moniqo.alerts.models import Alert
from moniqo.alerts.services import raise_alert
from moniqo.lib import clock
from trading.models import Order, Position, Side
from trading.services import place_order, protect_position

# After so many orders that did not close the position a person has to look at it.
MAXIMUM_ATTEMPTS: Final = 5


def check_protective_stops(*, owner_id: UUID) -> list[Order]:
    """Close every position of the owner's agents whose stop or target the latest price has reached.

    Stops that follow the price are moved first. Returns the orders placed; a position whose order is still on its way
    gets no second one.
    """
    positions = _guarded_positions(owner_id)
    if not positions:
        return []
    prices = quotes(instrument_ids={position.instrument_id for position, _ in positions})
    entries = entering_runs(agent_ids=[agent.pk for _, agent in positions])
    placed = []
    for position, agent in positions:
        quote = prices.get(position.instrument_id)
        if quote is None:
            continue
        levels = _levels(position)
        followed = _followed(levels, entries.get(agent.pk), quote.price)
        if followed != levels or level_reached(quote.price, followed):
            placed += _protect(owner_id, agent, entries.get(agent.pk), quote.price)
    return placed


def follow(position: Position, entry: AgentRun | None, *, best: Decimal) -> Holding:
    """Move the position's stop up behind `best`, as far as the run that entered it says; returns its levels.

    The caller holds the agent's lock, so that a stop is never moved back by somebody who saw an older price.
    """
    levels = _levels(position)
    followed = _followed(levels, entry, best)
    if followed != levels:
        protect_position(
            owner_id=position.owner_id,
            position_id=position.pk,
            stop_price=followed.stop,
            target_price=followed.target,
        )
    return followed


def entering_runs(*, agent_ids: Collection[UUID]) -> dict[UUID, AgentRun]:
    """The run behind each agent's last entry."""
    runs = (
        AgentRun.objects.filter(agent__in=agent_ids, decision=AgentRun.Decision.ENTER, order__isnull=False)
        .order_by("agent_id", "-bar")
        .distinct("agent_id")
    )
    return {run.agent_id: run for run in runs}


def open_position(agent: Agent) -> Position | None:
    """The agent's open position in its instrument."""
    return Position.objects.filter(
        wallet=agent.wallet_id, instrument=agent.instrument_id, closed_at__isnull=True
    ).first()


def is_order_on_its_way(agent: Agent) -> bool:
    """Whether an order of the agent has no final answer yet."""
    return Order.objects.unfinished().filter(wallet=agent.wallet_id).exists()


def _levels(position: Position) -> Holding:
    return Holding(position.quantity, position.stop_price, position.target_price)


def _followed(levels: Holding, entry: AgentRun | None, best: Decimal) -> Holding:
    return replace(levels, stop=trailed(levels.stop, best=best, trail=entry.trail)) if entry else levels


def _guarded_positions(owner_id: UUID) -> list[tuple[Position, Agent]]:
    """Open positions with their agents. What a farm holds in its rehearsal is guarded on the rehearsal's clock only."""
    positions = (
        Position.objects.filter(owner_id=owner_id, closed_at__isnull=True, wallet__agent__isnull=False)
        .select_related("wallet__agent__farm")
        .order_by("opened_at")
    )
    found = ((position, position.wallet.agent) for position in positions)
    return [
        (position, agent)
        for position, agent in found
        if agent.instrument_id == position.instrument_id
        and (agent.farm.status == Farm.Status.REHEARSING) == clock.is_controlled()
    ]


def _protect(owner_id: UUID, agent: Agent, entry: AgentRun | None, price: Decimal) -> list[Order]:
    """Move the stop, and sell the whole position if a level is reached: a second look, under the agent's lock."""
    agent = lock_agent(owner_id=owner_id, agent_id=agent.pk)
    position = open_position(agent)
    if position is None:
        return []
    reason = level_reached(price, follow(position, entry, best=price))
    key = f"protect:{position.pk}:"
    if not reason or is_order_on_its_way(agent):
        return []
    attempts = Order.objects.filter(owner_id=owner_id, key__startswith=key).count()
    if attempts >= MAXIMUM_ATTEMPTS:
        return []
    if attempts + 1 == MAXIMUM_ATTEMPTS:
        _call_for_help(agent, position, reason)
    order = place_order(
        wallet=agent.wallet,
        instrument=agent.instrument,
        side=Side.SELL,
        quantity=position.quantity,
        key=f"{key}{attempts}",
        reason=reason[:200],
        reduce_only=True,
    )
    record(agent.farm, FarmEvent.Kind.PROTECTED, agent=agent, detail=reason)
    return [order]


def _call_for_help(agent: Agent, position: Position, reason: str) -> None:
    raise_alert(
        owner_id=agent.owner_id,
        key=f"unprotected:{position.pk}",
        title=f"{agent.name} cannot close its position",
        body=f"{reason} {MAXIMUM_ATTEMPTS} orders were tried: look at the position and close it by hand.",
        level=Alert.Level.CRITICAL,
    )
