"""What the frame of every page shows of the fund, and what the command palette finds by name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    Min,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Concat

from farms.models import Agent, Farm
from goals.models import Goal
from kit.alerts.models import Alert, PlatformAlert
from kit.approvals.models import Approval
from kit.statements import Statement
from markets.models import Instrument, Ticker
from portfolio.models import Correction, PortfolioState
from trading.models import Order, Position
from wallets.models import Connection, Wallet
from wallets.sync.listing import BRIDGES
from wallets.venues.names import venue_name

Row = TypeVar("Row", bound=Model)

FOUND_MOST = 8
# What an id begins with: our own, and the one that a venue knows an order by. Shorter than that it is found anywhere.
UUID_START: Final = re.compile(r"[0-9a-f]{4,32}")
UUID_DIGITS: Final = 32
LAST_LETTER: Final = chr(0x10FFFF)
CLIENT_ID: Final = re.compile(r"[a-z0-9]{4,40}")
COUNTED = ("farms", "goals", "positions", "orders", "approvals")
ALERTS = "alerts "
_NEVER = Value(None, output_field=DateTimeField())
_BY_LEVEL = Concat(Value(ALERTS), F("level"))
_PLATFORM_BY_LEVEL = Concat(Value(f"{ALERTS}of the platform "), F("level"))


@dataclass(frozen=True, slots=True)
class Pulse:
    """Counters by name, what the accounts do, and since when the figures stand.

    `is_live`: orders go to a real venue through one of them; `is_watching`: all there are only watch. The figures: the
    newest price at a venue of the fund, and the oldest balances of its connections. `is_grave`: one of the alerts is
    critical. `is_reworked`: days of the past are being worked out, as after a change of time zone or base currency.
    """

    counts: dict[str, int]
    is_grave: bool
    is_live: bool
    is_watching: bool
    is_reworked: bool
    priced_at: datetime | None
    synced_at: datetime | None


def _pulse(_: UUID) -> QuerySet[Any, Any]:
    active = Connection.objects.filter(state=Connection.State.ACTIVE)
    prices = Ticker.objects.filter(instrument__venue__in=active.values("venue"))
    parts = (
        _counted(active, "connections", moment=Min("synced_at")),
        _counted(prices, "prices", moment=Max("at")),
        _counted(Farm.objects.exclude(status=Farm.Status.ARCHIVED), "farms"),
        _counted(Goal.objects.filter(status=Goal.Status.ACTIVE), "goals"),
        _counted(Position.objects.filter(closed_at__isnull=True), "positions"),
        _counted(Order.objects.unfinished(), "orders"),
        _counted(Approval.objects.filter(status=Approval.Status.OPEN), "approvals"),
        _counted(active.filter(is_paper=True), "paper"),
        _counted(active.filter(is_paper=False, live_at__isnull=False), "live"),
        _counted(Correction.objects.of_days(), "reworked"),
        _counted(PortfolioState.objects.rezoned(), "rezoned"),
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
        is_watching=counts.get("connections", 0) > 0 == counts.get("paper", 0) + counts.get("live", 0),
        is_reworked=counts.get("reworked", 0) + counts.get("rezoned", 0) > 0,
        priced_at=found["prices"][1] if "prices" in found else None,
        synced_at=found["connections"][1] if "connections" in found else None,
    )


def _counted(rows: QuerySet[Any], name: Any, moment: Any = _NEVER) -> Any:
    named = rows.order_by().annotate(counter=Value(name) if isinstance(name, str) else name).values_list("counter")
    return named.annotate(number=Count("pk"), moment=moment)


@dataclass(frozen=True, slots=True)
class Named:
    """What has a name that was asked for, the first of each kind."""

    farms: Sequence[Farm]
    agents: Sequence[Agent]
    wallets: Sequence[Wallet]
    goals: Sequence[Goal]
    markets: Sequence[Instrument]


def find_named(*, words: Sequence[str], others: Sequence[str] = ()) -> Named:
    """What has a name in which every word stands, or every one of the `others`; markets by symbol, of those that were
    traded. Five queries. Runs as the tenant."""
    agents = Agent.objects.exclude(status=Agent.Status.ARCHIVED).select_related("instrument")
    traded = Exists(Order.objects.filter(instrument=OuterRef("pk")))
    markets = Instrument.objects.filter(traded).annotate(venue_name=venue_name())
    return Named(
        farms=_named(Farm.objects.exclude(status=Farm.Status.ARCHIVED), words, others),
        agents=_named(agents, words, others, also=("instrument__symbol",)),
        wallets=_named(Wallet.objects.all(), words, others),
        goals=_named(Goal.objects.all(), words, others),
        markets=_named(markets, words, others, field="symbol") if words else (),
    )


def _named(
    rows: QuerySet[Row], words: Sequence[str], others: Sequence[str], *, field: str = "name", also: Sequence[str] = ()
) -> Sequence[Row]:
    """Those that say the words in their order come first; a word may stand in what the row is `also` known by."""
    within, phrase = _every(words, field, *also), Q(**{f"{field}__icontains": " ".join(words)})
    if others:
        within |= _every(others, field, *also)
        phrase |= Q(**{f"{field}__icontains": " ".join(others)})
    found = rows.filter(within).order_by(ExpressionWrapper(phrase, output_field=BooleanField()).desc(), field)
    return list(found[:FOUND_MOST])


def _every(words: Sequence[str], *fields: str) -> Q:
    """Rows in one of whose fields each word stands."""
    within = Q()
    for word in words:
        one = Q()
        for field in fields:
            one |= Q(**{f"{field}__icontains": word})
        within &= one
    return within


def find_positions(*, words: Sequence[str]) -> Sequence[Position]:
    """The open positions in whose market or wallet every word stands."""
    opened = Position.objects.filter(closed_at__isnull=True).select_related("instrument", "wallet")
    return list(opened.filter(_every(words, "instrument__symbol", "wallet__name"))[:FOUND_MOST])


def find_orders(*, owner_id: UUID, text: str) -> Sequence[Order]:
    """The orders whose id or client order id begins with `text`, each found by its index; none for what is no id."""
    start = text.strip().lower()
    within = Q()
    if CLIENT_ID.fullmatch(start):
        mine = Connection.objects.filter(owner_id=owner_id).values("pk")
        within |= Q(connection__in=mine, client_order_id__gte=start, client_order_id__lt=f"{start}{LAST_LETTER}")
    within |= _by_id(start)
    if not within:
        return ()
    found = Order.objects.filter(within, owner_id=owner_id).select_related("instrument", "wallet")
    return list(found.order_by("-created_at")[:FOUND_MOST])


def find_positions_by_id(*, owner_id: UUID, text: str) -> Sequence[Position]:
    """The positions, open or closed, whose id begins with `text`; none for what is no id."""
    within = _by_id(text.strip().lower())
    found = Position.objects.filter(within, owner_id=owner_id).select_related("instrument", "wallet") if within else ()
    return list(found[:FOUND_MOST])


def _by_id(start: str) -> Q:
    """Rows whose id begins like that, found by its index; an empty Q for what is no id."""
    digits = start.replace("-", "")
    if not UUID_START.fullmatch(digits):
        return Q()
    return Q(pk__range=(UUID(digits.ljust(UUID_DIGITS, "0")), UUID(digits.ljust(UUID_DIGITS, "f"))))


def countable_assets(owner_id: UUID) -> set[str]:
    """What a person may count in: what is traded somewhere and so may have a price, and with a real account the usual
    currencies too, since its next sync makes the markets known that lead there."""
    pairs = Instrument.objects.filter(is_active=True).values_list("base", "quote").distinct()
    found = {asset for pair in pairs for asset in pair}
    real = Connection.objects.filter(owner_id=owner_id, is_paper=False).exclude(state=Connection.State.ARCHIVED)
    return found | set(BRIDGES) if real.exists() else found
