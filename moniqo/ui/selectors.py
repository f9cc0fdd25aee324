"""What the frame of every page shows of the fund, and what the command palette finds by name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, DateTimeField, F, Max, Min, QuerySet, Value
from django.db.models.functions import Concat

from farms.models import Farm
from kit.alerts.models import Alert, PlatformAlert
from kit.statements import Statement
from markets.models import Ticker
from trading.models import Order, Position
from wallets.models import Connection, Wallet

FOUND_MOST = 8
COUNTED = ("farms", "positions", "orders")
ALERTS = "alerts "
_NEVER = Value(None, output_field=DateTimeField())
_BY_LEVEL = Concat(Value(ALERTS), F("level"))
_PLATFORM_BY_LEVEL = Concat(Value(f"{ALERTS}of the platform "), F("level"))


@dataclass(frozen=True, slots=True)
class Pulse:
    """Counters by name, whether any connection trades real money, and since when the figures stand: the newest price at
    a venue of the fund, and the oldest balances of its connections. `is_grave`: one of the alerts is critical."""

    counts: dict[str, int]
    is_grave: bool
    is_live: bool
    priced_at: datetime | None
    synced_at: datetime | None


def _pulse(_: UUID) -> QuerySet[Any, Any]:
    active = Connection.objects.filter(state=Connection.State.ACTIVE)
    prices = Ticker.objects.filter(instrument__venue__in=active.values("venue"))
    parts = (
        _counted(active, "connections", moment=Min("synced_at")),
        _counted(prices, "prices", moment=Max("at")),
        _counted(Farm.objects.exclude(status=Farm.Status.ARCHIVED), "farms"),
        _counted(Position.objects.filter(closed_at__isnull=True), "positions"),
        _counted(Order.objects.unfinished(), "orders"),
        _counted(active.filter(is_paper=False), "live"),
        _counted(Alert.objects.open(), _BY_LEVEL),
        _counted(PlatformAlert.objects.open(), _PLATFORM_BY_LEVEL),  # which only operators see
    )
    united: QuerySet[Any, Any] = parts[0].union(*parts[1:], all=True)
    return united


PULSE: Final = Statement(_pulse)


def read_pulse() -> Pulse:
    """One query, whatever the number of rows. Runs as the tenant."""
    found = {name: (number, moment) for name, number, moment in PULSE.rows()}
    counts = {name: number for name, (number, _) in found.items()}
    alerts = {name: number for name, number in counts.items() if name.startswith(ALERTS)}
    return Pulse(
        counts={name: counts.get(name, 0) for name in COUNTED} | {"alerts": sum(alerts.values())},
        is_grave=any(name.endswith(Alert.Level.CRITICAL) for name in alerts),
        is_live=counts.get("live", 0) > 0,
        priced_at=found["prices"][1] if "prices" in found else None,
        synced_at=found["connections"][1] if "connections" in found else None,
    )


def _counted(rows: QuerySet[Any], name: Any, moment: Any = _NEVER) -> Any:
    named = rows.order_by().annotate(counter=Value(name) if isinstance(name, str) else name).values_list("counter")
    return named.annotate(number=Count("pk"), moment=moment)


def find_wallets(*, query: str) -> list[Wallet]:
    """The wallets whose name contains `query`."""
    return list(Wallet.objects.filter(name__icontains=query)[:FOUND_MOST])


def find_farms(*, query: str) -> list[Farm]:
    """The farms whose name contains `query`."""
    return list(Farm.objects.filter(name__icontains=query)[:FOUND_MOST])
