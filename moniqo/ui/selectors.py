"""What the frame of every page shows of the fund, and what the command palette finds by name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, DateTimeField, Min, QuerySet, Value

from farms.models import Farm
from trading.models import Order, Position
from wallets.models import Connection, Wallet

FOUND_MOST = 8
_NEVER = Value(None, output_field=DateTimeField())


@dataclass(frozen=True, slots=True)
class Pulse:
    """Counters by name, whether any connection trades real money, and the age of the oldest connection's balances."""

    counts: dict[str, int]
    is_live: bool
    as_of: datetime | None


def read_pulse() -> Pulse:
    """One query, whatever the number of rows."""
    active = Connection.objects.filter(state=Connection.State.ACTIVE)
    parts = (
        _counted(active, "connections", moment=Min("synced_at")),
        _counted(Farm.objects.all(), "farms"),
        _counted(Position.objects.filter(closed_at__isnull=True), "positions"),
        _counted(Order.objects.unfinished(), "orders"),
        _counted(active.filter(is_paper=False), "live"),
    )
    found = {name: (number, moment) for name, number, moment in parts[0].union(*parts[1:], all=True)}
    as_of = found.pop("connections", (0, None))[1]
    counts = {name: number for name, (number, _) in found.items()}
    return Pulse(counts=counts, is_live=counts.pop("live", 0) > 0, as_of=as_of)


def _counted(rows: QuerySet[Any], name: str, moment: Any = _NEVER) -> Any:
    named = rows.order_by().annotate(counter=Value(name)).values_list("counter")
    return named.annotate(number=Count("pk"), moment=moment)


def find_wallets(*, query: str) -> list[Wallet]:
    """The wallets whose name contains `query`."""
    return list(Wallet.objects.filter(name__icontains=query)[:FOUND_MOST])


def find_farms(*, query: str) -> list[Farm]:
    """The farms whose name contains `query`."""
    return list(Farm.objects.filter(name__icontains=query)[:FOUND_MOST])
