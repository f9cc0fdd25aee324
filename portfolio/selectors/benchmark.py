"""What the market itself did: the instrument that a fund is held against, as candles over the period."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock
from markets.candles.reading import TIMEFRAME_MS, load_candles, milliseconds
from quant.candles import Candles

FAVOURITE: Final = "BTC"
# The coarsest candles with at least so many of them in the period: a line needs no more.
ENOUGH: Final = 100

# Instruments at the owner's venues that are priced in the base asset, bitcoin before others, with the span of each of
# their series from the period's start on.
_SERIES: Final = """
WITH instrument AS (
    SELECT instrument.id, instrument.base
    FROM markets_instrument AS instrument
    WHERE instrument.quote = %(base)s AND instrument.kind = 'spot' AND instrument.venue IN (
        SELECT connection.venue FROM wallets_wallet AS wallet
        JOIN wallets_connection AS connection ON connection.id = wallet.connection_id
        WHERE wallet.owner_id = %(owner)s
    )
    ORDER BY (instrument.base = %(favourite)s) DESC, instrument.id LIMIT 1
)
SELECT instrument.id, instrument.base, frame.timeframe, bar.first, bar.last
FROM instrument
CROSS JOIN unnest(%(frames)s::text[]) AS frame (timeframe)
CROSS JOIN LATERAL (
    SELECT
        (SELECT min(ts) FROM markets_candle
         WHERE instrument_id = instrument.id AND timeframe = frame.timeframe AND ts >= %(start)s),
        (SELECT max(ts) FROM markets_candle
         WHERE instrument_id = instrument.id AND timeframe = frame.timeframe AND ts >= %(start)s)
) AS bar (first, last)
WHERE bar.first IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Buying `name` at the start and holding it; candles of a length that suits the period."""

    name: str
    candles: Candles


def benchmark(*, owner_id: UUID, base: str, start: datetime) -> Benchmark | None:
    """The benchmark from `start` until now, None when nothing is traded against `base` or no candle is known."""
    parameters: dict[str, Any] = {
        "owner": owner_id,
        "base": base,
        "favourite": FAVOURITE,
        "frames": list(TIMEFRAME_MS),
        # The price at the start itself comes from the bar before it.
        "start": milliseconds(start) - max(TIMEFRAME_MS.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SERIES, parameters)
        found = cursor.fetchall()
    if not found:
        return None
    instrument_id, name, timeframe, _, _ = max(found, key=lambda row: _fitness(row[2], row[3], row[4]))
    length = TIMEFRAME_MS[timeframe]
    bars = (milliseconds(clock.now()) - milliseconds(start)) // length + 2
    return Benchmark(name, load_candles(instrument_id=instrument_id, timeframe=timeframe, limit=bars))


def _fitness(timeframe: str, first: int, last: int) -> tuple[bool, int, int]:
    """Enough bars first, then the longest of those; without enough, the series that covers most, in most bars."""
    length = TIMEFRAME_MS[timeframe]
    bars = (last - first) // length + 1
    return (True, length, 0) if bars >= ENOUGH else (False, last - first, bars)
