"""Orders that wait for a price before they are sent: stops, stop limits, take profits, trailing stops, and orders of
two prices, which are sent by whichever is reached first.

They rest here and not at the venue, and the monitor of positions looks at them with each new price: sales go by the
bid, purchases by the ask. One statement looks at all of an owner, moves the triggers that trail, and brings back those
that were reached and those whose price is older than the gate would trade by: these wait. What was reached is claimed
under its lock and sent like any order; the funds have been held since it was placed, or are once the stop that rests at
the venue has made way: until then what was reached is remembered, and not sent.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from kit import clock
from kit.sentences import Sentence, sentence
from kit.sentences import price as shown
from trading.models import Order, Side
from trading.orders import leases, states
from trading.orders.life import locked, move, note, send_soon
from trading.risk.proposals import PRICE_AGE_LIMIT
from wallets.models import Connection

# The same shape as `positions.protection._LOOK`; GREATEST and LEAST never move a trigger back.
_LOOK: Final = """
WITH watched AS (
    SELECT id, instrument_id, side, type, trigger_price, trail, trail_share, target_price
    FROM trading_order
    WHERE owner_id = %(owner)s AND status = 'waiting' AND trigger_price IS NOT NULL
        AND connection_id <> ALL (%(elsewhen)s::uuid[])
), seen AS (
    SELECT watched.*, CASE watched.side WHEN 'sell' THEN quote.bid ELSE quote.ask END AS price, quote.at,
        quote.at IS NOT NULL
        AND (NOT %(live)s OR quote.at BETWEEN %(now)s - %(fresh)s AND %(now)s + %(fresh)s) AS is_fresh
    FROM watched LEFT JOIN market_quotes(ARRAY(SELECT DISTINCT instrument_id FROM watched), %(now)s, %(live)s) AS quote
        USING (instrument_id)
), behind AS (
    SELECT id, CASE side WHEN 'sell' THEN price - coalesce(trail, price * trail_share)
                         ELSE price + coalesce(trail, price * trail_share) END AS level
    FROM seen WHERE is_fresh AND type = 'trailing_stop'
), ahead AS (
    SELECT waiting.id, behind.level
    FROM trading_order AS waiting JOIN behind USING (id)
    WHERE waiting.status = 'waiting' AND CASE waiting.side
        WHEN 'sell' THEN behind.level > waiting.trigger_price ELSE behind.level < waiting.trigger_price END
    ORDER BY waiting.id FOR NO KEY UPDATE OF waiting
), moved AS (
    UPDATE trading_order AS waiting SET trigger_price = ahead.level FROM ahead WHERE ahead.id = waiting.id
), now_at AS (
    SELECT seen.*, coalesce(ahead.level, seen.trigger_price) AS level FROM seen LEFT JOIN ahead USING (id)
)
SELECT id, instrument_id, level, price, at, is_fresh
FROM now_at
WHERE NOT is_fresh
    OR CASE WHEN (side = 'sell') = (type <> 'take_profit') THEN price <= level ELSE price >= level END
    OR CASE side WHEN 'sell' THEN price >= target_price ELSE price <= target_price END
ORDER BY id
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waits:
    """An instrument with orders that wait for a price which is too old, or that has none (`at` is None)."""

    instrument_id: int
    at: datetime | None
    orders: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look finds: the orders whose triggers were reached, with the price that did, and who waits for a price."""

    reached: tuple[tuple[UUID, Decimal], ...]
    unseen: tuple[Waits, ...]


def look_at_triggers(*, owner_id: UUID) -> Seen:
    """Which of the owner's waiting orders the market has reached; their triggers are moved first. One statement for
    them all, whatever their number; run it as the tenant."""
    is_live = not clock.is_controlled()
    elsewhen = Connection.objects.filter(owner_id=owner_id, is_rehearsing=is_live).values_list("pk", flat=True)
    given: dict[str, Any] = {
        "owner": owner_id,
        "now": clock.now(),
        "live": is_live,
        "elsewhen": list(elsewhen),
        "fresh": PRICE_AGE_LIMIT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, given)
        rows = cursor.fetchall()
    unseen: dict[int, Waits] = {}
    for _, instrument_id, _, _, at, is_fresh in rows:
        if not is_fresh:
            before = unseen.get(instrument_id)
            unseen[instrument_id] = Waits(instrument_id, at, 1 if before is None else before.orders + 1)
    return Seen(tuple((row[0], row[3]) for row in rows if row[5]), tuple(unseen.values()))


def send_reached(seen: Seen) -> list[Order]:
    """Let the orders that were reached be sent; returns them. Safe to repeat and on several workers at once: whoever
    comes second finds them on their way. Runs in the owner's tenant."""
    sent = []
    for order_id, at in seen.reached:
        try:
            with transaction.atomic():
                if (order := _send(order_id, at)) is not None:
                    sent.append(order)
        except Exception:  # one order's trouble must not keep the owner's other stops waiting; it is reached again
            logger.exception("The order %s could not be sent when it was reached", order_id)
    return sent


def owners_of_waiting() -> list[UUID]:
    """Owners of orders that somebody has to watch now; asked as the system role."""
    rows = Order.objects.filter(status=states.WAITING, connection__is_rehearsing=clock.is_controlled())
    return list(rows.order_by().values_list("owner_id", flat=True).distinct())


def _send(order_id: UUID, at: Decimal) -> Order | None:
    order = locked(order_id, "connection")
    if order.status != states.WAITING or order.waits_for_stop or not order.connection.carries_out:
        return None
    order.triggered_at = clock.now()
    order.save(update_fields=("triggered_at",))
    if order.hold_id is None and order.sells_holding:
        # The stop at the venue still has what it would sell: it is sent once that has ended (`life.move`).
        note(order, order.status, _reason(order, at, "it is sent once the stop at the venue has made way"))
        return None
    order.due_at = leases.start(leases.START_WITHIN)
    move(order, states.SUBMITTING, _reason(order, at))
    send_soon(order)
    return order


def _reason(order: Order, at: Decimal, so: str = "it is sent") -> Sentence:
    tick, level = order.instrument.tick_size, order.trigger_price or at
    if order.target_price is not None and (
        at >= order.target_price if order.side == Side.SELL else at <= order.target_price
    ):
        level = order.target_price
    return sentence(
        "The trigger at {level} was reached by {price}: {so}.",
        level=shown(level, tick),
        price=shown(at, tick),
        so=so,
    )
