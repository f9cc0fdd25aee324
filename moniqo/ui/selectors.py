"""What the frame of every page shows of the fund, and what the command palette finds by name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Value

from farms.models import Farm
from trading.models import Order, Position
from wallets.models import Connection, Wallet

FOUND_MOST = 8


@dataclass(frozen=True, slots=True)
class Pulse:
    """Counters by name, whether any connection trades real money, and the age of the oldest connection's balances."""

    counts: dict[str, int]
    is_live: bool
    as_of: datetime | None


def read_pulse() -> Pulse:
    """Two queries, whatever the number of rows."""
    farms = _counted(Farm.objects.all(), "farms")
    positions = _counted(Position.objects.filter(closed_at__isnull=True), "positions")
    orders = _counted(Order.objects.unfinished(), "orders")
    connections = Connection.objects.filter(state=Connection.State.ACTIVE).aggregate(
        as_of=Min("synced_at"), live=Count("id", filter=Q(is_paper=False))
    )
    return Pulse(
        counts=dict(farms.union(positions, orders, all=True)),
        is_live=connections["live"] > 0,
        as_of=connections["as_of"],
    )


def _counted(rows: QuerySet[Any], name: str) -> Any:
    named = rows.order_by().annotate(counter=Value(name)).values_list("counter")
    return named.annotate(number=Count("pk"))


def find_wallets(*, query: str) -> list[Wallet]:
    """The wallets whose name contains `query`."""
    return list(Wallet.objects.filter(name__icontains=query)[:FOUND_MOST])


def find_farms(*, query: str) -> list[Farm]:
    """The farms whose name contains `query`."""
    return list(Farm.objects.filter(name__icontains=query)[:FOUND_MOST])
