"""Orders that somebody placed at the venue: what of them counts here, and by which name the venue knows them.

What was traded before the account was connected, or before its owner explained what was missing, is in the books by
another way already, so it is taken off an order that came later.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert
from kit.sentences import Value, amount
from markets.models import Instrument
from trading.models import Order
from wallets.models import Connection
from wallets.sync.arriving import explained_until
from wallets.sync.unassigned import opened_between
from wallets.venues.base import OrderReport, Venue, VenueRejectedError
from wallets.venues.numbers import KnowsNumbers

ZERO: Final = Decimal(0)
BEFORE: Final = "What was filled of it is in the books by another way: it came before the account was connected."


def known_until(connection: Connection, instrument: Instrument) -> datetime | None:
    """Up to when trades in the market are in the books by another way; None while nothing of the account is. Run it as
    the tenant."""
    opened = opened_between(connection)
    if opened is None:
        return None
    moments = (explained_until(connection, asset, opened[1]) for asset in (instrument.base, instrument.quote))
    return max(at for at in moments if at is not None)


def counted(report: OrderReport, *, since: datetime, known: set[str]) -> OrderReport:
    """The report without the trades until `since` that are not in the books as trades (`known`), and what they
    filled."""
    earlier = [one for one in report.trades if one.at <= since and one.trade_id not in known]
    if not earlier:
        return report
    gone = sum((one.quantity for one in earlier), ZERO)
    names = {one.trade_id for one in earlier}
    left = replace(
        report,
        quantity=report.quantity - gone,
        filled_quantity=max(report.filled_quantity - gone, ZERO),
        trades=tuple(one for one in report.trades if one.trade_id not in names),
    )
    if left.quantity > 0 or not report.is_final:
        return left
    return replace(left, status="cancelled", reason=report.reason or BEFORE)


def as_counted(order: Order, report: OrderReport) -> OrderReport:
    """What of the venue's word counts for a locked order of its own, whose quantity follows it."""
    since = known_until(order.connection, order.instrument)
    if since is not None:
        report = counted(report, since=since, known=set(order.fills.values_list("venue_trade_id", flat=True)))
    if report.quantity > 0 and report.quantity != order.quantity:
        order.quantity = report.quantity
        order.save(update_fields=("quantity",))
    return report


Name = tuple[str, ...]
"""What an order is found by in a venue's list: its client id, or market and number of one that was placed there."""


def name_of(order: Order) -> Name:
    if order.is_external:
        return order.instrument.symbol, order.venue_order_id
    return (order.client_order_id,)


def by_name(reports: Iterable[OrderReport]) -> dict[Name, OrderReport]:
    """A venue's list by all that the orders may be found by."""
    found: dict[Name, OrderReport] = {}
    for report in reports:
        found[(report.client_order_id,)] = report
        found[report.symbol, report.venue_order_id] = report
    return found


def numbered(order: Order, venue: Venue) -> OrderReport | None:
    """What the venue knows under its number of the order."""
    if not isinstance(venue, KnowsNumbers):
        return None
    return venue.numbered(order.venue_order_id, order.instrument.symbol)


def cancel_numbered(order: Order, venue: Venue) -> OrderReport:
    if not isinstance(venue, KnowsNumbers):
        raise VenueRejectedError("The venue finds no order by its own number.", reason="unknown_order")
    return venue.cancel_numbered(order.venue_order_id, order.instrument.symbol)


def external_key(connection_id: UUID) -> str:
    """The key of the alert that says what somebody does at the venue."""
    return f"external:{connection_id}"


def tell(order: Order, title: str, body: str, **facts: Value | str) -> None:
    """Tell the owner what somebody has done at the venue; one alert per account, however much it is."""
    raise_alert(
        owner_id=order.owner_id,
        key=external_key(order.connection_id),
        level=Alert.Level.INFO,
        title=title,
        body=body,
        about=about("order", order.pk),
        connection=order.connection.name,
        side=order.side,
        symbol=order.instrument.symbol,
        quantity=amount(order.quantity, order.instrument.base),
        **facts,
    )
