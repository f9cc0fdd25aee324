"""Candles as the whole core sees them: six equally long arrays, oldest bar first.

`ts` is the opening time of a bar in milliseconds since 1970 UTC; a bar belongs to the half-open span
`[ts, ts + timeframe)`. Construction checks shapes and types only, which costs nothing; `checked()` looks at every value
and belongs where data enter the system. Gaps are reported by `gaps()` and never filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.errors import CandleError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
YEAR_MS: Final = 365 * DAY_MS
_UNITS: Final[Mapping[str, int]] = {"m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": DAY_MS, "w": 7 * DAY_MS}


@dataclass(frozen=True, eq=False)
class Candles:
    """Bars of one instrument, all arrays `(T,)`: `ts` int64 milliseconds UTC, prices in quote, volume in base."""

    ts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "ts", np.ascontiguousarray(self.ts, dtype=np.int64))
        for name in ("open", "high", "low", "close", "volume"):
            column = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, column)
            if column.shape != self.ts.shape or column.ndim != 1:
                raise CandleError(
                    f"Give {name} one value per bar: it has shape {column.shape} where ts has {self.ts.shape}."
                )

    def __len__(self) -> int:
        return int(self.ts.size)

    def __getitem__(self, bars: slice) -> Candles:
        return Candles(
            self.ts[bars], self.open[bars], self.high[bars], self.low[bars], self.close[bars], self.volume[bars]
        )

    def checked(self) -> Candles:
        """The same candles, or a `CandleError` naming the first bar that cannot be true.

        Required: ts strictly increasing, prices finite and positive, low ≤ open, close ≤ high, volume finite and ≥ 0.
        """
        prices = np.stack((self.open, self.high, self.low, self.close))
        complaints = (
            ("a time that is not after the bar before it", np.diff(self.ts, prepend=self.ts[:1] - 1) <= 0),
            ("a price that is not a positive number", ~(np.isfinite(prices) & (prices > 0)).all(axis=0)),
            ("a volume that is not zero or a positive number", ~(np.isfinite(self.volume) & (self.volume >= 0))),
            ("a high below its open, low or close", self.high < prices.max(axis=0)),
            ("a low above its open, high or close", self.low > prices.min(axis=0)),
        )
        for complaint, broken in complaints:
            if broken.any():
                bar = int(np.argmax(broken))
                raise CandleError(f"Correct or drop bar {bar} (ts {int(self.ts[bar])}): it has {complaint}.")
        return self

    @property
    def timeframe_ms(self) -> int:
        """The spacing of the bars: the most common distance between two; needs two bars."""
        if len(self) < 2:
            raise CandleError("Give at least two bars: the timeframe of fewer is unknown.")
        return usual_step(self.ts)

    @property
    def periods_per_year(self) -> float:
        """Bars in 365 days; crypto venues never close."""
        return YEAR_MS / self.timeframe_ms

    def gaps(self) -> Ints:
        """Missing spans as `(K, 2)` rows of first missing ts and number of missing bars."""
        if len(self) < 2:
            return np.empty((0, 2), dtype=np.int64)
        step = self.timeframe_ms
        missing = np.diff(self.ts) // step - 1
        before = np.flatnonzero(missing > 0)
        return np.column_stack((self.ts[before] + step, missing[before]))

    def between(self, start_ms: int | None, end_ms: int | None) -> Candles:
        """Bars opening in `[start_ms, end_ms)`; None leaves that end open."""
        first = 0 if start_ms is None else int(np.searchsorted(self.ts, start_ms))
        last = len(self) if end_ms is None else int(np.searchsorted(self.ts, end_ms))
        return self[first:last]


def usual_step(ts: Ints) -> int:
    """The most common distance between two times, of at least two."""
    distances = np.diff(ts)
    if (distances == distances[0]).all():
        return int(distances[0])
    steps, counts = np.unique(distances, return_counts=True)
    return int(steps[np.argmax(counts)])


def timeframe_to_ms(timeframe: str) -> int:
    """Milliseconds of "1m", "15m", "4h", "1d", "1w"."""
    unit = _UNITS.get(timeframe[-1:])
    count = timeframe[:-1]
    if unit is None or not count.isdecimal() or int(count) == 0:
        raise CandleError(f"Write the timeframe as a number and m, h, d or w, such as 4h: {timeframe!r} is neither.")
    return int(count) * unit


def aggregate(candles: Candles, minutes: int) -> Candles:
    """Bars of `minutes` minutes aligned to 1970 UTC; a last bar whose span is not over yet is left out.

    A span with missing bars is built from those that are there, as an exchange would.
    """
    width = minutes * MINUTE_MS
    if len(candles) == 0:
        return candles
    step = candles.timeframe_ms if len(candles) > 1 else width
    if width % step:
        raise CandleError(f"Choose a timeframe that is a multiple of the candles' own {step // MINUTE_MS} minutes.")
    whole = candles.between(None, int(candles.ts[-1] + step) // width * width)
    if len(whole) == 0:
        return whole
    bucket = whole.ts // width
    first = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    last = np.append(first[1:], len(whole)) - 1
    return Candles(
        bucket[first] * width,
        whole.open[first],
        np.maximum.reduceat(whole.high, first),
        np.minimum.reduceat(whole.low, first),
        whole.close[last],
        np.add.reduceat(whole.volume, first),
    )
