"""Candles as arrays of closed bars: what is read at a moment was known at that moment."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from kit import clock
from markets.candles import copying
from markets.models import Candle, Instrument, Timeframe
from quant.candles import Candles

TIMEFRAME_MS: Final = {timeframe.value: timeframe.length // timedelta(milliseconds=1) for timeframe in Timeframe}


def milliseconds(moment: datetime) -> int:
    """The moment in whole milliseconds since 1970 UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    """The aware moment of milliseconds since 1970 UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def series_of(instrument: int) -> QuerySet[Instrument, Any]:
    """Whose candles are an instrument's, as a subquery: its own, or of a paper perpetual those of its spot market."""
    return Instrument.objects.filter(pk=instrument).values_list(Coalesce("prices_of_id", "pk"))[:1]


def load_candles(
    *, instrument_id: int, timeframe: str, until: datetime | None = None, limit: int | None = None
) -> Candles:
    """Bars that had closed at `until` (default and latest: now), oldest first; with `limit` the last so many."""
    last_ts = _last_opening(timeframe, until)
    return copying.read(instrument_id=instrument_id, timeframe=timeframe, last_ts=last_ts, limit=limit)


def closed_candles(
    *, instrument_id: int, timeframe: str, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Candle]:
    """The rows of bars that opened at `since` or later and had closed at `until`, for lists of a few hundred."""
    rows = Candle.objects.filter(
        instrument_id=series_of(instrument_id), timeframe=timeframe, ts__lte=_last_opening(timeframe, until)
    )
    return rows if since is None else rows.filter(ts__gte=milliseconds(since))


def candles_around(*, instrument_id: int, since: datetime, until: datetime, bars: int) -> tuple[str, Candles]:
    """What a market did between two moments, with some of what was before and after: timeframe and at most `bars`.

    Of the finest of its series that shows all of it in so many, else of the coarsest; ("", none) without any. Two
    queries.
    """
    room = bars // 5
    alias = router.db_for_read(Candle) or DEFAULT_DB_ALIAS
    with connections[alias].cursor() as cursor:
        cursor.execute(_NEWEST, {"instrument_id": instrument_id, "until": milliseconds(until)})
        newest = dict(cursor.fetchall())
    known = [one for one in Timeframe if (ts := newest.get(one.value)) and moment(ts) > since - one.length * room]
    if not known:
        return "", copying.NO_CANDLES
    shown = next((one for one in known if (until - since) / one.length <= bars - 2 * room), known[-1])
    wanted = (until - since) // shown.length + 2 * room
    found = load_candles(
        instrument_id=instrument_id,
        timeframe=shown.value,
        until=until + room * shown.length,
        limit=min(wanted, bars),
    )
    return shown.value, found


def last_closed_bar(*, instrument_id: int, timeframe: str) -> int | None:
    """The opening time (ms) of the newest stored bar that has closed by now."""
    return last_closed_bars([(instrument_id, timeframe)]).get((instrument_id, timeframe))


def last_closed_bars(series: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The same of many (instrument, timeframe), without those that have none; one query with a probe for each."""
    if not series:
        return {}
    wanted = [(instrument_id, timeframe, _last_opening(timeframe, None)) for instrument_id, timeframe in series]
    with connections[router.db_for_read(Candle) or DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_LAST, [list(column) for column in zip(*wanted, strict=True)])
        return {(int(instrument_id), str(timeframe)): int(ts) for instrument_id, timeframe, ts in cursor}


class Market(NamedTuple):
    """An instrument and what it trades."""

    instrument_id: int
    base: str


def market_spans(
    *, venues: Collection[str], quote: str, favourite: str, since: int
) -> tuple[Market | None, list[tuple[str, int, int]]]:
    """The spot market of the asset `favourite` in `quote` at one of the venues, else the oldest in `quote`; one query.

    With it (timeframe, first, last) opening times in ms of each of its series from `since` (ms) on.
    """
    alias = router.db_for_read(Candle) or DEFAULT_DB_ALIAS
    given: dict[str, Any] = {"venues": list(venues), "quote": quote, "favourite": favourite, "since": since}
    with connections[alias].cursor() as cursor:
        cursor.execute(_SPANS, given)
        rows = cursor.fetchall()
    market = Market(rows[0][0], rows[0][1]) if rows else None
    return market, [(str(timeframe), int(first), int(last)) for *_, timeframe, first, last in rows if first is not None]


# One index probe for each series.
_NEWEST: Final = """
SELECT frame.timeframe, (
    SELECT max(ts) FROM markets_candle
    WHERE instrument_id = (SELECT coalesce(prices_of_id, id) FROM markets_instrument WHERE id = %(instrument_id)s)
          AND timeframe = frame.timeframe AND ts <= %(until)s
)
FROM market_timeframes() AS frame
"""
_LAST: Final = """
SELECT wanted.instrument_id, wanted.timeframe, newest.ts
FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS wanted (instrument_id, timeframe, until)
CROSS JOIN LATERAL (
    SELECT max(ts) AS ts FROM markets_candle
    WHERE instrument_id = (SELECT coalesce(prices_of_id, id) FROM markets_instrument WHERE id = wanted.instrument_id)
          AND timeframe = wanted.timeframe AND ts <= wanted.until
) AS newest
WHERE newest.ts IS NOT NULL
"""
# Both ends of every series by one index probe each.
_SPANS: Final = """
SELECT market.id, market.base, frame.timeframe, bar.first, bar.last
FROM (
    SELECT id, base FROM markets_instrument
    WHERE quote = %(quote)s AND kind = 'spot' AND venue = ANY (%(venues)s)
    ORDER BY base <> %(favourite)s, id LIMIT 1
) AS market
CROSS JOIN market_timeframes() AS frame
CROSS JOIN LATERAL (
    SELECT
        (SELECT min(ts) FROM markets_candle
         WHERE instrument_id = market.id AND timeframe = frame.timeframe AND ts >= %(since)s),
        (SELECT max(ts) FROM markets_candle
         WHERE instrument_id = market.id AND timeframe = frame.timeframe AND ts >= %(since)s)
) AS bar (first, last)
"""


def _last_opening(timeframe: str, until: datetime | None) -> int:
    """The latest opening time of a bar that had closed at `until`; nothing later than now is ever known."""
    now = clock.now()
    return milliseconds(min(until, now) if until else now) - TIMEFRAME_MS[timeframe]
