"""A venue has told by itself that something happened to orders: it is asked about them at once.

What it told is not believed, only taken as a reason to ask. Nothing is leased, sent or given up here: whoever works on
an order goes on, an answer is recorded as any other (`recording`), and one that the venue does not know yet is left to
the look that is due anyway.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import Q

from kit import tenancy
from kit.errors import ConflictError
from trading.models import Order
from trading.orders import leases
from trading.orders.adopting import compare_soon
from trading.orders.external import by_name, name_of
from trading.orders.recording import record_report
from trading.orders.sending import look_up
from wallets.models import Connection
from wallets.venues.base import OrderReport, Venue, VenueError
from wallets.venues.registry import open_venue

# Orders that are asked about at once; the others are looked at when they are due.
MOST: Final = 50
# From so many on one question for all open orders comes first.
MANY: Final = 3


def look_at_orders(
    *,
    owner_id: UUID,
    connection_id: UUID,
    names: Collection[str] = (),
    numbers: Collection[str] = (),
    everything: bool = False,
) -> int:
    """Ask the venue about those of the connection's unfinished orders that are named, by our ids or by the venue's, or
    about all of them, and record what it says. Returns how many it knew.

    A venue that does not answer is no error here: the orders are looked at when they are due.
    """
    with tenancy.tenant(owner_id):
        sent = Order.objects.unfinished().filter(connection_id=connection_id, attempts__gt=0)
        if not everything:
            meant = Q(venue_order_id__in=list(numbers)) & ~Q(venue_order_id="") | Q(client_order_id__in=list(names))
            sent = sent.filter(meant)
            if not Order.objects.filter(meant, connection_id=connection_id).exists():
                compare_soon(connection_id=connection_id)  # somebody else placed it
        orders = list(sent.select_related("instrument").order_by("created_at")[:MOST])
        if not orders:
            return 0
        try:
            venue = open_venue(Connection.objects.select_related("platform").get(pk=connection_id))
        except ConflictError:  # paused since, or its key was lost
            return 0
    try:
        answers = _asked(orders, venue)
    except VenueError:
        return 0
    for order, report in answers:
        record_report(owner_id=owner_id, order_id=order.pk, report=report)
    with tenancy.tenant(owner_id):  # what a venue tells may be ahead of what it answers
        soon = leases.start(leases.LOOK_AGAIN)
        told = Order.objects.unfinished().filter(pk__in=[order.pk for order, _ in answers])
        told.filter(due_at__gt=soon, due_at__lte=soon + leases.LOOK_TOLD).update(due_at=soon)
    return len(answers)


def _asked(orders: Collection[Order], venue: Venue) -> list[tuple[Order, OrderReport]]:
    listed = by_name(venue.open_orders()) if len(orders) >= MANY else {}
    found = []
    for order in orders:
        report = listed.get(name_of(order)) or look_up(order, venue)
        if report is not None:
            found.append((order, report))
    return found
