"""All orders of an account are known: those that somebody placed at the venue are adopted.

What is open there is compared with what is open here every few minutes (`compare_orders`); what was traded there is
told by whoever finds that books and venue differ (`explain`). Whether an order is ours, its client id decides, which
was committed before the venue heard of it: so one whose sending nobody knows the end of is never taken for another's.
What is nobody's becomes an order of the account's unassigned wallet, with what the venue has filled of it. Everything
may be repeated and killed anywhere: an order is adopted once, by the venue's number, and a trade is booked once, by the
venue's id.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from django.db.models import F, Q

from kit import clock, tenancy
from kit.alerts.failures import in_words, note_failure, note_success
from kit.audit import services as audit
from kit.errors import ConflictError
from kit.sentences import sentence
from markets.models import Instrument
from markets.prices import quotes
from trading.models import Fill, Order, Origin
from trading.models.orders import LIMITED
from trading.orders import leases, states
from trading.orders.external import counted, known_until, tell
from trading.orders.life import call_out, note
from trading.orders.recording import as_told, record_report
from trading.orders.sending import look_up
from wallets.models import Connection
from wallets.sync.listing import list_market
from wallets.sync.suspense import hold_connection
from wallets.sync.unassigned import open_unassigned
from wallets.venues.accounts import get_connection
from wallets.venues.base import (
    OrderReport,
    TradeReport,
    Venue,
    VenueAnswerError,
    VenueError,
    VenueRejectedError,
)
from wallets.venues.numbers import KnowsNumbers
from wallets.venues.registry import open_venue

logger = logging.getLogger(__name__)

# How often an account's open orders are compared with the venue's.
EVERY: Final = timedelta(minutes=5)
# A look that failed is repeated sooner.
AGAIN: Final = timedelta(minutes=1)


class BrokenComparisonError(Exception):
    """What the venue says of one order is a no, or makes no sense."""


def compare_orders(*, owner_id: UUID, connection_id: UUID) -> int:
    """Hold the account's open orders against ours, if that is due; returns how many were adopted, or ended there
    because they had ended here. A venue that does not answer is asked again soon, and so is one of which an order
    broke the comparison: all others were compared."""
    with tenancy.tenant(owner_id):
        due = Connection.objects.filter(_due(), pk=connection_id, owner_id=owner_id)
        if due.update(orders_due_at=leases.start(AGAIN)) != 1:
            return 0
        connection = get_connection(owner_id=owner_id, connection_id=connection_id)
        try:
            venue = open_venue(connection)
        except ConflictError:  # its key was lost: the sync tells its owner
            return 0
    try:
        changed = _compare(venue, connection)
    except VenueError as error:
        logger.warning("The open orders of %s stay unknown: %s", connection_id, error)
        return 0
    except Exception as error:  # whatever it is, the account's owner hears of it if it stays
        logger.exception("An open order of %s could not be compared", connection_id)
        title = f"Comparing the open orders of {connection.name}"
        note_failure(owner_id=owner_id, work=_work(connection_id), title=title, said=in_words(error))
        return 0
    note_success(owner_id=owner_id, work=_work(connection_id))
    with tenancy.tenant(owner_id):
        seen = {"orders_due_at": leases.start(EVERY), "orders_compared_at": clock.now()}
        Connection.objects.filter(pk=connection_id).update(**seen)
    return changed


def accounts_to_compare(most: int) -> list[tuple[UUID, UUID]]:
    """(owner, connection) of those that are due, those first through which orders are sent; asked as the system
    role."""
    rows = Connection.objects.filter(_due()).order_by(F("live_at").asc(nulls_last=True), "orders_due_at")
    return list(rows.values_list("owner_id", "pk")[:most])


def compare_soon(*, connection_id: UUID) -> None:
    """Have the account looked at with the next round. Run it as the tenant."""
    Connection.objects.filter(pk=connection_id, is_paper=False).update(orders_due_at=leases.now())


def explain(*, venue: Venue, connection: Connection, trades: Sequence[TradeReport]) -> bool:
    """Book what of the trades nobody has booked: those of orders of ours that were not asked about yet, and those of
    orders that somebody placed at the venue. Returns whether anything was."""
    if not isinstance(venue, KnowsNumbers):
        return False
    booked = False
    for (symbol, number), told in _by_order(connection, trades).items():
        if not number:
            continue
        instrument = list_market(venue=venue, name=connection.venue, symbol=symbol)
        if instrument is None:
            continue
        report = venue.numbered(number, symbol) or _told_by(told)
        booked = _take_in(connection, instrument, report) or booked
    return booked


# --- inside ----------------------------------------------------------------------------------------------------------


def _work(connection_id: UUID) -> str:
    return f"compare orders {connection_id}"


def _due() -> Q:
    """Real accounts in use that were opened in the books, and whose moment has come, or lies further ahead than any: it
    was written by a clock that was ahead."""
    now = leases.now()
    moment = Q(orders_due_at=None) | Q(orders_due_at__lte=now) | Q(orders_due_at__gt=now + EVERY + clock.SKEW)
    return moment & Q(state=Connection.State.ACTIVE, is_paper=False, synced_at__isnull=False)


def _compare(venue: Venue, connection: Connection) -> int:
    """Adopt what is open there and nobody's, and end there what has ended here. What breaks with one is raised after
    all others were compared."""
    changed = 0
    broken: list[Exception] = []
    for report in venue.open_orders():
        try:
            changed += _compare_one(venue, connection, report)
        except (VenueRejectedError, VenueAnswerError) as error:  # of this order alone, whatever the venue is asked next
            broken.append(BrokenComparisonError(in_words(error)))
        except VenueError:
            raise
        except Exception as error:  # noqa: BLE001 - raised below
            broken.append(error)
    if broken:
        raise broken[0]
    return changed


def _compare_one(venue: Venue, connection: Connection, report: OrderReport) -> int:
    instrument = list_market(venue=venue, name=connection.venue, symbol=report.symbol)
    if instrument is None:
        return 0
    with tenancy.tenant(connection.owner_id):
        order = _known(connection, instrument, report)
    if order is not None:
        return _end_there(order, venue) if order.is_terminal and not order.is_external else 0
    # One that counts the quote coin says how much it buys once it has bought: it is adopted with its trades.
    if not isinstance(venue, KnowsNumbers) or not report.venue_order_id or report.quantity <= 0:
        return 0
    _take_in(connection, instrument, report)
    return 1


def _known(connection: Connection, instrument: Instrument, report: OrderReport) -> Order | None:
    """The order that it is about: the one of ours that has its client id, or the one that was adopted."""
    rows = Order.objects.select_related("instrument").filter(connection=connection, instrument=instrument)
    name, number = report.client_order_id, report.venue_order_id
    ours = rows.filter(client_order_id=name, origin=Origin.MONIQO).first() if name else None
    return ours or (rows.filter(venue_order_id=number, origin=Origin.EXTERNAL).first() if number else None)


def _take_in(connection: Connection, instrument: Instrument, report: OrderReport) -> bool:
    """Record what the venue says of an order, adopted if it is nobody's; returns whether a trade of it was booked."""
    with tenancy.tenant(connection.owner_id):
        hold_connection(connection.owner_id, connection.pk)
        order = _known(connection, instrument, report) or _adopted(connection, instrument, report)
        if order is None:
            return False
        known = order.fills.count()
        record_report(owner_id=order.owner_id, order_id=order.pk, report=report)
        return order.fills.count() > known


def _adopted(connection: Connection, instrument: Instrument, report: OrderReport) -> Order | None:
    """An order of the unassigned wallet; None for one of which nothing counts any more. The caller holds the
    connection's row."""
    since = known_until(connection, instrument)
    if since is None:
        return None
    counts = counted(report, since=since, known=set())
    quantity = max(counts.quantity, counts.filled_quantity)
    if quantity <= 0 or (counts.is_final and not counts.trades and not counts.filled_quantity):
        return None
    wallet = open_unassigned(connection)
    at = min(report.at, clock.now())
    name = hashlib.sha256(f"{instrument.pk}:{report.venue_order_id}".encode()).hexdigest()[:32]
    order = Order.objects.create(
        id=uuid4(),
        owner_id=connection.owner_id,
        wallet=wallet,
        connection=connection,
        instrument=instrument,
        origin=Origin.EXTERNAL,
        key=f"external:{connection.pk.hex}:{name}",
        client_order_id=f"ext{name}",
        venue_order_id=report.venue_order_id,
        side=report.side,
        quantity=quantity,
        status=states.OPEN,
        attempts=1,
        reason=sentence("It was placed at {connection} and not here.", connection=connection.name),
        reference_price=_measure(report, instrument),
        created_at=at,
        submitted_at=at,
        due_at=leases.start(leases.LOOK_AGAIN),
        **_terms(report),
    )
    detail = sentence(
        "{connection} tells of it, and nothing here placed it: it is kept in {wallet}, which no agent uses.",
        connection=connection.name,
        wallet=wallet.name,
    )
    note(order, "", detail, answer=as_told(report))
    tell(
        order,
        "An order was placed at {connection} by hand",
        "To {side} {quantity} of {symbol}. It is kept in {wallet}, and no agent uses what is there.",
        wallet=wallet.name,
    )
    audit.record(
        audit.Area.TRADING,
        "Order of the venue adopted",
        owner_id=order.owner_id,
        subject=wallet.name,
        after={"side": order.side, "quantity": order.quantity, "symbol": instrument.symbol},
    )
    return order


def _terms(report: OrderReport) -> dict[str, Any]:
    """Its type, and its prices as far as one of that type has them."""
    is_limited = report.kind in LIMITED and report.price is not None
    is_triggered = report.kind not in ("market", "limit")
    return {
        "type": report.kind if is_limited or report.kind not in LIMITED else "market",
        "limit_price": report.price if is_limited else None,
        "time_in_force": report.time_in_force if is_limited else "",
        "trigger_price": report.trigger_price if is_triggered else None,
    }


def _measure(report: OrderReport, instrument: Instrument) -> Any:
    """What it is measured by: its limit or trigger, what it was filled for, or the price of now."""
    told = report.price or report.trigger_price or report.average_price
    if told:
        return told
    quote = quotes(instrument_ids=[instrument.pk]).get(instrument.pk)
    return quote.price if quote else 0


def _end_there(order: Order, venue: Venue) -> int:
    """An order that has ended here is open at the venue: have it ended there too. Returns whether it was."""
    report = look_up(order, venue)
    if report is None or report.is_final:
        return 0
    with tenancy.tenant(order.owner_id):
        call_out(
            order,
            "open",
            f"Order {order.client_order_id} is open at the venue, and had ended here",
            "The venue is asked to cancel it; what it has filled is booked. Look at the order there.",
        )
        note(order, order.status, "The venue has it open, and it had ended here: it is cancelled there.")
    report = venue.cancel(order.client_order_id, order.instrument.symbol)
    record_report(owner_id=order.owner_id, order_id=order.pk, report=report)
    return 1


def _by_order(connection: Connection, trades: Iterable[TradeReport]) -> dict[tuple[str, str], list[TradeReport]]:
    """The trades that no fill is of, by market and the venue's number of their order, oldest first."""
    found: dict[tuple[str, str], list[TradeReport]] = {}
    with tenancy.tenant(connection.owner_id):
        ids = [trade.trade_id for trade in trades]
        fills = Fill.objects.filter(connection=connection, venue_trade_id__in=ids)
        known = set(fills.values_list("instrument__symbol", "venue_trade_id"))
    for trade in trades:
        if (trade.symbol, trade.trade_id) not in known:
            found.setdefault((trade.symbol, trade.venue_order_id), []).append(trade)
    return found


def _told_by(trades: Sequence[TradeReport]) -> OrderReport:
    """An order that the venue has forgotten, by what it still tells of its trades."""
    first, filled = trades[0], sum((trade.quantity for trade in trades), Decimal(0))
    return OrderReport(
        client_order_id=first.client_order_id,
        venue_order_id=first.venue_order_id,
        symbol=first.symbol,
        side=first.side,
        quantity=filled,
        filled_quantity=filled,
        status="filled",
        trades=tuple(trades),
        at=first.at,
    )
