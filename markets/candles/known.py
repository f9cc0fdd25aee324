"""Which candles there are: of which instrument, in which timeframe, from when to when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections, router

from kit import clock
from markets.candles import copying
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment, series_of
from markets.models import Candle
from quant.candles import Candles


@dataclass(frozen=True, slots=True)
class Series:
    """The candles of an instrument in one timeframe: when the first and the last of them open."""

    instrument_id: int
    timeframe: str
    first: datetime
    last: datetime


def known_series() -> list[Series]:
    """Every series that has a candle, by instrument and from the finest timeframe on; one query.

    Both ends of each are found by one index probe, however long it is.
    """
    order = list(TIMEFRAME_MS)
    with connections[router.db_for_read(Candle) or DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_KNOWN)
        rows = [Series(pk, frame, moment(int(first)), moment(int(last))) for pk, frame, first, last in cursor]
    return sorted(rows, key=lambda one: (one.instrument_id, order.index(one.timeframe)))


def count_between(*, instrument_id: int, timeframe: str, since: datetime, until: datetime) -> int:
    """How many bars that are closed by now open from `since` on and before `until`."""
    first, last = _bounds(timeframe, since, until)
    rows = Candle.objects.filter(instrument_id=series_of(instrument_id), timeframe=timeframe)
    return rows.filter(ts__gte=first, ts__lte=last).count()


def load_between(*, instrument_id: int, timeframe: str, since: datetime, until: datetime) -> Candles:
    """The bars that are closed by now and open from `since` on and before `until`, oldest first."""
    first, last = _bounds(timeframe, since, until)
    most = (last - first) // TIMEFRAME_MS[timeframe] + 1
    if most < 1:
        return copying.NO_CANDLES
    # No more of them can open in that time; gaps would bring older ones along, which are cut off.
    return copying.read(instrument_id=instrument_id, timeframe=timeframe, last_ts=last, limit=most).between(first, None)


def _bounds(timeframe: str, since: datetime, until: datetime) -> tuple[int, int]:
    """The first and the last opening time (ms) that counts."""
    newest = milliseconds(clock.now()) - TIMEFRAME_MS[timeframe]
    return milliseconds(since), min(milliseconds(until) - 1, newest)


_KNOWN: Final = """
SELECT market.id, frame.timeframe, bar.first, bar.last
FROM markets_instrument AS market
CROSS JOIN LATERAL (SELECT coalesce(market.prices_of_id, market.id)) AS series (id)
CROSS JOIN market_timeframes() AS frame
CROSS JOIN LATERAL (
    SELECT
        (SELECT ts FROM markets_candle
         WHERE instrument_id = series.id AND timeframe = frame.timeframe ORDER BY ts LIMIT 1),
        (SELECT ts FROM markets_candle
         WHERE instrument_id = series.id AND timeframe = frame.timeframe ORDER BY ts DESC LIMIT 1)
) AS bar (first, last)
WHERE bar.first IS NOT NULL
"""
