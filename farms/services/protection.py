"""Stops and targets of open positions, watched between the bars.

The run that made an entry gives its order a stop and a target, which the position carries, and remembers the distance
at which the stop follows. They are checked against every new price, for paused agents too: pausing ends decisions, not
protection. The trailing stop follows the best price seen since the entry and never moves back.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery, Value

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
    guarded = _guarded(owner_id)
    prices = quotes(instrument_ids={each.instrument_id for each in guarded}) if guarded else {}
    placed = []
    for each in guarded:
        quote = prices.get(each.instrument_id)
        if quote is None:
            continue
        followed = _followed(each.levels, each.trail, quote.price)
        if followed != each.levels or level_reached(quote.price, followed):
            placed += _protect(owner_id, each, quote.price)
    return placed


def follow(position: Position, *, trail: Decimal | None, best: Decimal) -> Holding:
    """Move the position's stop up to `trail` behind `best`, if it is not there already; returns its levels.

    The caller holds the agent's lock, so that a stop is never moved back by somebody who saw an older price.
    """
    levels = _levels(position)
    followed = _followed(levels, trail, best)
    if followed != levels:
        protect_position(
            owner_id=position.owner_id,
            position_id=position.pk,
            stop_price=followed.stop,
            target_price=followed.target,
        )
    return followed


def open_position(agent: Agent) -> tuple[Position, Decimal | None] | None:
    """The agent's open position in its instrument, and the distance at which its stop follows, if it does."""
    position = (
        Position.objects.filter(wallet=agent.wallet_id, instrument=agent.instrument_id, closed_at__isnull=True)
        .annotate(trail=_trail_of(Value(agent.pk)))
        .first()
    )
    return (position, position.trail) if position else None


def _trail_of(agent: Value | OuterRef) -> Subquery:
    """The trailing distance that the agent's last entry was made with."""
    entries = AgentRun.objects.filter(agent=agent, decision=AgentRun.Decision.ENTER, order__isnull=False)
    return Subquery(entries.order_by("-bar").values("trail")[:1])


def _levels(position: Position) -> Holding:
    return Holding(position.quantity, position.stop_price, position.target_price)


def _followed(levels: Holding, trail: Decimal | None, best: Decimal) -> Holding:
    return replace(levels, stop=trailed(levels.stop, best=best, trail=trail))


@dataclass(frozen=True, slots=True)
class _Guarded:
    """An open position of an agent: its levels, and the distance at which its stop follows."""

    agent_id: UUID
    instrument_id: int
    levels: Holding
    trail: Decimal | None


def _guarded(owner_id: UUID) -> list[_Guarded]:
    """What has to be watched. What a farm holds in its rehearsal is guarded on the rehearsal's clock only."""
    rehearsing = Q(wallet__agent__farm__status=Farm.Status.REHEARSING)
    rows = (
        Position.objects.filter(rehearsing if clock.is_controlled() else ~rehearsing)
        .filter(owner_id=owner_id, closed_at__isnull=True, instrument=F("wallet__agent__instrument"))
        .order_by("opened_at")
        .values_list(
            "wallet__agent",
            "instrument_id",
            "quantity",
            "stop_price",
            "target_price",
            _trail_of(OuterRef("wallet__agent")),
        )
    )
    return [
        _Guarded(agent_id, instrument_id, Holding(quantity, stop, target), trail)
        for agent_id, instrument_id, quantity, stop, target, trail in rows
    ]


def _protect(owner_id: UUID, guarded: _Guarded, price: Decimal) -> list[Order]:
    """Move the stop, and sell the whole position if a level is reached: a second look, under the agent's lock."""
    agent = lock_agent(owner_id=owner_id, agent_id=guarded.agent_id)
    held = open_position(agent)
    if held is None:
        return []
    position, trail = held
    reason = level_reached(price, follow(position, trail=trail, best=price))
    key = f"protect:{position.pk}:"
    if not reason or agent.is_waiting:
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
