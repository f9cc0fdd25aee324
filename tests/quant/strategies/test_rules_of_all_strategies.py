"""What must hold for every strategy there is; the check itself is tested on strategies that cheat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant import strategies
from quant.candles import Candles
from quant.errors import ParameterError, StrategyRuleError
from quant.strategies.base import Intents, Params, Strategy
from quant.strategies.validator import check
from tests.quant.market import random_candles

TREND = strategies.get("trend_following")
BUSY = {"fast": 3, "slow": 8, "adx_min": 0}


def enough_candles(strategy: Strategy, params: Params, seed: int = 0) -> Candles:
    return random_candles(np.random.default_rng(seed), 3 * strategy.warmup(params) + 400, volatility=0.02)


@pytest.mark.parametrize("strategy", strategies.catalog(), ids=lambda strategy: strategy.slug)
def test_the_defaults_keep_all_rules(strategy: Strategy) -> None:
    params = strategy.defaults()
    candles = enough_candles(strategy, params)
    check(strategy, params, candles)


def any_params(strategy: Strategy) -> st.SearchStrategy[dict[str, Any]]:
    """Parameters of the schema, small periods preferred so that there are signals."""
    values = {}
    for parameter in strategy.schema:
        if parameter.kind == "choice":
            values[parameter.name] = st.sampled_from(parameter.choices)
        elif parameter.kind == "int":
            low = int(parameter.minimum or 0)
            values[parameter.name] = st.integers(low, min(int(parameter.maximum or 0), low + 25))
        elif parameter.kind == "float":
            values[parameter.name] = st.floats(parameter.minimum or 0.0, parameter.maximum or 0.0)
        else:
            values[parameter.name] = st.just(parameter.default)
    return st.fixed_dictionaries(values)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", strategies.catalog(), ids=lambda strategy: strategy.slug)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_valid_parameters_keep_all_rules(strategy: Strategy, data: st.DataObject) -> None:
    params = data.draw(any_params(strategy))
    try:
        strategy.validate(params)
    except ParameterError:
        return
    check(strategy, params, enough_candles(strategy, params, data.draw(st.integers(0, 1000))), most_cuts=12)


@pytest.mark.parametrize("strategy", strategies.catalog(), ids=lambda strategy: strategy.slug)
def test_defaults_are_valid_and_explained(strategy: Strategy) -> None:
    params = strategy.defaults()
    assert strategy.validate(params) == strategy.validate({})
    candles = enough_candles(strategy, params)
    intents = strategy.intents(candles, params)
    assert intents.enter.any(), "a default that never trades teaches nothing"
    for bar in (0, len(candles) // 2, int(np.flatnonzero(intents.enter)[0]), len(candles) - 1):
        assert len(str(intents.explain(bar))) > 10


def cheating(change: Any) -> Strategy:
    """The trend strategy with its intents changed by `change(intents, candles)`."""
    return replace(TREND, slug="cheat", compute=lambda candles, params: change(TREND.compute(candles, params), candles))


def peek(intents: Intents, candles: Candles) -> Intents:
    tomorrow_rises = np.append(candles.close[1:] > candles.close[:-1], True)
    return replace(intents, enter=np.where(tomorrow_rises, intents.enter, 0).astype(np.int8))


def peek_in_indicator(intents: Intents, candles: Candles) -> Intents:
    return replace(intents, indicators={"scaled": candles.close / candles.close.mean()})


def remember_the_start(intents: Intents, candles: Candles) -> Intents:
    return replace(intents, indicators={"since_start": candles.close / candles.close[0]})


def spoil_the_candles(intents: Intents, candles: Candles) -> Intents:
    candles.volume[0] += 1
    return intents


def roll_dice(intents: Intents, candles: Candles) -> Intents:
    return replace(intents, indicators={"dice": np.random.default_rng().random(len(candles))})


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (peek, "look-ahead"),
        (peek_in_indicator, "look-ahead"),
        (remember_the_start, "stable warm-up"),
        (spoil_the_candles, "changed the candles"),
        (roll_dice, "repeatable"),
        (lambda intents, candles: replace(intents, enter=intents.enter * 2), "-1, 0 or 1"),
        (lambda intents, candles: replace(intents, stop=-intents.stop), "stop a positive"),
        (lambda intents, candles: replace(intents, exit=intents.exit[1:]), "one value per bar"),
        (lambda intents, candles: replace(intents, enter=intents.enter.astype(float)), "int8"),
    ],
)
def test_a_cheat_is_caught_and_its_rule_named(change: Any, rule: str) -> None:
    with pytest.raises(StrategyRuleError, match=rule):
        check(cheating(change), BUSY, enough_candles(TREND, BUSY))
