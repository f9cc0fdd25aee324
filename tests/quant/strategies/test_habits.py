"""Rules that never fire, always fire or protect nothing are named by the rule that they break."""

from typing import Any

import numpy as np
import pytest

from quant import strategies
from quant.errors import StrategyRuleError
from quant.strategies.validator import check_habits
from tests.quant.market import random_candles

pytestmark = pytest.mark.offline
CUSTOM = strategies.get("custom")
CANDLES = random_candles(np.random.default_rng(2), 1_000)
PRICE = {"indicator": "price"}
AVERAGE = {"indicator": "sma", "period": 20}
LOWEST = {"indicator": "lowest", "period": 50}
# Where the market stood long ago: below its close now and then, and above it at other times.
BEFORE = {"indicator": "price", "bars_ago": 50}


def rules(op: str, right: Any, *, stop: Any = {"percent": 0.05}) -> dict[str, Any]:  # noqa: B006 - never changed
    return {"entry": {"all": [{"left": PRICE, "op": op, "right": right}]}, "exit": None, "stop": stop}


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (rules(">", 1e9), "never fires"),
        (rules(">", 0), "always fires"),
        (rules("crosses_above", AVERAGE, stop=None), "no protection"),
        (rules("crosses_above", AVERAGE, stop={"indicator": "highest", "period": 50}), "stop on the wrong side"),
        (rules("crosses_below", AVERAGE, stop=LOWEST) | {"direction": "short"}, "stop on the wrong side"),
        (rules("crosses_above", AVERAGE) | {"target": LOWEST}, "target on the wrong side"),
        (rules("crosses_below", AVERAGE) | {"direction": "short", "target": {"indicator": "highest", "period": 50}},
         "target on the wrong side"),
        (rules("crosses_above", AVERAGE, stop=BEFORE) | {"target": BEFORE}, "never fires"),
        (rules("crosses_above", AVERAGE) | {"size": {"indicator": "price", "source": "high"}}, "size out of bounds"),
    ],
)  # fmt: skip
def test_the_rule_that_is_broken_is_named(broken: dict[str, Any], name: str) -> None:
    with pytest.raises(StrategyRuleError, match=f"^These rules break '{name}': "):
        check_habits(CUSTOM, broken, CANDLES)


def test_entries_with_a_stop_now_and_then_on_the_wrong_side_are_rules_still() -> None:
    check_habits(CUSTOM, rules("crosses_above", AVERAGE, stop=BEFORE), CANDLES)


def test_too_few_candles_are_told_apart_from_rules_that_never_fire() -> None:
    with pytest.raises(StrategyRuleError, match="Give more candles"):
        check_habits(CUSTOM, {}, CANDLES[:50])


@pytest.mark.parametrize("strategy", strategies.catalog(), ids=lambda strategy: strategy.slug)
def test_every_strategy_has_good_habits_with_its_defaults(strategy: strategies.Strategy) -> None:
    check_habits(strategy, {}, random_candles(np.random.default_rng(3), 4_000))
