"""Candles as arrays of closed bars: what is read at a moment was known at that moment."""

from datetime import UTC, datetime, timedelta
from typing import Final

from kit import clock
from markets.candles import copying
from markets.models import Candle, Timeframe
from quant.candles import Candles

TIMEFRAME_MS: Final = {timeframe.value: timeframe.length // timedelta(milliseconds=1) for timeframe in Timeframe}


def milliseconds(moment: datetime) -> int:
    """The moment in whole milliseconds since 1970 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    """The aware moment of milliseconds since 1970 UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def load_candles(
    *, instrument_id: int, timeframe: str, until: datetime | None = None, limit: int | None = None
) -> Candles:
    """Bars that had closed at `until` (default and latest: now), oldest first; with `limit` the last so many."""
    last_ts = _last_opening(timeframe, until)
    return copying.read(instrument_id=instrument_id, timeframe=timeframe, last_ts=last_ts, limit=limit)


def last_closed_bar(*, instrument_id: int, timeframe: str) -> int | None:
    """The opening time (ms) of the newest stored bar that has closed by now."""
    latest: int | None = (
        Candle.objects.filter(instrument_id=instrument_id, timeframe=timeframe, ts__lte=_last_opening(timeframe, None))
        .order_by("-ts")
        .values_list("ts", flat=True)
        .first()
    )
    return latest


def _last_opening(timeframe: str, until: datetime | None) -> int:
    """The latest opening time of a bar that had closed at `until`; nothing later than now is ever known."""
    now = clock.now()
    return milliseconds(min(until, now) if until else now) - TIMEFRAME_MS[timeframe]
