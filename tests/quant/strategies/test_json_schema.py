"""The JSON Schema of a strategy takes what the strategy takes and refuses what it refuses."""

from typing import Any

import pytest
from jsonschema_rs import validator_for

from quant import strategies
from quant.errors import ParameterError
from quant.indicators.catalog import CATALOG
from quant.strategies import Strategy
from quant.strategies.json_schema import schema_of

RSI = {"indicator": "rsi", "period": 14}
ENTRY = {"all": [{"left": RSI, "op": ">", "right": 50}]}
EVERY_INDICATOR = {"any": [{"left": {"indicator": name}, "op": "<=", "right": 1} for name in CATALOG]}


@pytest.mark.parametrize("strategy", strategies.catalog(), ids=lambda one: one.slug)
def test_it_takes_defaults_and_what_they_become(strategy: Strategy) -> None:
    checks = validator_for(schema_of(strategy))
    for params in ({}, strategy.defaults(), strategy.validate({})):
        assert [error.message for error in checks.iter_errors(params)] == []


@pytest.mark.parametrize(
    "params",
    [
        {"entry": {"any": [ENTRY, *ENTRY["all"]]}, "exit": None},
        {"entry": EVERY_INDICATOR},
        {"stop": {"percent": 0.05}, "target": {"atr": 3}, "trail": None, "size": 0.5},
        {"stop": {"indicator": "lowest", "source": "low", "period": 10, "bars_ago": 1}, "size": RSI},
    ],
)
def test_it_takes_rules_as_they_are_written(params: dict[str, Any]) -> None:
    strategies.get("custom").validate(params)
    validator_for(schema_of(strategies.get("custom"))).validate(params)


@pytest.mark.parametrize(
    ("slug", "params"),
    [
        ("custom", {"entry": {"all": []}}),
        ("custom", {"entry": None}),
        ("custom", {"entry": {"all": ENTRY["all"], "any": ENTRY["all"]}}),
        ("custom", {"entry": {"all": [{"left": RSI, "op": "!=", "right": 1}]}}),
        ("custom", {"entry": {"all": [{"left": {"indicator": "magic"}, "op": ">", "right": 1}]}}),
        ("custom", {"entry": {"all": [{"left": {"indicator": "rsi", "period": 1}, "op": ">", "right": 1}]}}),
        ("custom", {"entry": {"all": [{"left": {"indicator": "atr", "source": "low"}, "op": ">", "right": 1}]}}),
        ("custom", {"stop": {"atr": 0}}),
        ("custom", {"stop": {"percent": 1}}),
        ("custom", {"stop": 5}),
        ("custom", {"trail": RSI}),
        ("custom", {"direction": "both"}),
        ("custom", {"fast": 2}),
        ("mixed", {"members": []}),
        ("mixed", {"members": [{"strategy": "mixed"}]}),
        ("mixed", {"members": [{"strategy": "breakout", "weight": 0}]}),
        ("mixed", {"members": [{"strategy": "custom", "params": {"entry": {"all": []}}}]}),
        ("trend_following", {"fast": 1}),
        ("trend_following", {"fast": 2.5}),
        ("trend_following", {"ma": "wma"}),
    ],
)
def test_it_refuses_what_the_strategy_refuses(slug: str, params: dict[str, Any]) -> None:
    strategy = strategies.get(slug)
    with pytest.raises(ParameterError):
        strategy.validate(params)
    assert not validator_for(schema_of(strategy)).is_valid(params)
