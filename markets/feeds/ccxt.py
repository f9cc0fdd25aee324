"""Public prices of a real exchange through ccxt: tickers every time, candles when a bar should have closed.

Nothing is asked inside a transaction. The work of one call is bounded: a first start fills history over several calls.
ccxt takes seconds and 70 MB to import, so it is imported by the process that collects, at its first collection.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache

from kit import clock
from kit.errors import InvalidInputError
from markets.candles.reading import TIMEFRAME_MS, last_closed_bar, milliseconds, moment
from markets.exchanges import RefusedError, asked, money, open_exchange
from markets.feeds.streamed import need_not_ask
from markets.fetching import list_market, store_closed, tickers_of
from markets.models import Instrument, Timeframe
from markets.services import NewQuote, prune_candles, record_quotes
from quant.candles import DAY_MS

logger = logging.getLogger(__name__)

# Requests for candles in one call, and bars of history that a new instrument gets per timeframe.
REQUESTS: Final = 12
HISTORY_BARS: Final = 1_000
# One collector at a time; the lock outlives a killed worker by this long.
LOCK_SECONDS: Final = 60
# When this process last asked for a series, as a count of requests: nobody waits behind one that never has an answer.
_turns: Final[dict[tuple[int, str], int]] = {}
_counter: Final = count(1)


def collect(exchange_id: str, base_url: str = "") -> list[int]:
    """Tickers and newly closed candles of the exchange's instruments; returns the ids of those with a new price.

    Its API stands at `base_url`, by default at its own address; the setting goes before both.

    Raises FeedError when the exchange cannot be asked, InvalidInputError when ccxt does not know it.
    """
    if not cache.add(f"markets:ccxt:{exchange_id}", 1, LOCK_SECONDS):
        return []
    try:
        exchange = open_exchange(exchange_id, settings.CCXT_BASE_URL or base_url)
        instruments = _instruments(exchange_id, exchange)
        quoted = [] if need_not_ask(exchange_id) else _record_tickers(exchange, instruments)
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
            if symbol in exchange.markets:
                _list(exchange_id, exchange, symbol)
    return {instrument.symbol: instrument for instrument in known if instrument.symbol in exchange.markets}


def _list(exchange_id: str, exchange: Any, symbol: str) -> None:
    try:
        list_market(exchange_id, exchange, symbol)
    except InvalidInputError as error:
        logger.warning("%s leaves out %s: %s", exchange_id, symbol, error)


# --- prices --------------------------------------------------------------------------------------------------------


def _record_tickers(exchange: Any, instruments: dict[str, Instrument]) -> list[int]:
    if not instruments:
        return []
    tickers = tickers_of(exchange, list(instruments))
    quotes = []
    for symbol, instrument in instruments.items():
        quote = quote_of(exchange.id, instrument, tickers.get(symbol) or {})
        if quote is not None:
            quotes.append(quote)
    record_quotes(quotes)
    return [quote.instrument_id for quote in quotes]


def quote_of(source: str, instrument: Instrument, ticker: Mapping[str, Any]) -> NewQuote | None:
    """Prices as the exchange wrote them; None without a last price. A moment in the future or without a date is now."""
    now = clock.now()
    price, bid, ask = (money(ticker.get(name)) for name in ("last", "bid", "ask"))
    if price is None:
        return None
    if bid is not None and ask is not None and bid > ask:
        bid = ask = None
    try:
        said = datetime.fromtimestamp(ticker["timestamp"] / 1000, UTC) if ticker.get("timestamp") else now
    except (OverflowError, OSError, ValueError):
        said = now
    return NewQuote(instrument.pk, price, bid, ask, source, min(said, now))


def record_told(exchange_id: str, tickers: Sequence[Mapping[str, Any]]) -> list[int]:
    """Make these the latest prices of the exchange's instruments, in one statement; one that is older than what is
    known changes nothing. Returns the ids of the instruments."""
    symbols = [str(ticker["symbol"]) for ticker in tickers]
    known = Instrument.objects.filter(venue=exchange_id, symbol__in=symbols, is_active=True, is_simulated=False)
    instruments = {instrument.symbol: instrument for instrument in known}
    told = ((instruments.get(str(ticker["symbol"])), ticker) for ticker in tickers)
    found = (quote_of(exchange_id, instrument, ticker) for instrument, ticker in told if instrument is not None)
    quotes = [quote for quote in found if quote is not None]
    record_quotes(quotes)
    return [quote.instrument_id for quote in quotes]


# --- candles -------------------------------------------------------------------------------------------------------


def _store_closed(exchange: Any, instruments: Sequence[Instrument]) -> None:
    """Ask for bars that should have closed since the last stored one: those not asked for longest, then longest due.

    A market that has nothing to say, or says nonsense, takes its turn and no more.
    """
    now_ms = milliseconds(clock.now())
    due = []
    for instrument in instruments:
        for timeframe, length in TIMEFRAME_MS.items():
            if timeframe not in (exchange.timeframes or {}):
                continue
            latest = last_closed_bar(instrument_id=instrument.pk, timeframe=timeframe)
            since = latest + length if latest is not None else now_ms // length * length - HISTORY_BARS * length
            if since + length <= now_ms:
                turn = _turns.get((instrument.pk, timeframe), 0)
                due.append((turn, (since - now_ms) / length, instrument, timeframe, since))
    due.sort(key=lambda item: item[:2])
    for _, _, instrument, timeframe, since in due[:REQUESTS]:
        _turns[instrument.pk, timeframe] = next(_counter)
        try:
            store_closed(exchange, instrument, timeframe, since)
        except RefusedError as error:
            logger.warning("%s %s: no candles (%s)", instrument, timeframe, error)
    if due and now_ms % DAY_MS < TIMEFRAME_MS[Timeframe.M1]:
        prune_candles(instrument_ids=[instrument.pk for instrument in instruments], now=moment(now_ms))
