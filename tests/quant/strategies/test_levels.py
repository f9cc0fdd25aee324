"""Levels may be computed for entries alone; whoever reads a whole column finds them there, and nothing elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from quant import strategies
from quant.backtest import Config, run_backtest
from quant.strategies import Intents
from quant.strategies.signals import crossings
from tests.quant.market import random_candles

pytestmark = pytest.mark.offline
CANDLES = random_candles(np.random.default_rng(6), 600)
ENTER = np.zeros(600, dtype=np.int8)
ENTER[[30, 80, 200, 450]] = (1, -1, 1, 1)
EXIT = np.zeros(600, dtype=np.bool_)
EXIT[[60, 80, 300]] = True


def test_levels_of_entries_are_those_of_a_whole_column() -> None:
    asked: list[list[int]] = []

    def stop(bars: np.ndarray) -> np.ndarray:
        asked.append(bars.tolist())
        return CANDLES.close[bars] - ENTER[bars]

    few = Intents(enter=ENTER, exit=EXIT, stop=stop)
    column = np.where(ENTER != 0, CANDLES.close - ENTER, np.nan)
    whole = Intents(enter=ENTER, exit=EXIT, stop=column)
    assert few.signals.tolist() == [30, 60, 80, 200, 300, 450]
    assert few.entries.tolist() == [30, 80, 200, 450]
    ours, theirs = run_backtest(CANDLES, few, Config()), run_backtest(CANDLES, whole, Config())
    assert asked == [[30, 80, 200, 450]]
    np.testing.assert_array_equal(ours.equity, theirs.equity)
    assert list(ours.trades) == list(theirs.trades)
    np.testing.assert_array_equal(few.stop, column)
    assert np.isnan(few.target).all()
    assert few.target.shape == (600,)


def test_entries_that_nobody_acts_on_have_no_levels() -> None:
    few = Intents(enter=ENTER, exit=EXIT, stop=lambda bars: CANDLES.close[bars] * 0.9)
    longs = few.wanting(np.where(ENTER > 0, ENTER, 0).astype(np.int8), EXIT)
    assert longs.entries.tolist() == [30, 200, 450]
    assert np.flatnonzero(~np.isnan(longs.stop)).tolist() == [30, 200, 450]


@pytest.mark.parametrize("strategy", strategies.catalog(), ids=lambda one: one.slug)
def test_every_strategy_gives_the_levels_of_an_entry_that_its_columns_show(strategy: strategies.Strategy) -> None:
    candles = random_candles(np.random.default_rng(7), 3_000)
    asked, read = strategy.intents(candles, {}), strategy.intents(candles, {})
    assert asked.entries.size
    for name in ("stop", "target", "trail", "size"):
        levels = asked.levels(name, asked.entries)
        column = getattr(read, name)[asked.entries]
        np.testing.assert_array_equal(np.full(asked.entries.size, np.nan) if levels is None else levels, column)


def test_a_level_that_is_one_number_is_crossed_like_a_line_of_it() -> None:
    for ours, theirs in zip(
        crossings(CANDLES.close, 100.0), crossings(CANDLES.close, np.full(600, 100.0)), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.any()
