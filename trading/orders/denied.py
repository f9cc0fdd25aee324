"""A venue denies an order that it took.

One denial is no word to end an order on: lists lag behind. An entry that nobody wants ended stays as it is, with what
is held for it, and a person is told. Where waiting would do harm, silence counts as the venue's word in the end: of an
order that carries out a position's protection, which would stay without any, and of one whose end was asked for, such
as a limit that another sale waits behind. Such an order ends as cancelled when the venue has denied it twice, a grace
apart, does not list it among its open orders, and tells of no trade of it that is not in the books. A trade that it
does tell of is booked first. None of that holds where another key than the one that sent it was entered since.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kit import clock, tenancy
from kit.alerts.models import Alert
from trading.models import Cancellation, Fill, Order
from trading.orders import leases, states
from trading.orders.external import by_name, name_of
from trading.orders.life import DENIED, alert_key, call_out, found, move, still_ours, wait
from trading.orders.recording import record_report
from trading.orders.succeeding import earlier
from wallets.models import Credential
from wallets.venues.base import OrderReport, Venue

LOOK_THERE: Final = "Look at the venue's own order history: Moniqo keeps asking and keeps the funds held."
ENDS_IF_ASKED: Final = "If it is not there, cancel it here: it ends when the venue has denied it again."
GONE: Final = (
    "The venue has denied it twice, does not list it among its open orders and tells of no trade of it: it has ended."
)
# How long before an order was sent its trades are asked for: clocks differ.
EARLIER: Final = timedelta(minutes=1)


def hear_denial(order: Order, venue: Venue) -> Order:
    """The venue, asked about an order that it has given a number to, does not know it. Raises VenueError."""
    with tenancy.tenant(order.owner_id):
        current = still_ours(order)
        if current is None:
            return found(order.pk)
        is_word = _does_harm(current) and _is_its_account(current) and _was_denied(current)
        title = f"The venue no longer knows order {current.client_order_id}"
        call_out(current, DENIED, title, f"{LOOK_THERE} {ENDS_IF_ASKED}")
        if not is_word:
            wait(current)
            return current
    for ask in (_listed, _traded):
        if not _is_renewed(order):
            return found(order.pk)
        report = ask(order, venue)
        if report is not None and _is_renewed(order):
            return record_report(owner_id=order.owner_id, order_id=order.pk, report=report)
    with tenancy.tenant(order.owner_id):
        current = still_ours(order)
        if current is None:
            return found(order.pk)
        move(current, states.CANCELLED, GONE, answer={"known": False})
    return current


def _is_renewed(order: Order) -> bool:
    """Whether it is still ours, and is for another lease: all questions together may take longer than one. What was
    learnt of an order that somebody else has taken meanwhile is not acted on."""
    with tenancy.tenant(order.owner_id):
        current = still_ours(order)
        if current is None:
            return False
        wait(current, leases.start(leases.LEASE))
    order.due_at = current.due_at
    return True


def _does_harm(order: Order) -> bool:
    """Whether a position would stay unprotected, or somebody would wait for ever, as long as it does not end. What was
    placed by hand ends in another way."""
    if order.is_external:
        return False
    return order.protects_id is not None or Cancellation.objects.filter(order=order).exists()


def _is_its_account(order: Order) -> bool:
    """Whether who denies it is surely the account that took it: another key may be another account's, and an owner who
    only watches has not said yet that it is the same."""
    venue = order.connection
    sent = order.submitted_at or order.created_at
    return venue.carries_out and not Credential.objects.filter(connection=venue, updated_at__gt=sent).exists()


def _was_denied(order: Order) -> bool:
    """Whether a denial was told of a grace ago, and nothing else was heard of the order since: that ends the alert."""
    if not leases.is_old(order):
        return False
    told = Alert.objects.unresolved().filter(owner_id=order.owner_id, key=alert_key(order, DENIED))
    return told.filter(raised_at__lte=clock.now() - leases.GRACE).exists()


def _listed(order: Order, venue: Venue) -> OrderReport | None:
    """The order in the venue's list after all."""
    return by_name(venue.open_orders()).get(name_of(order))


def _traded(order: Order, venue: Venue) -> OrderReport | None:
    """Its end by the trades that the venue tells of and nobody has booked; None where there is nothing of it."""
    since = (order.submitted_at or order.created_at) - EARLIER
    trades = [
        trade
        for trade in venue.trades_since(since, order.instrument.symbol)
        if order.venue_order_id == trade.venue_order_id or order.client_order_id == trade.client_order_id
    ]
    with tenancy.tenant(order.owner_id):
        ids = [trade.trade_id for trade in trades]
        fills = Fill.objects.filter(connection_id=order.connection_id, instrument=order.instrument)
        known = set(fills.filter(venue_trade_id__in=ids).values_list("venue_trade_id", flat=True))
    if known.issuperset(ids):
        return None
    filled = sum((trade.quantity for trade in trades), Decimal(0))
    quantity = order.quantity - order.crossed_quantity + sum(earlier(order).values(), Decimal(0))
    report = OrderReport(
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        symbol=order.instrument.symbol,
        side="buy" if order.side == "buy" else "sell",
        quantity=quantity,
        filled_quantity=filled,
        status="filled",
        trades=tuple(trades),
        at=clock.now(),
    )
    return report if filled >= quantity else replace(report, status="cancelled")
