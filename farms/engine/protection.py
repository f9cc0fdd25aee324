"""Stops and targets of open positions, watched between the bars.

The run that made an entry gives its order a stop and a target, which the position carries, and remembers the distance
at which the stop follows. They are checked against every new price, for paused agents too: pausing ends decisions, not
protection. The trailing stop follows the best price seen since the entry and never moves back.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max

from farms.engine.decision import Holding, level_reached, trailed
from farms.engine.standing import Guarded, lock_agent, open_position, open_positions
from farms.models import Agent, FarmEvent
from farms.services.diary import record
from kit import clock
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert
from markets.prices import quotes
from trading.models import Order, Side
from trading.services import place_order, protect_position

# After so many orders that did not close the position a person has to look at it. Trying never ends, it only slows
# down: a price that was too old, or a halt, must not leave the position without its stop once it is over.
ATTEMPTS_BEFORE_ALARM: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(minutes=15)

logger = logging.getLogger(__name__)


def check_protective_stops(*, owner_id: UUID) -> list[Order]:
    """Close every position of the owner's agents whose stop or target the latest price has reached.

    Stops that follow the price are moved first. Returns the orders placed; a position whose order is still on its way
    gets no second one, and one that cannot be protected does not keep the others from it.
    """
    watched = open_positions(owner_id=owner_id)
    prices = quotes(instrument_ids={guarded.instrument_id for guarded in watched}) if watched else {}
    placed = []
    for guarded in watched:
        quote = prices.get(guarded.instrument_id)
        if quote is None:
            continue
        followed = _followed(guarded, quote.price)
        if followed != guarded.levels or level_reached(quote.price, followed):
            try:
                with transaction.atomic():
                    placed += _protect(owner_id, guarded.agent_id, quote.price)
            except Exception:
                # One position's trouble must not leave the owner's other stops unguarded; it is tried again.
                logger.exception("The position %s could not be protected", guarded.position_id)
    return placed


def follow(guarded: Guarded, *, owner_id: UUID, best: Decimal) -> Holding:
    """Move the position's stop up behind `best`, if it is not there already; returns its levels.

    The caller holds the agent's lock, so that a stop is never moved back by somebody who saw an older price.
    """
    followed = _followed(guarded, best)
    if followed != guarded.levels:
        protect_position(
            owner_id=owner_id,
            position_id=guarded.position_id,
            stop_price=followed.stop,
            target_price=followed.target,
        )
    return followed


def _followed(guarded: Guarded, best: Decimal) -> Holding:
    return replace(guarded.levels, stop=trailed(guarded.levels.stop, best=best, trail=guarded.trail))


def _protect(owner_id: UUID, agent_id: UUID, price: Decimal) -> list[Order]:
    """Move the stop, and sell the whole position if a level is reached: a second look, under the agent's lock."""
    agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
    guarded = open_position(agent)
    if guarded is None:
        return []
    reason = level_reached(price, follow(guarded, owner_id=owner_id, best=price))
    key = f"protect:{guarded.position_id}:"
    if not reason or agent.is_waiting:
        return []
    tried = Order.objects.filter(owner_id=owner_id, wallet_id=agent.wallet_id, key__startswith=key)
    attempts, last = tried.aggregate(number=Count("pk"), last=Max("created_at")).values()
    if attempts and clock.now() < last + _pause_after(attempts):
        return []
    if attempts + 1 == ATTEMPTS_BEFORE_ALARM:
        _call_for_help(agent, guarded, reason)
    order = place_order(
        wallet=agent.wallet,
        instrument=agent.instrument,
        side=Side.SELL,
        quantity=guarded.levels.quantity,
        key=f"{key}{attempts}",
        reason=reason[:200],
        reduce_only=True,
    )
    record(agent.farm, FarmEvent.Kind.PROTECTED, agent=agent, detail=reason)
    return [order]


def _pause_after(attempts: int) -> timedelta:
    """Ten seconds after the first attempt, then twice as long after each."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)


def _call_for_help(agent: Agent, guarded: Guarded, reason: str) -> None:
    raise_alert(
        owner_id=agent.owner_id,
        key=f"unprotected:{guarded.position_id}",
        title=f"{agent.name} cannot close its position",
        body=f"{reason} {ATTEMPTS_BEFORE_ALARM} orders were tried and more will be, every quarter of an hour in the "
        "end: look at why they were refused, or close the position by hand.",
        level=Alert.Level.CRITICAL,
    )
