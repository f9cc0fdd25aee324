"""The past of a market from its exchange, page by page: what is stored already is not asked for again.

A download that was interrupted goes on where candles are missing, so nothing has to be remembered of it. What the
exchange does not have, before a market was listed or where nobody traded, stays a gap, and is reported as one.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from django.conf import settings

from kit import clock
from kit.errors import InvalidInputError
from markets.candles.importing import GAPS_SHOWN, Gap, gaps_of
from markets.candles.known import load_between
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.exchanges import RefusedError, asked, is_known, open_exchange
from markets.fetching import BARS, list_market, store_closed
from markets.models import Instrument, KeptSeries, Timeframe
from quant.candles import DAY_MS

PREFIX: Final = "ccxt:"
# Candles of one download at most.
MOST_BARS: Final = 5_000_000
# What says when a market was listed: its first day.
_DAY: Final = Timeframe.D1.value


@dataclass(frozen=True, slots=True)
class Past:
    """What is to be downloaded: bars that open from `since` on and before `until`, closed by now."""

    exchange: str
    symbol: str
    timeframe: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """How far it is after one answer: up to when was asked, as a fraction too, and what the answer brought."""

    until: datetime
    progress: float
    written: int
    bad: int


@dataclass(frozen=True, slots=True)
class Found:
    """What there is between the ends of a download when it is over."""

    bars: int
    first: datetime | None
    last: datetime | None
    gaps: int
    missing: int
    first_gaps: tuple[Gap, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs and columns: moments in ISO 8601."""
        told = asdict(self)
        return told | {
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "first_gaps": [{"since": gap.since.isoformat(), "bars": gap.bars} for gap in self.first_gaps],
        }


def past_of(*, exchange: str, symbol: str, timeframe: str, since: datetime, until: datetime | None = None) -> Past:
    """A download, checked as far as it can be without asking the exchange.

    Raises InvalidInputError naming the field.
    """
    if timeframe not in TIMEFRAME_MS:
        known = ", ".join(TIMEFRAME_MS)
        raise _invalid("timeframe", f"Choose a timeframe of {known}: {timeframe!r} is none of them.")
    until = min(until or clock.now(), clock.now())
    if until <= since:
        raise _invalid("since", "Choose a beginning before the end, and in the past.")
    bars = (until - since) // timedelta(milliseconds=TIMEFRAME_MS[timeframe])
    if bars > MOST_BARS:
        raise _invalid("since", f"Begin later, or choose coarser candles: {bars:,} are more than {MOST_BARS:,}.")
    return Past(exchange, symbol, timeframe, since, until)


def open_market(past: Past) -> tuple[Any, Instrument]:
    """The exchange, and the market's instrument, which is made where there is none yet.

    Raises InvalidInputError where ccxt knows no such exchange, or that has no such market or timeframe, FeedError when
    it cannot be asked.
    """
    if not is_known(past.exchange):
        raise _invalid("exchange", f"Choose another exchange: ccxt knows no {past.exchange!r}.")
    exchange = open_exchange(past.exchange, settings.CCXT_BASE_URL)
    asked(exchange.load_markets)
    if past.symbol not in exchange.markets:
        raise _invalid("symbol", f"Choose another market: {exchange.name} has no {past.symbol!r}.")
    if past.timeframe not in (exchange.timeframes or {}):
        known = ", ".join(name for name in TIMEFRAME_MS if name in (exchange.timeframes or {}))
        raise _invalid("timeframe", f"Choose another timeframe: {exchange.name} has {known or 'no candles'}.")
    known_already = Instrument.objects.filter(venue=past.exchange, symbol=past.symbol).first()
    if known_already is not None and known_already.is_simulated:
        raise _invalid("symbol", f"The market simulator plays {past.symbol} at {past.exchange}: its past is its own.")
    instrument = known_already or list_market(past.exchange, exchange, past.symbol)
    KeptSeries.objects.get_or_create(instrument=instrument, timeframe=past.timeframe)
    return exchange, instrument


def pages(past: Past, exchange: Any, instrument: Instrument, *, begin: datetime | None = None) -> Iterator[Page]:
    """Ask for what is missing, page by page, from `begin` on (by default from the beginning), and store it.

    Raises FeedError when the exchange stays away or says no; what was stored until then stays.
    """
    length = TIMEFRAME_MS[past.timeframe]
    first, end = _openings(past, length)
    is_there = np.zeros(max((end - first) // length, 0), dtype=bool)
    stored = load_between(instrument_id=instrument.pk, timeframe=past.timeframe, since=past.since, until=past.until).ts
    is_there[(stored - first) // length] = True
    limit = int(exchange.feature_value(past.symbol, "fetchOHLCV", "limit", BARS) or BARS)
    place = max((milliseconds(begin) - first) // length, 0) if begin else 0
    looks_for_listing = True
    while place < is_there.size:
        place += int(is_there[place:].argmin())
        if is_there[place]:
            return  # and so are all that come after it
        if looks_for_listing:
            looks_for_listing = False
            listed = _listed(exchange, instrument, past, first + place * length)
            place = max(place, ((listed or first) - first) // length)
            continue
        answer = store_closed(exchange, instrument, past.timeframe, first + place * length, before=end, limit=limit)
        # Bars that were not told before the last one are not there; without any, nothing was traded in all of it.
        reached = place + limit if answer.last is None else (answer.last - first) // length + 1
        place = max(reached, place + 1)
        done = min(place, is_there.size)
        yield Page(moment(first + done * length), done / is_there.size, answer.written, answer.bad)


def found(past: Past, instrument: Instrument) -> Found:
    """What there is now: how many bars, from when to when, and which are missing between the first and the last."""
    candles = load_between(instrument_id=instrument.pk, timeframe=past.timeframe, since=past.since, until=past.until)
    gaps = gaps_of(candles, TIMEFRAME_MS[past.timeframe])
    return Found(
        bars=len(candles),
        first=moment(int(candles.ts[0])) if len(candles) else None,
        last=moment(int(candles.ts[-1])) if len(candles) else None,
        gaps=len(gaps),
        missing=sum(gap.bars for gap in gaps),
        first_gaps=tuple(gaps[:GAPS_SHOWN]),
    )


def _openings(past: Past, length: int) -> tuple[int, int]:
    """The first opening (ms) that counts, and the one behind the last."""
    closed = min(milliseconds(past.until), milliseconds(clock.now()) - length + 1)
    return -(-milliseconds(past.since) // length) * length, -(-closed // length) * length


def _listed(exchange: Any, instrument: Instrument, past: Past, since: int) -> int | None:
    """The day (ms) on which the market was first traded, of that of `since` and those after it, if the exchange says.

    Before it there is nothing, and a question for each page of nothing would take hours.
    """
    since = since // DAY_MS * DAY_MS
    if _DAY not in (exchange.timeframes or {}) or past.timeframe == _DAY:
        return None
    try:
        answer = asked(lambda: exchange.fetch_ohlcv(instrument.symbol, _DAY, since=since, limit=BARS))
    except RefusedError:
        return None
    days = [int(row[0]) for row in answer or () if row and row[0] is not None and int(row[0]) >= since]
    return min(days, default=None)


def _invalid(field: str, sentence: str) -> InvalidInputError:
    return InvalidInputError(sentence, fields={field: sentence})
