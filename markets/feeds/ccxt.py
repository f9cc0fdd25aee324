"""Public prices of a real exchange through ccxt: tickers every time, candles when a bar should have closed.

Nothing is asked inside a transaction. The work of one call is bounded: a first start fills history over several calls.
ccxt takes seconds and 70 MB to import, so it is imported by the process that collects, at its first collection.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
from django.conf import settings
from django.core.cache import cache

from kit import clock
from markets.candles.reading import TIMEFRAME_MS, last_closed_bar, milliseconds, moment
from markets.exchanges import asked, open_exchange, steps
from markets.models import Instrument, Timeframe
from markets.services import NewQuote, ensure_instrument, prune_candles, record_quotes, store_candles
from quant.candles import DAY_MS

# Requests for candles in one call, bars in one request, and bars of history that a new instrument gets per timeframe.
REQUESTS: Final = 12
BARS: Final = 500
HISTORY_BARS: Final = 1_000
# One collector at a time; the lock outlives a killed worker by this long.
LOCK_SECONDS: Final = 60
# What ccxt returns for a candle: ts, open, high, low, close, volume.
_ROW: Final = 6


def collect(exchange_id: str) -> list[int]:
    """Tickers and newly closed candles of the exchange's instruments; returns the ids of those with a new price.

    Raises FeedError when the exchange cannot be asked, InvalidInputError when ccxt does not know it.
    """
    if not cache.add(f"markets:ccxt:{exchange_id}", 1, LOCK_SECONDS):
        return []
    try:
        exchange = open_exchange(exchange_id, settings.CCXT_BASE_URL)
        instruments = _instruments(exchange_id, exchange)
        quoted = _record_tickers(exchange, instruments)
        _store_closed(exchange, list(instruments.values()))
        return quoted
    finally:
        cache.delete(f"markets:ccxt:{exchange_id}")


def _instruments(exchange_id: str, exchange: Any) -> dict[str, Instrument]:
    """The exchange's active instruments by symbol; those of the setting are made when the venue has none yet."""
    asked(exchange.load_markets)
    known = Instrument.objects.filter(venue=exchange_id, is_active=True, is_simulated=False)
    if not known.exists():
        for symbol in settings.FEED_SYMBOLS:
            market = exchange.markets.get(symbol)
            if market is not None:
                tick, lot, minimum = steps(exchange, market)
                ensure_instrument(
                    venue=exchange_id, symbol=symbol, tick_size=tick, lot_size=lot, minimum_notional=minimum
                )
    return {instrument.symbol: instrument for instrument in known if instrument.symbol in exchange.markets}


def _record_tickers(exchange: Any, instruments: dict[str, Instrument]) -> list[int]:
    if not instruments:
        return []
    tickers = asked(lambda: exchange.fetch_tickers(list(instruments)))
    quotes = [
        _quote(exchange.id, instruments[symbol], ticker)
        for symbol, ticker in tickers.items()
        if symbol in instruments and ticker["last"]
    ]
    record_quotes(quotes)
    return [quote.instrument_id for quote in quotes]


def _quote(source: str, instrument: Instrument, ticker: dict[str, Any]) -> NewQuote:
    """Prices as the exchange wrote them; a moment in the future or without a date is now."""
    now = clock.now()
    said = datetime.fromtimestamp(ticker["timestamp"] / 1000, UTC) if ticker["timestamp"] else now
    price, bid, ask = (Decimal(str(ticker[name])) if ticker[name] else None for name in ("last", "bid", "ask"))
    assert price is not None  # noqa: S101 - the caller leaves out tickers without a last price
    return NewQuote(instrument.pk, price, bid, ask, source, min(said, now))


def _store_closed(exchange: Any, instruments: Sequence[Instrument]) -> None:
    """Ask for bars that should have closed since the last stored one, the longest overdue first."""
    now_ms = milliseconds(clock.now())
    due = []
    for instrument in instruments:
        for timeframe, length in TIMEFRAME_MS.items():
            if timeframe not in (exchange.timeframes or {}):
                continue
            latest = last_closed_bar(instrument_id=instrument.pk, timeframe=timeframe)
            since = latest + length if latest is not None else now_ms // length * length - HISTORY_BARS * length
            if since + length <= now_ms:
                due.append(((now_ms - since) / length, instrument, timeframe, since))
    due.sort(key=lambda item: -item[0])
    for _, instrument, timeframe, since in due[:REQUESTS]:
        _fetch(exchange, instrument, timeframe, since)
    if due and now_ms % DAY_MS < TIMEFRAME_MS[Timeframe.M1]:
        prune_candles(instrument_ids=[instrument.pk for instrument in instruments], now=moment(now_ms))


def _fetch(exchange: Any, instrument: Instrument, timeframe: str, since: int) -> None:
    """Store the closed bars of one answer; the bar that is still open is left for later."""
    answer = asked(lambda: exchange.fetch_ohlcv(instrument.symbol, timeframe, since=since, limit=BARS))
    bars = np.array([row for row in answer if None not in row], dtype=np.float64).reshape(-1, _ROW)
    bars = bars[(bars[:, 0] >= since) & (bars[:, 0] + TIMEFRAME_MS[timeframe] <= milliseconds(clock.now()))]
    if len(bars):
        store_candles(
            instrument=instrument,
            timeframe=timeframe,
            ts=bars[:, 0].astype(np.int64),
            open=bars[:, 1],
            high=bars[:, 2],
            low=bars[:, 3],
            close=bars[:, 4],
            volume=bars[:, 5],
        )
