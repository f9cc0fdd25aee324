"""What the market itself did: the instrument that a fund is held against, as candles over the period."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Case, When

from kit import clock
from markets.candles.reading import TIMEFRAME_MS, load_candles, milliseconds, spans
from markets.models import Instrument
from quant.candles import Candles
from wallets.models import Wallet

FAVOURITE: Final = "BTC"
# The coarsest candles with at least so many of them in the period: a line needs no more.
ENOUGH: Final = 100


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Buying `name` at the start and holding it; candles of a length that suits the period."""

    name: str
    candles: Candles


def benchmark(*, owner_id: UUID, base: str, start: datetime) -> Benchmark | None:
    """The benchmark from `start` until now, None when nothing is traded against `base` or no candle is known."""
    venues = Wallet.objects.filter(owner_id=owner_id).order_by().values("connection__venue")
    is_favourite = Case(When(base=FAVOURITE, then=0), default=1)
    instrument = (
        Instrument.objects.filter(quote=base, kind=Instrument.Kind.SPOT, venue__in=venues)
        .order_by(is_favourite, "pk")
        .first()
    )
    if instrument is None:
        return None
    # The price at the start itself comes from the bar before it.
    found = spans(instrument_id=instrument.pk, since=milliseconds(start) - max(TIMEFRAME_MS.values()))
    if not found:
        return None
    timeframe, _, _ = max(found, key=lambda row: _fitness(*row))
    length = TIMEFRAME_MS[timeframe]
    bars = (milliseconds(clock.now()) - milliseconds(start)) // length + 2
    return Benchmark(instrument.base, load_candles(instrument_id=instrument.pk, timeframe=timeframe, limit=bars))


def _fitness(timeframe: str, first: int, last: int) -> tuple[bool, int, int]:
    """Enough bars first, then the longest of those; without enough, the series that covers most, in most bars."""
    length = TIMEFRAME_MS[timeframe]
    bars = (last - first) // length + 1
    return (True, length, 0) if bars >= ENOUGH else (False, last - first, bars)
