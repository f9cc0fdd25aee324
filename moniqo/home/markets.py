"""What the owner's agents trade, and what it costs now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from farms.models import Agent
from kit import clock
from markets.candles.reading import milliseconds
from markets.models import Candle, Instrument, Ticker, Timeframe

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class MarketLine:
    """An instrument with its last price in the quote asset, and the change over 24 hours as a fraction, if known."""

    symbol: str
    base: str
    tick_size: Decimal
    price: Decimal
    change: float | None
    source: str


def traded_markets(*, owner_id: UUID) -> Sequence[MarketLine]:
    """The instruments of the owner's agents that have a price, by symbol; one query."""
    a_day_ago = (
        Candle.objects.filter(
            instrument_id=Coalesce(OuterRef("prices_of"), OuterRef("pk")),
            timeframe=Timeframe.H1,
            ts__lt=milliseconds(clock.now() - DAY),
        )
        .order_by("-ts")
        .values("close")[:1]
    )
    said = Ticker.objects.filter(instrument=Coalesce(OuterRef("prices_of"), OuterRef("pk")))
    rows = (
        Instrument.objects.filter(pk__in=Agent.objects.filter(owner_id=owner_id).values("instrument"))
        .annotate(
            price=Subquery(said.values("price")), source=Subquery(said.values("source")), before=Subquery(a_day_ago)
        )
        .filter(price__gt=0)
        .order_by("symbol")
    )
    return [
        MarketLine(
            symbol=row.symbol,
            base=row.base,
            tick_size=row.tick_size,
            price=row.price,
            change=float(row.price) / row.before - 1 if row.before else None,
            source=row.source,
        )
        for row in rows
    ]
