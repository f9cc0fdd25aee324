"""Storing candles, and forgetting the fine ones that nobody will read again."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from kit.errors import InvalidInputError
from markets.candles import copying
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.models import Candle, Instrument, KeptSeries, Timeframe
from quant.candles import Candles, Floats, Ints
from quant.errors import CandleError

# How long a feed's own bars are kept. Series that somebody has imported or downloaded are kept for ever.
KEEP: Final = {Timeframe.M1: timedelta(days=14), Timeframe.M5: timedelta(days=60), Timeframe.M15: timedelta(days=180)}


def store_candles(
    *,
    instrument: Instrument,
    timeframe: str,
    ts: Ints,
    open: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
) -> int:
    """Insert or correct closed bars, all arrays `(T,)`; returns how many were new or different.

    `ts` are opening times in milliseconds UTC, strictly increasing and aligned to the timeframe. Raises
    InvalidInputError naming the first bar that cannot be true; then nothing is stored.
    """
    try:
        candles = Candles(ts, open, high, low, close, volume).checked()
    except CandleError as error:
        raise InvalidInputError(str(error), fields={"candles": str(error)}) from error
    misplaced = candles.ts % TIMEFRAME_MS[timeframe] != 0
    if misplaced.any():
        first = int(candles.ts[misplaced.argmax()])
        raise InvalidInputError(f"Bars of {timeframe} open at whole multiples of it: {first} ms does not.")
    return copying.write(instrument_id=instrument.pk, timeframe=timeframe, candles=candles)


def prune_candles(*, instrument_ids: Collection[int], now: datetime) -> int:
    """Delete bars older than `KEEP` says, of series that only a feed collects; returns how many."""
    asked_for = set(KeptSeries.objects.values_list("instrument_id", "timeframe"))
    return sum(
        Candle.objects.filter(
            instrument_id__in=[pk for pk in instrument_ids if (pk, timeframe) not in asked_for],
            timeframe=timeframe,
            ts__lt=milliseconds(now - kept),
        ).delete()[0]
        for timeframe, kept in KEEP.items()
    )
