"""What an exchange says of a market when it is asked: its steps, its last price, and its closed candles."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kit import clock
from markets.candles.files.judging import sound
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.exchanges import RefusedError, asked, has_steps, money, steps
from markets.models import Instrument
from markets.services import ensure_instrument, store_candles
from quant.candles import Floats

logger = logging.getLogger(__name__)

BARS: Final = 500
# What ccxt returns for a candle: ts, open, high, low, close, volume.
_ROW: Final = 6
_KINDS: Final = {"spot": Instrument.Kind.SPOT, "swap": Instrument.Kind.PERPETUAL, "future": Instrument.Kind.FUTURE}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one answer with candles brought: when its last bar opens (ms; None for no bar), how many bars were new or
    different, and how many were left out because they cannot be true."""

    last: int | None
    written: int
    bad: int


def list_market(exchange_id: str, exchange: Any, symbol: str) -> Instrument:
    """The instrument of one market, with the names and steps that the exchange gives it.

    Raises InvalidInputError for what has no sensible steps or names, FeedError when the exchange cannot be asked.
    """
    market = exchange.markets[symbol]
    price = None
    if not has_steps(exchange, market):
        price = money(tickers_of(exchange, [symbol]).get(symbol, {}).get("last"))
    tick, lot, minimum = steps(exchange, market, price)
    instrument, _ = ensure_instrument(
        venue=exchange_id,
        symbol=symbol,
        base=market["base"],
        quote=market["quote"],
        settle=market["settle"] or "",
        kind=_KINDS.get(market["type"], Instrument.Kind.SPOT),
        tick_size=tick,
        lot_size=lot,
        minimum_notional=minimum,
    )
    return instrument


def tickers_of(exchange: Any, symbols: list[str]) -> dict[str, dict[str, Any]]:
    """The tickers by symbol. An exchange that refuses them all because of one is asked for each."""
    try:
        found: dict[str, dict[str, Any]] = asked(lambda: exchange.fetch_tickers(symbols))
    except RefusedError:
        found = {}
        for symbol in symbols if len(symbols) > 1 else ():
            found |= tickers_of(exchange, [symbol])
    return found


def store_closed(
    exchange: Any, instrument: Instrument, timeframe: str, since: int, *, before: int | None = None, limit: int = BARS
) -> Answer:
    """Store the closed bars of one answer that can be true and open `before` then (ms); the bar that is still open is
    left for later.

    Raises RefusedError when the exchange says no, FeedError when it cannot be asked.
    """
    length, written = TIMEFRAME_MS[timeframe], 0
    answer = asked(lambda: exchange.fetch_ohlcv(instrument.symbol, timeframe, since=since, limit=limit))
    bars = _numbers(answer)
    end = milliseconds(clock.now()) - length + 1
    bars = bars[(bars[:, 0] >= since) & (bars[:, 0] < (end if before is None else min(end, before)))]
    bars = bars[np.argsort(bars[:, 0], kind="stable")]  # some exchanges send the newest first
    ts, values = bars[:, 0].astype(np.int64), bars[:, 1:]
    good, reasons = sound(ts, values, length)
    if reasons:
        first, reason = next(iter(reasons.items()))
        at = moment(int(ts[first]))
        logger.warning("%s %s: left out %d bars, the first of %s (%s)", instrument, timeframe, len(reasons), at, reason)
    if good.any():
        written = store_candles(
            instrument=instrument,
            timeframe=timeframe,
            ts=ts[good],
            open=values[good, 0],
            high=values[good, 1],
            low=values[good, 2],
            close=values[good, 3],
            volume=values[good, 4],
        )
    return Answer(int(ts[-1]) if ts.size else None, written, len(reasons))


def _numbers(answer: Sequence[Sequence[Any]] | None) -> Floats:
    """The answer's rows as numbers `(T, 6)`; what is missing is NaN, and a row without a time is none."""
    rows = []
    for row in answer or ():
        cells = [np.nan if cell is None else float(cell) for cell in row[:_ROW]]
        if len(cells) == _ROW and np.isfinite(cells[0]):
            rows.append(cells)
    return np.array(rows, dtype=np.float64).reshape(-1, _ROW)
