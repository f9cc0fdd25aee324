from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import talib

from quant import strategies
from quant.candles import Candles
from quant.errors import ParameterError, UnknownStrategyError
from quant.strategies.signals import TOUCH_BARS, crossings
from tests.quant.market import random_candles

STRATEGY = strategies.get("trend_following")
PLAIN = {"ma": "sma", "fast": 5, "slow": 20, "adx_min": 0, "trail_atr": 0, "stop_atr": 2, "atr_period": 10}


@pytest.fixture
def candles() -> Candles:
    return random_candles(np.random.default_rng(5), 600)


def crossings_by_hand(candles: Candles) -> tuple[list[int], list[int]]:
    """Bars where the 5-bar mean of closes gets above and below the 20-bar mean, computed in plain Python."""
    closes = [float(close) for close in candles.close]
    up, down = [], []
    for bar in range(20, len(closes)):
        above = [sum(closes[end - 5 : end]) / 5 > sum(closes[end - 20 : end]) / 20 for end in (bar, bar + 1)]
        if above == [False, True]:
            up.append(bar)
        if above == [True, False]:
            down.append(bar)
    return up, down


def test_it_enters_where_the_fast_mean_crosses_the_slow(candles: Candles) -> None:
    up, down = crossings_by_hand(candles)
    intents = STRATEGY.intents(candles, PLAIN | {"direction": "both"})
    assert np.flatnonzero(intents.enter == 1).tolist() == up
    assert np.flatnonzero(intents.enter == -1).tolist() == down


def test_direction_limits_entries_but_every_cross_exits(candles: Candles) -> None:
    up, down = crossings_by_hand(candles)
    long_only = STRATEGY.intents(candles, PLAIN | {"direction": "long"})
    assert (long_only.enter >= 0).all()
    assert np.flatnonzero(long_only.exit).tolist() == sorted(up + down)


def test_the_stop_is_a_multiple_of_wilders_atr_from_the_signals_close(candles: Candles) -> None:
    intents = STRATEGY.intents(candles, PLAIN | {"direction": "both"})
    atr = talib.ATR(candles.high, candles.low, candles.close, 10)
    for bar in np.flatnonzero(intents.enter):
        assert intents.stop[bar] == pytest.approx(candles.close[bar] - intents.enter[bar] * 2 * atr[bar])
    assert np.isnan(intents.stop[intents.enter == 0]).all()


def test_weak_trends_are_not_entered(candles: Candles) -> None:
    plain = STRATEGY.intents(candles, PLAIN)
    filtered = STRATEGY.intents(candles, PLAIN | {"adx_min": 25})
    adx = talib.ADX(candles.high, candles.low, candles.close, 10)
    kept = (plain.enter == 1) & (adx >= 25)
    assert 0 < kept.sum() < (plain.enter == 1).sum()
    np.testing.assert_array_equal(filtered.enter == 1, kept)
    np.testing.assert_array_equal(filtered.exit, plain.exit)


def test_touching_averages_do_not_cross() -> None:
    closes = np.array([10, 10, 10, 10, 9, 8, 9, 11, 11, 11, 11, 11, 11, 12, 12, 12, 12.0])
    candles = Candles(np.arange(closes.size), closes, closes, closes, closes, closes)
    params = PLAIN | {"fast": 2, "slow": 4, "atr_period": 2, "direction": "both"}
    # The means touch again on the plateau at 11 and part upwards: still the same side, so one crossing only.
    assert (STRATEGY.intents(candles, params).enter == 1).sum() == 1


def test_a_touch_keeps_its_side_for_a_while_and_then_forgets_it() -> None:
    for length, crossed in ((TOUCH_BARS, True), (TOUCH_BARS + 1, False)):
        fast = np.array([2.0, 0.0, *[1.0] * length, 2.0])
        up, down = crossings(fast, np.ones(fast.size))
        assert down.tolist() == [False, True] + [False] * (length + 1)
        assert up[-1] == crossed
        assert not up[:-1].any()


def test_it_explains_itself(candles: Candles) -> None:
    intents = STRATEGY.intents(candles, PLAIN)
    bar = int(np.flatnonzero(intents.enter)[0])
    assert str(intents.explain(bar)).startswith("the fast average crossed above the slow (5-bar SMA")
    assert "too few bars" in str(intents.explain(3))
    assert "average is" in str(intents.explain(bar + 1))


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"fast": 50, "slow": 20}, "fast below slow"),
        ({"fast": 1}, "fast between 2 and 500"),
        ({"fast": 2.5}, "fast to a whole number"),
        ({"stop_atr": "wide"}, "stop_atr to a number"),
        ({"stop_atr": float("nan")}, "stop_atr to a number"),
        ({"adx_min": True}, "adx_min to a number"),
        ({"ma": "wma"}, "one of ema, sma"),
        ({"speed": 3}, "Remove speed"),
    ],
)
def test_wrong_parameters_are_refused_in_words(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        STRATEGY.validate(params)


def test_numbers_from_a_form_become_their_types() -> None:
    clean = STRATEGY.validate({"fast": "10", "slow": "30.0", "stop_atr": "1.5"})
    assert (clean["fast"], clean["slow"], clean["stop_atr"]) == (10, 30, 1.5)
    assert isinstance(clean["slow"], int)
    assert clean["direction"] == "long"


def test_too_few_candles_give_no_intents(candles: Candles) -> None:
    for bars in (0, 1, 5):
        intents = STRATEGY.intents(candles[:bars], PLAIN)
        assert len(intents) == bars
        assert not intents.enter.any()


def test_an_unknown_slug_lists_the_known() -> None:
    with pytest.raises(UnknownStrategyError, match="trend_following"):
        strategies.get("get_rich")
