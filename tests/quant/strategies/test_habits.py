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


def rules(op: str, right: Any, *, stop: Any = {"percent": 0.05}) -> dict[str, Any]:  # noqa: B006 - never changed
    return {"entry": {"all": [{"left": PRICE, "op": op, "right": right}]}, "exit": None, "stop": stop}


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (rules(">", 1e9), "never fires"),
        (rules(">", 0), "always fires"),
        (rules("crosses_above", {"indicator": "sma", "period": 20}, stop=None), "no protection"),
    ],
)
def test_the_rule_that_is_broken_is_named(broken: dict[str, Any], name: str) -> None:
    with pytest.raises(StrategyRuleError, match=f"'{name}'"):
        check_habits(CUSTOM, broken, CANDLES)


def test_too_few_candles_are_told_apart_from_rules_that_never_fire() -> None:
    with pytest.raises(StrategyRuleError, match="Give more candles"):
        check_habits(CUSTOM, {}, CANDLES[:50])


@pytest.mark.parametrize("strategy", strategies.catalog(), ids=lambda strategy: strategy.slug)
def test_every_strategy_has_good_habits_with_its_defaults(strategy: strategies.Strategy) -> None:
    check_habits(strategy, {}, random_candles(np.random.default_rng(3), 4_000))
