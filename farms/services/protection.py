"""Stops and targets of open positions, watched between the bars.

The bar that made an entry says where its stop, its target and its trailing distance are; the position carries the
levels. They are checked against every new price, for paused agents too: pausing ends decisions, not protection. The
trailing stop follows the best price seen since the entry and never moves back.
"""

import logging
from collections.abc import Collection
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from farms.decision import Holding, level_reached, trailed
from farms.models import Agent, AgentRun, Farm, FarmEvent
from farms.services.control import lock_agent
from farms.services.diary import record
from markets.selectors import quotes
from moniqo.alerts.models import Alert
from moniqo.alerts.services import raise_alert
from moniqo.lib import clock
from moniqo.lib.errors import MoniqoError
from trading.models import Order, Position, Side
from trading.services import place_order

logger = logging.getLogger(__name__)

# After so many orders that did not close the position a person has to look at it.
MAXIMUM_ATTEMPTS: Final = 5


def check_protective_stops(*, owner_id: UUID) -> list[Order]:
    """Close every position of the owner's agents whose stop or target the latest price has reached.

    Levels that follow the price are moved first. Returns the orders placed; a position whose order is still on its way
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
        follow(position, entries.get(agent.pk), best=quote.price)
        if level_reached(quote.price, _levels(position)):
            placed += _close(owner_id, agent, quote.price)
    return placed


def follow(position: Position, entry: AgentRun | None, *, best: Decimal) -> None:
    """Give the position the levels of the run that entered it, with the stop moved up behind `best`."""
    if entry is None:
        return
    stop = position.stop_price if position.stop_price is not None else entry.stop_price
    target = position.target_price if position.target_price is not None else entry.target_price
    stop = trailed(stop, best=best, trail=entry.trail)
    if (stop, target) == (position.stop_price, position.target_price):
        return
    # Two workers may have seen different prices: the higher stop stays.
    lower = Q(stop_price__isnull=True) | Q(stop_price__lte=stop) if stop is not None else Q()
    Position.objects.filter(lower, pk=position.pk, closed_at__isnull=True).update(stop_price=stop, target_price=target)
    position.stop_price, position.target_price = stop, target


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


def holding_of(position: Position | None) -> Holding | None:
    """The position as the decision sees it."""
    return _levels(position) if position else None


def is_order_on_its_way(agent: Agent) -> bool:
    """Whether an order of the agent has no final answer yet."""
    return Order.objects.filter(wallet=agent.wallet_id).exclude(status__in=Order.TERMINAL).exists()


def _levels(position: Position) -> Holding:
    return Holding(position.quantity, position.stop_price, position.target_price)


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


def _close(owner_id: UUID, agent: Agent, price: Decimal) -> list[Order]:
    """Sell the whole position, after a second look under the agent's lock."""
    agent = lock_agent(owner_id=owner_id, agent_id=agent.pk)
    position = open_position(agent)
    if position is None or is_order_on_its_way(agent):
        return []
    reason = level_reached(price, _levels(position))
    key = f"protect:{position.pk}:"
    attempts = Order.objects.filter(owner_id=owner_id, key__startswith=key).count()
    if not reason or attempts >= MAXIMUM_ATTEMPTS:
        return []
    try:
        with transaction.atomic():
            order = place_order(
                wallet=agent.wallet,
                instrument=agent.instrument,
                side=Side.SELL,
                quantity=position.quantity,
                key=f"{key}{attempts}",
                reason=reason[:200],
                reduce_only=True,
            )
    except MoniqoError as error:  # the other positions still want their stops
        logger.warning("The stop of position %s could not be placed: %s", position.pk, error)
        return []
    record(agent.farm, FarmEvent.Kind.PROTECTED, agent=agent, detail=reason)
    if attempts + 1 == MAXIMUM_ATTEMPTS:
        raise_alert(
            owner_id=owner_id,
            key=f"unprotected:{position.pk}",
            title=f"{agent.name} cannot close its position",
            body=f"{reason} {MAXIMUM_ATTEMPTS} orders did not close it: look at the position and close it by hand.",
            level=Alert.Level.CRITICAL,
        )
    return [order]
