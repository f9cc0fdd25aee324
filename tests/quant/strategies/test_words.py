"""The schema carries the words: labels, units and choices that people read, for every parameter of every strategy."""

import pytest

from quant import strategies
from quant.strategies import Parameter, Strategy

EVERY = [(strategy, parameter) for strategy in strategies.catalog() for parameter in strategy.schema]


@pytest.mark.parametrize(("strategy", "parameter"), EVERY, ids=lambda thing: getattr(thing, "slug", thing.name))
def test_every_parameter_has_a_label_and_its_default_in_words(strategy: Strategy, parameter: Parameter) -> None:
    assert parameter.label
    assert parameter.label != parameter.name
    words = parameter.in_words(strategy.validate({})[parameter.name])
    assert not {"{", "_"} & set(words)
    if parameter.kind == "choice":
        assert [value for value, _ in parameter.options] == list(parameter.choices)
        assert parameter.words
    if parameter.kind == "int":
        assert parameter.unit == "bars"


def test_nested_rules_are_said_with_their_groups() -> None:
    custom = strategies.get("custom")
    above = {"left": {"indicator": "price"}, "op": ">", "right": {"indicator": "ema", "period": 50}}
    calm = {"any": [{"left": {"indicator": "rsi"}, "op": "<", "right": 30}, above]}
    params = custom.validate({"entry": {"all": [above, calm]}, "exit": None, "target": {"percent": 0.05}})
    said = {item.name: item.in_words(params[item.name]) for item in custom.schema}
    assert said["entry"] == "all of: close > ema(50); (any of: rsi(14) < 30; close > ema(50))"
    assert said["exit"] == "Never"
    assert said["target"] == "5 % from the close"
