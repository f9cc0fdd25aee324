"""Candles that runs share: one load for all agents of an instrument and timeframe.

A tape is loaded for the present, as many bars as the most patient of its agents needs, or for a stretch of the past,
over which the clock then moves. Either way a run cuts from it what had closed by its own moment and nothing later,
exactly the bars that it would have read alone, so that it makes no difference who it shares them with.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import numpy as np

from kit import clock
from markets.candles.reading import TIMEFRAME_MS, load_candles, milliseconds
from markets.prices import to_price
from quant.candles import Candles

Series = tuple[int, str]
"""An instrument's id and a timeframe."""


class Tape:
    """Closed bars by series. What was not loaded is read when it is asked for."""

    def __init__(self, loaded: Mapping[Series, Candles] | None = None) -> None:
        self._loaded = dict(loaded or {})

    @classmethod
    def of_now(cls, wanted: Mapping[Series, int]) -> "Tape":
        """The newest closed bars, so many of each series."""
        return cls(
            {
                (instrument_id, timeframe): load_candles(instrument_id=instrument_id, timeframe=timeframe, limit=bars)
                for (instrument_id, timeframe), bars in wanted.items()
            }
        )

    @classmethod
    def of_past(cls, *, instrument_ids: Iterable[int], since: datetime, until: datetime, bars: int) -> "Tape":
        """What closes from `since` to `until` and `bars` bars before it, in every timeframe, for a clock in between."""
        span = milliseconds(until) - milliseconds(since)
        series = [(instrument_id, timeframe) for instrument_id in instrument_ids for timeframe in TIMEFRAME_MS]
        with clock.at(until):
            return cls.of_now({one: bars + span // TIMEFRAME_MS[one[1]] + 1 for one in series})

    def closed(self, *, instrument_id: int, timeframe: str, bars: int) -> Candles:
        """The last `bars` bars that have closed by now, fewer when there are fewer."""
        candles = self._loaded.get((instrument_id, timeframe))
        if candles is None:
            return load_candles(instrument_id=instrument_id, timeframe=timeframe, limit=bars)
        end = _closed(candles, timeframe)
        return candles[max(end - bars, 0) : end]

    def price(self, instrument_id: int) -> Decimal | None:
        """What `markets.prices` says of the instrument over history: the close of the bar that closed last.

        Of several at once it is the finest timeframe's; a tape of the past has all of them.
        """
        newest: tuple[int, float] | None = None
        for timeframe, length in TIMEFRAME_MS.items():
            candles = self._loaded.get((instrument_id, timeframe))
            end = 0 if candles is None else _closed(candles, timeframe)
            if candles is not None and end:
                closed_at = int(candles.ts[end - 1]) + length
                if newest is None or closed_at > newest[0]:
                    newest = closed_at, float(candles.close[end - 1])
        return None if newest is None else to_price(newest[1])


def _closed(candles: Candles, timeframe: str) -> int:
    """How many of the bars have closed by now."""
    return int(np.searchsorted(candles.ts, milliseconds(clock.now()) - TIMEFRAME_MS[timeframe], side="right"))
