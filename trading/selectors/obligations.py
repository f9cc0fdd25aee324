"""What trading has open under connections, for whoever is about to switch one off."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count

from trading.models import Order, Origin, Position
from trading.positions.protection import PROTECTED
from wallets.venues.obligations import Open


def of_connections(connection_ids: Collection[UUID]) -> dict[UUID, Open]:
    """The open positions and the orders without an end of each connection, in two queries. What somebody placed at the
    venue is no obligation of ours."""
    orders = dict(
        Order.objects.unfinished()
        .filter(connection__in=connection_ids, origin=Origin.MONIQO)
        .order_by()
        .values_list("connection")
        .annotate(Count("pk"))
    )
    positions = {
        pk: (number, protected)
        for pk, number, protected in Position.objects.filter(wallet__connection__in=connection_ids, closed_at=None)
        .order_by()
        .values_list("wallet__connection")
        .annotate(number=Count("pk"), protected=Count("pk", filter=PROTECTED))
    }
    return {pk: Open(orders.get(pk, 0), *positions.get(pk, (0, 0))) for pk in {*orders, *positions}}
