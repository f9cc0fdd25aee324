"""The conditions that a strategy names are its rule: by their groups they hold exactly on the bars on which it enters;
where those for leaving hold, it leaves, and with rules of one's own only there."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from quant import strategies
from quant.strategies.base import ALSO, Condition
from quant.strategies.signals import sides
from tests.quant.market import random_candles

BARS = 1_000


def together(told: Iterable[Condition]) -> bool:
    """Whether the conditions hold by what their groups say alone."""
    tree: dict[str, Any] = {}
    also = True
    for number, one in enumerate(told):
        if one.group == ALSO:
            also &= one.holds
            continue
        level = tree
        for kind, member in re.findall(r"(all|any)(?:\[(\d+)\])?", one.group):
            level = level.setdefault(kind, {}).setdefault(f"[{member}]" if member else f"{number}", {})
        level["holds"] = one.holds
    return also and holding(tree)


def holding(node: dict[str, Any]) -> bool:
    if "holds" in node:
        return bool(node["holds"])
    ((kind, members),) = node.items()
    return {"all": all, "any": any}[kind](map(holding, members.values()))


@pytest.mark.parametrize("slug", [strategy.slug for strategy in strategies.catalog()])
@pytest.mark.parametrize("direction", ["long", "both"])
def test_conditions_hold_together_where_it_enters_and_nowhere_else(slug: str, direction: str) -> None:
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
            holds = together(one for one in told if one.toward == side)
            assert holds == (intents.enter[bar] == side), (bar, told)
            entered += holds
            leaves = intents.conditions(bar, side)
            assert {one.toward for one in leaves} == {0}
            if together(leaves):
                assert intents.exit[bar] or intents.enter[bar] == -side, (bar, leaves)
                left += 1
        for one in told:
            if one.has_figures and one.holds:
                assert one.is_beyond or one.difference == 0, one
    assert entered
    assert left


PRICE = {"indicator": "price"}
RISES = {"left": PRICE, "op": ">", "right": PRICE | {"bars_ago": 1}}
HIGH = {"left": PRICE, "op": ">", "right": {"indicator": "sma", "period": 20}}
LOW = {"left": {"indicator": "rsi", "period": 5}, "op": "<", "right": 45}
CROSSES = {"left": PRICE, "op": "crosses_below", "right": {"indicator": "sma", "period": 5}}


@pytest.mark.parametrize(
    ("entry", "paths"),
    [
        ({"any": [RISES, LOW]}, ["any", "any"]),
        ({"all": [HIGH, {"any": [RISES, LOW]}]}, ["all", "all[2].any", "all[2].any"]),
        (
            {"any": [{"all": [RISES, LOW]}, {"all": [HIGH, RISES]}, LOW]},
            [*["any[1].all"] * 2, *["any[2].all"] * 2, "any"],
        ),
    ],
)
def test_each_condition_says_its_group_and_what_is_in_the_way_beside_it(
    entry: dict[str, Any], paths: list[str]
) -> None:
    strategy = strategies.get("custom")
    given = {
        "entry": entry,
        "exit": {"any": [CROSSES, {"all": [LOW, RISES]}]},
        "stop": {"indicator": "lowest", "source": "low", "period": 40},
        "size": {"indicator": "macd"},
    }
    params = strategy.validate(given)
    intents = strategy.intents(random_candles(np.random.default_rng(7), BARS), params)
    beside: set[str] = set()
    for bar in range(BARS):
        told, leaves = intents.conditions(bar, 0), intents.conditions(bar, 1)
        assert [one.group for one in told if one.group != ALSO] == paths
        assert together(told) == (intents.enter[bar] == 1), (bar, told)
        assert together(leaves) == intents.exit[bar], (bar, leaves)
        beside |= {one.words for one in told if one.group == ALSO}
    assert beside == {"Stop is known", "Weight of an entry is above", "The conditions for leaving do not hold"}
    assert 0 < np.count_nonzero(intents.enter) < BARS


def test_what_is_not_known_yet_does_not_hold_and_has_no_difference() -> None:
    for strategy in strategies.catalog():
        intents = strategy.intents(random_candles(np.random.default_rng(7), 5), strategy.defaults())
        told = intents.conditions(4, 0)
        assert told
        assert not any(one.holds for one in told if one.has_figures and not np.isfinite(one.difference)), strategy.slug
