"""What the market itself did: the instrument that a fund is held against, as candles over the period."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kit import clock
from markets.candles.reading import TIMEFRAME_MS, load_candles, market_spans, milliseconds
from quant.candles import Candles

FAVOURITE: Final = "BTC"
# The coarsest candles with at least so many of them in the period: a line needs no more.
ENOUGH: Final = 100


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Buying `name` at the start and holding it; candles of a length that suits the period."""

    name: str
    candles: Candles


def benchmark(*, venues: Collection[str], base: str, start: datetime) -> Benchmark | None:
    """The benchmark from `start` until now, None when nothing is traded against `base` or no candle is known.

    `venues` are where the fund trades. One query finds the series, another reads its candles.
    """
    # The price at the start itself comes from the bar before it.
    since = milliseconds(start) - max(TIMEFRAME_MS.values())
    market, found = market_spans(venues=venues, quote=base, favourite=FAVOURITE, since=since)
    if market is None or not found:
        return None
    timeframe, _, _ = max(found, key=lambda row: _fitness(*row))
    length = TIMEFRAME_MS[timeframe]
    bars = (milliseconds(clock.now()) - milliseconds(start)) // length + 2
    return Benchmark(market.base, load_candles(instrument_id=market.instrument_id, timeframe=timeframe, limit=bars))


def _fitness(timeframe: str, first: int, last: int) -> tuple[bool, int, int]:
    """Enough bars first, then the longest of those; without enough, the series that covers most, in most bars."""
    length = TIMEFRAME_MS[timeframe]
    bars = (last - first) // length + 1
    return (True, length, 0) if bars >= ENOUGH else (False, last - first, bars)
