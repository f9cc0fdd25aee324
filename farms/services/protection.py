"""Stops and targets of open positions, watched between the bars.

The run that made an entry gives its order a stop and a target, which the position carries, and remembers the distance
at which the stop follows. They are checked against every new price, for paused agents too: pausing ends decisions, not
protection. The trailing stop follows the best price seen since the entry and never moves back.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from farms.decision import Holding, level_reached, trailed
from farms.models import Agent, FarmEvent
from farms.services.diary import record
from farms.standing import Guarded, lock_agent, open_position, open_positions
from markets.selectors import quotes
from moniqo.alerts.models import Alert
from moniqo.alerts.services import raise_alert
from trading.models import Order, Side
from trading.services import place_order, protect_position

# After so many orders that did not close the position a person has to look at it.
MAXIMUM_ATTEMPTS: Final = 5


def check_protective_stops(*, owner_id: UUID) -> list[Order]:
    """Close every position of the owner's agents whose stop or target the latest price has reached.

    Stops that follow the price are moved first. Returns the orders placed; a position whose order is still on its way
    gets no second one.
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
            placed += _protect(owner_id, guarded.agent_id, quote.price)
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
    attempts = Order.objects.filter(owner_id=owner_id, key__startswith=key).count()
    if attempts >= MAXIMUM_ATTEMPTS:
        return []
    if attempts + 1 == MAXIMUM_ATTEMPTS:
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


def _call_for_help(agent: Agent, guarded: Guarded, reason: str) -> None:
    raise_alert(
        owner_id=agent.owner_id,
        key=f"unprotected:{guarded.position_id}",
        title=f"{agent.name} cannot close its position",
        body=f"{reason} {MAXIMUM_ATTEMPTS} orders were tried: look at the position and close it by hand.",
        level=Alert.Level.CRITICAL,
    )
