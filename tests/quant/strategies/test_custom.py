"""Rules as data: whatever people compose keeps the rules, computes what it says, and mistakes are named by place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quant import indicators, strategies
from quant.candles import Candles
from quant.errors import ParameterError
from quant.indicators.catalog import CATALOG
from quant.strategies.custom import STRATEGY
from quant.strategies.validator import check
from tests.quant.market import random_candles

RSI = {"indicator": "rsi", "period": 5}
ENTRY = {"all": [{"left": RSI, "op": ">", "right": 50}]}


@st.composite
def operands(draw: st.DrawFn) -> Any:
    name = draw(st.sampled_from([None, *CATALOG]))
    if name is None:
        return draw(st.sampled_from([-1.0, 0.0, 0.5, 2.0, 30.0, 50.0, 100.0]))
    indicator = CATALOG[name]
    periods = {period: draw(st.integers(2, 8)) for period in indicator.periods}
    if name.startswith("macd"):
        periods = {"fast": 3, "slow": 6, "signal": 2}
    source = {"source": draw(st.sampled_from(["close", "high", "volume"]))} if indicator.from_source else {}
    return {"indicator": name, **periods, **source, "bars_ago": draw(st.integers(0, 3))}


conditions = st.fixed_dictionaries(
    {
        "left": operands(),
        "op": st.sampled_from([">", ">=", "<", "<=", "crosses_above", "crosses_below"]),
        "right": operands(),
    }
)
groups = st.recursive(
    st.dictionaries(
        st.sampled_from(["all", "any"]), st.lists(conditions, min_size=1, max_size=3), min_size=1, max_size=1
    ),
    lambda inner: st.dictionaries(
        st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=2), min_size=1, max_size=1
    ),
    max_leaves=2,
)
levels = st.sampled_from(
    [None, {"atr": 2, "period": 5}, {"percent": 0.03}, {"indicator": "lowest", "source": "low", "period": 5}]
)


def highest_volume(bars_ago: int) -> dict[str, Any]:
    return {"indicator": "highest", "period": 4, "source": "volume", "bars_ago": bars_ago}


# Two lines that are the same for bars on end, so that the side they came from lies before the warm-up.
TOUCHING = {
    "direction": "long",
    "entry": {"all": [{"left": highest_volume(2), "op": "crosses_above", "right": highest_volume(1)}]},
    "exit": None,
    "stop": None,
    "target": None,
    "trail": None,
    "size": None,
}

# A z-score of two bars is 1 or -1 but for its last digits.
_TWO_BARS = {"indicator": "zscore", "period": 2, "source": "close", "bars_ago": 0}
TIED: dict[str, Any] = {
    "direction": "long",
    "entry": {"all": [{"left": -1.0, "op": ">", "right": -1.0}]},
    "exit": {"all": [{"left": -1.0, "op": ">", "right": _TWO_BARS}]},
    "stop": None,
    "target": None,
    "trail": None,
    "size": None,
}


@settings(max_examples=40, deadline=None)
@example(rules=TOUCHING, seed=0, tick=None)
@example(rules=TIED, seed=0, tick=None)
@given(
    rules=st.fixed_dictionaries(
        {
            "direction": st.sampled_from(["long", "short"]),
            "entry": groups,
            "exit": st.none() | groups,
            "stop": levels,
            "target": levels,
            "trail": st.sampled_from([None, {"atr": 2.0, "period": 5}, {"percent": 0.02}]),
            "size": st.none() | operands().filter(lambda value: isinstance(value, dict) or value > 0),
        }
    ),
    seed=st.integers(0, 1000),
    tick=st.sampled_from([None, 1.0, 5.0]),  # coarse prices and volumes are equal to others often
)
def test_any_composed_rules_keep_the_rules_of_all_strategies(
    rules: dict[str, Any], seed: int, tick: float | None
) -> None:
    bars = 3 * STRATEGY.warmup(rules) + 60
    candles = random_candles(np.random.default_rng(seed), bars, volatility=0.03)
    check(STRATEGY, rules, in_ticks(candles, tick) if tick else candles, most_cuts=5)


def in_ticks(candles: Candles, tick: float) -> Candles:
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    return Candles(candles.ts, *(np.maximum(np.round(values / tick) * tick, tick) for values in columns))


def test_a_long_touch_forgets_its_side_wherever_the_candles_begin() -> None:
    candles = random_candles(np.random.default_rng(0), 200)
    candles.volume[:] = 5.0
    candles.volume[100] = 9.0  # the highest of four was above before it, and is the same for long after it
    candles.volume[170] = 3.0
    candles.volume[171:] = 2.0
    check(STRATEGY, TOUCHING, candles, most_cuts=5)


def test_groups_mean_all_and_any() -> None:
    candles = random_candles(np.random.default_rng(0), 300)
    rsi, mean = indicators.rsi(candles.close, 5), indicators.sma(candles.close, 10)
    high = {"left": RSI, "op": ">", "right": 60}
    low = {"left": {"indicator": "price"}, "op": "<", "right": {"indicator": "sma", "period": 10}}
    for kind, expected in (("all", (rsi > 60) & (candles.close < mean)), ("any", (rsi > 60) | (candles.close < mean))):
        intents = STRATEGY.intents(candles, {"entry": {kind: [high, low]}, "exit": None, "stop": None})
        np.testing.assert_array_equal(intents.enter == 1, expected)


def test_levels_stand_on_their_side_of_the_entry() -> None:
    candles = random_candles(np.random.default_rng(0), 300)
    params = {
        "direction": "short",
        "entry": ENTRY,
        "exit": None,
        "stop": {"percent": 0.02},
        "target": {"atr": 3, "period": 7},
    }
    intents = STRATEGY.intents(candles, params)
    entered = intents.enter == -1
    np.testing.assert_allclose(intents.stop[entered], candles.close[entered] * 1.02)
    atr = indicators.atr(candles, 7)
    known = entered & np.isfinite(atr)
    np.testing.assert_allclose(intents.target[known], (candles.close - 3 * atr)[known])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stop", {"indicator": "lowest", "source": "low", "period": 30}),
        ("target", {"indicator": "upper_band", "period": 30}),
        ("trail", {"atr": 1, "period": 29}),
        ("size", {"indicator": "rsi", "period": 29}),
    ],
)
def test_no_entry_is_made_before_its_protection_and_size_are_known(name: str, value: dict[str, Any]) -> None:
    candles = random_candles(np.random.default_rng(0), 60)
    always = {"all": [{"left": {"indicator": "price"}, "op": ">", "right": 0}]}
    intents = STRATEGY.intents(candles, {"entry": always, "exit": None, "stop": None, name: value})
    assert not intents.enter[:29].any()
    assert intents.enter[29:].all()
    assert np.isfinite(getattr(intents, name)[29:]).all()
    assert "not known yet" in str(intents.explain(10))


def test_a_size_that_is_not_positive_is_no_entry_rather_than_a_full_one() -> None:
    candles = random_candles(np.random.default_rng(0), 200)
    always = {"all": [{"left": {"indicator": "price"}, "op": ">", "right": 0}]}
    size = {"indicator": "zscore", "period": 20}
    intents = STRATEGY.intents(candles, {"entry": always, "exit": None, "stop": None, "size": size})
    np.testing.assert_array_equal(intents.enter > 0, np.nan_to_num(indicators.zscore(candles.close, 20), nan=-1) > 0)


def test_it_explains_each_condition() -> None:
    candles = random_candles(np.random.default_rng(0), 300)
    intents = STRATEGY.intents(candles, {"entry": ENTRY, "exit": None})
    bar = int(np.flatnonzero(intents.enter)[0])
    assert str(intents.explain(bar)).startswith("rsi(5) > 50, yes (")


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"entry": {"all": []}}, "entry a group"),
        ({"entry": []}, "entry a group"),
        ({"entry": {"none": [1]}}, "entry a group"),
        ({"entry": {"all": [{"left": 1, "op": "==", "right": 2}]}}, r"entry.all\[1\].op to one of"),
        ({"entry": {"all": [{"left": 1, "op": ">"}]}}, r"entry.all\[1\].right a number"),
        (
            {"entry": {"all": [{"left": {"indicator": "magic"}, "op": ">", "right": 2}]}},
            r"indicator in entry.all\[1\].left",
        ),
        ({"entry": {"all": [{"left": RSI | {"period": 0}, "op": ">", "right": 2}]}}, "period a whole number from 2"),
        ({"entry": {"all": [{"left": RSI | {"length": 3}, "op": ">", "right": 2}]}}, "Remove length"),
        ({"entry": {"all": [{"left": "__import__('os')", "op": ">", "right": 2}]}}, "a number"),
        ({"stop": {"atr": -1}}, "stop.atr a number from"),
        ({"trail": RSI}, "trail an object with atr or percent"),
        ({"size": {"indicator": "sma", "source": "secret"}}, "size.source"),
        ({"size": 1e9}, "Make size a number from 0.01 to 100"),
        ({"size": 10**400}, "Make size a number from 0.01 to 100"),
        ({"size": 0}, "Make size a number from 0.01 to 100"),
        ({"entry": {"all": [{"left": RSI, "op": [], "right": 1}]}}, r"entry.all\[1\].op to one of"),
        ({"entry": {"all": [{"left": RSI, "op": {}, "right": 1}]}}, r"entry.all\[1\].op to one of"),
        ({"entry": {"all": [{"any": [{"all": [{"any": [{"all": [ENTRY["all"][0]]}]}]}]}]}}, "Flatten"),
        ({"entry": {"all": ENTRY["all"] * 51}}, "at most 50"),
    ],
)
def test_mistakes_are_named_by_their_place(rules: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        STRATEGY.validate(rules)


def test_the_other_strategies_are_installed() -> None:
    slugs = {strategy.slug for strategy in strategies.catalog()}
    assert {"trend_following", "breakout", "price_action", "mean_reversion", "mixed", "custom"} <= slugs
