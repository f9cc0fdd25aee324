"""The stops of positions rest at their venues, where those keep stops.

A position's stop is a sale that is sent before anything has reached it, and named, held for and looked up as any other.
It holds what it would sell, and lends it: whoever sells the position otherwise is placed at once, waits until the venue
has said what became of the stop, and is sent then, for what is left (`life.move`). So the two never both sell. When the
stop is moved, or the position shrinks, it is ended and placed anew; between the two, and wherever it does not rest, the
monitor watches the level itself, as it does at venues that keep none.
"""

import logging
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from kit import clock
from kit.alerts.links import about
from kit.alerts.services import raise_alert, resolve_alert
from kit.errors import ConflictError, InvalidInputError
from kit.sentences import price, sentence
from markets.models import InstrumentKind
from markets.prices import quotes
from trading.models import RESTING_STOP, Order, Position, Side
from trading.orders import states
from trading.orders.cancelling import request_cancellation
from trading.orders.facts import locked_wallet
from trading.orders.placing import place_order
from trading.orders.terms import Trigger
from trading.risk.proposals import PRICE_AGE_LIMIT
from trading.risk.sizing import in_lots, in_ticks
from wallets.venues.capabilities import RESTING_STOPS

logger = logging.getLogger(__name__)

# A stop that follows the price, or whose position grows, is moved at the venue so often at most.
MOVED_EVERY: Final = timedelta(minutes=1)
# After one that was refused the next is not tried sooner, however the stop moves.
REFUSED_FOR: Final = timedelta(minutes=15)
THERE: Final = (states.OPEN, states.PARTIALLY_FILLED)
MOVED: Final = "Its position's stop or size has changed: another one takes its place."
CLOSED: Final = "Its position is closed."


def keep_resting(*, owner_id: UUID) -> list[Order]:
    """Have the stops of the owner's positions rest where their venues keep them; returns those placed. Safe to repeat
    and on several workers at once. Runs in the owner's tenant."""
    if clock.is_controlled():
        return []
    placed = []
    for position_id in _to_look_at(owner_id):
        try:
            with transaction.atomic():
                placed += _keep(position_id)
        except Exception:  # one position's trouble must not keep the owner's other stops from resting
            logger.exception("The stop of position %s could not be kept at the venue", position_id)
    return placed


def owners_of_resting() -> list[UUID]:
    """Owners of stops that rest at venues; asked as the system role."""
    rows = Order.objects.unfinished().filter(RESTING_STOP)
    return list(rows.order_by().values_list("owner_id", flat=True).distinct())


def _to_look_at(owner_id: UUID) -> list[UUID]:
    """The positions whose stop should rest and does not as it should, or rests and should not; three statements."""
    here = {"owner_id": owner_id, "wallet__connection__platform__in": RESTING_STOPS}
    rows = Position.objects.filter(
        exit_stop__isnull=False, closed_at=None, instrument__kind=InstrumentKind.SPOT, **here
    ).select_related("instrument")
    sales = Order.objects.unfinished().filter(owner_id=owner_id, side=Side.SELL)
    others: dict[tuple[UUID, int], Decimal] = defaultdict(Decimal)
    for order in sales.exclude(RESTING_STOP):
        others[order.wallet_id, order.instrument_id] += order.left
    wanted = {
        one.pk: (one.wallet_id, _level(one), _left(one, others[one.wallet_id, one.instrument_id])) for one in rows
    }
    resting = {
        order.protects_id: (order.wallet_id, order.trigger_price, order.left if order.status in THERE else None)
        for order in sales.filter(RESTING_STOP)
        if order.protects_id is not None
    }
    found = {pk: wallet for kept in (wanted, resting) for pk, (wallet, *_) in kept.items()}
    differing = (pk for pk in found if wanted.get(pk) != resting.get(pk))
    return sorted(differing, key=lambda pk: (found[pk], pk))  # as wallets are locked


def unrested_key(position_id: UUID) -> str:
    """The key of the alert that says that a stop does not rest at its venue."""
    return f"unrested:{position_id}"


def _keep(position_id: UUID) -> list[Order]:
    """Place the stop, end the one that is not what it should be, or leave it; under the wallet's lock, which every
    placing takes."""
    wallet = locked_wallet(Position.objects.values_list("wallet", flat=True).get(pk=position_id))
    position = Position.objects.select_related("instrument").get(pk=position_id)
    orders = Order.objects.filter(RESTING_STOP, protects=position)
    resting = orders.unfinished().first()
    level, quantity = _wanted(position)
    if resting is not None:
        if (resting.trigger_price, resting.left) != (level, quantity) and _may_move(position, resting, level, quantity):
            _end(resting, CLOSED if position.closed_at else MOVED)
        return []
    if level is None or quantity <= 0 or not wallet.connection.carries_out or not _is_priced(position):
        return []
    last = orders.order_by("-created_at").first()
    if last is not None and _was_refused(last) and (last.trigger_price == level or _is_new(last)):
        _say_unrested(position, last)
        return []
    try:
        with transaction.atomic():
            order = place_order(
                wallet=wallet,
                instrument=position.instrument,
                side=Side.SELL,
                quantity=quantity,
                key=f"rest:{position.pk}:{orders.count()}",
                reason=sentence("The stop at {level} rests at the venue.", level=price(level, _tick(position))),
                reduce_only=True,
                protects=position,
                trigger=Trigger(Order.Type.STOP, level),
                rests_there=True,
            )
    except (ConflictError, InvalidInputError):  # the market is there already: the monitor carries it out
        return []
    resolve_alert(owner_id=position.owner_id, key=unrested_key(position.pk))
    return [order]


def _is_priced(position: Position) -> bool:
    """Whether the gate has a price to judge the stop by: it need not refuse one for that."""
    quote = quotes(instrument_ids=[position.instrument_id]).get(position.instrument_id)
    return quote is not None and abs(clock.now() - quote.at) <= PRICE_AGE_LIMIT


def _level(position: Position) -> Decimal | None:
    return None if position.exit_stop is None else in_ticks(position.exit_stop, _tick(position))


def _is_new(last: Order) -> bool:
    return clock.now() - last.created_at < REFUSED_FOR


def _tick(position: Position) -> Decimal:
    tick: Decimal = position.instrument.tick_size
    return tick


def _wanted(position: Position) -> tuple[Decimal | None, Decimal]:
    """At which price how much of the position is to be sold by its stop: what no other order sells."""
    if position.closed_at is not None or position.exit_stop is None:
        return None, Decimal(0)
    selling = Order.objects.unfinished().filter(
        wallet_id=position.wallet_id, instrument_id=position.instrument_id, side=Side.SELL
    )
    others = sum((order.left for order in selling.exclude(RESTING_STOP)), Decimal(0))
    return _level(position), _left(position, others)


def _left(position: Position, others: Decimal) -> Decimal:
    """What other orders leave of it, in whole lots."""
    return in_lots(max(position.quantity - others, Decimal(0)), position.instrument.lot_size)


def _may_move(position: Position, resting: Order, level: Decimal | None, quantity: Decimal) -> bool:
    """One that sells too much, or that somebody has moved, goes at once; one that follows the price, or sells too
    little, once in a while: an entry that fills bit by bit would keep it away."""
    is_moved = level != resting.trigger_price and position.exit_trail is None
    if quantity < resting.left or level is None or is_moved:
        return True
    return clock.now() - resting.created_at > MOVED_EVERY


def _end(resting: Order, reason: str) -> None:
    """Ask for its end, unless it has come already."""
    try:
        with transaction.atomic():
            request_cancellation(owner_id=resting.owner_id, order_id=resting.pk, reason=reason)
    except ConflictError:
        return


def _was_refused(last: Order) -> bool:
    """Whether it ended, with nothing sold, because the gate, the venue or somebody there wanted that."""
    if last.filled_quantity:
        return False
    return last.status == states.REJECTED or (last.status == states.CANCELLED and not hasattr(last, "cancellation"))


def _say_unrested(position: Position, last: Order) -> None:
    raise_alert(
        owner_id=position.owner_id,
        key=unrested_key(position.pk),
        title=f"The stop of {position.instrument.symbol} does not rest at the venue",
        body="{why} Moniqo watches it itself, and has to run for that. Move the stop to have another one placed.",
        about=about("position", position.pk),
        why=last.refusal,
    )
