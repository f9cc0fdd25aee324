"""The conditions that a strategy names are its rule: they hold together exactly on the bars on which it acts."""

import numpy as np
import pytest

from quant import strategies
from quant.strategies.signals import sides
from tests.quant.market import random_candles

BARS = 1_000


@pytest.mark.parametrize("slug", [strategy.slug for strategy in strategies.catalog()])
@pytest.mark.parametrize("direction", ["long", "both"])
def test_all_conditions_hold_where_it_enters_and_nowhere_else(slug: str, direction: str) -> None:
    strategy = strategies.get(slug)
    (choice,) = (one.choices for one in strategy.schema if one.name == "direction")
    direction = direction if direction in choice else "short"
    params = strategy.defaults() | {"direction": direction}
    intents = strategy.intents(random_candles(np.random.default_rng(7), BARS), params)
    entered = left = 0
    for bar in range(strategy.warmup(params), BARS):
        told = intents.conditions(bar, 0)
        assert {one.toward for one in told} == set(sides(direction))
        for side in sides(direction):
            holds = all(one.holds for one in told if one.toward == side)
            assert holds == (intents.enter[bar] == side), (bar, told)
            entered += holds
            leaves = intents.conditions(bar, side)
            assert {one.toward for one in leaves} == {0}
            if all(one.holds for one in leaves):
                assert intents.exit[bar] or intents.enter[bar] == -side, (bar, leaves)
                left += 1
        for one in told:
            if one.has_figures and one.holds:
                assert one.is_beyond or one.difference == 0, one
    assert entered
    assert left


def test_what_is_not_known_yet_does_not_hold_and_has_no_difference() -> None:
    for strategy in strategies.catalog():
        intents = strategy.intents(random_candles(np.random.default_rng(7), 5), strategy.defaults())
        told = intents.conditions(4, 0)
        assert told
        assert not any(one.holds for one in told if one.has_figures and not np.isfinite(one.difference)), strategy.slug
