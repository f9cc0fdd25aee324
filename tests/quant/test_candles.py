from __future__ import annotations

import numpy as np
import pytest

from quant.candles import Candles, aggregate, timeframe_to_ms
from quant.errors import CandleError
from tests.quant.market import HOUR_MS, random_candles


def rows(**changes: float) -> list[list[float]]:
    bar = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 5.0} | changes
    return [[0, 10, 12, 9, 11, 5], [HOUR_MS, *bar.values()]]


def read(table: list[list[float]]) -> Candles:
    columns = np.asarray(table, dtype=np.float64).T
    return Candles(columns[0].astype(np.int64), *columns[1:]).checked()


def test_rows_become_candles() -> None:
    candles = read(rows())
    assert len(candles) == 2
    assert candles.timeframe_ms == HOUR_MS
    assert candles.periods_per_year == 8760


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"high": 10.5}, "bar 1.*high below"),
        ({"low": 10.5}, "bar 1.*low above"),
        ({"close": float("nan")}, "bar 1.*price that is not a positive"),
        ({"open": 0.0}, "bar 1.*price that is not a positive"),
        ({"volume": -1.0}, "bar 1.*volume"),
    ],
)
def test_an_impossible_bar_is_named(changes: dict[str, float], complaint: str) -> None:
    with pytest.raises(CandleError, match=complaint):
        read(rows(**changes))


def test_bars_out_of_order_are_refused() -> None:
    with pytest.raises(CandleError, match=r"bar 1.*not after"):
        read(rows()[::-1])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(CandleError, match="volume"):
        Candles(np.arange(3), *([np.ones(3)] * 4), np.ones(2))


def test_gaps_are_counted_and_not_filled() -> None:
    candles = random_candles(np.random.default_rng(0), 10)
    holed = Candles(*(np.delete(getattr(candles, name), [3, 4, 7]) for name in Candles.__dataclass_fields__))
    assert holed.gaps().tolist() == [[3 * HOUR_MS, 2], [7 * HOUR_MS, 1]]


def test_aggregation_keeps_the_extremes_and_drops_the_unfinished_bar() -> None:
    candles = random_candles(np.random.default_rng(0), 10)
    wide = aggregate(candles, 240)
    assert wide.ts.tolist() == [0, 4 * HOUR_MS]
    assert wide.open[1] == candles.open[4]
    assert wide.close[1] == candles.close[7]
    assert wide.high[1] == candles.high[4:8].max()
    assert wide.low[0] == candles.low[:4].min()
    assert wide.volume[0] == pytest.approx(candles.volume[:4].sum())


def test_aggregation_aligns_to_the_clock_and_survives_gaps() -> None:
    candles = random_candles(np.random.default_rng(0), 12)[3:]
    assert aggregate(candles, 240).ts.tolist() == [0, 4 * HOUR_MS, 8 * HOUR_MS]
    assert aggregate(candles, 240).open[0] == candles.open[0]


def test_aggregation_to_a_finer_or_crooked_timeframe_is_refused() -> None:
    with pytest.raises(CandleError, match="multiple"):
        aggregate(random_candles(np.random.default_rng(0), 10), 90)


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("1m", 60_000), ("15m", 900_000), ("4h", 14_400_000), ("1d", 86_400_000)]
)
def test_timeframes_are_read(text: str, milliseconds: int) -> None:
    assert timeframe_to_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["", "4", "h", "0h", "-1h", "4y", "1.5h"])
def test_other_timeframes_are_refused(text: str) -> None:
    with pytest.raises(CandleError, match="such as 4h"):
        timeframe_to_ms(text)
