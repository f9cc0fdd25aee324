"""What a strategy's parameters may be, as JSON Schema (draft 2020-12): for programs that write them and check first.

It says all that can be said without looking at two places at once: how deep groups may be nested, how many conditions
there may be and what holds between parameters is said by `Strategy.validate` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from quant.indicators.catalog import CATALOG, SOURCES, Indicator
from quant.strategies import grammar, mixed
from quant.strategies.base import Parameter, Strategy
from quant.strategies.grammar import Bounds

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_NOTHING: Final = {"type": "null"}


def schema_of(strategy: Strategy) -> Schema:
    """The schema of the strategy's parameters; what is left out has its default."""
    return {"$schema": DIALECT, **_parameters(strategy), "$defs": _definitions()}


def _parameters(strategy: Strategy) -> Schema:
    return {
        "title": strategy.name,
        "description": strategy.description,
        "type": "object",
        "additionalProperties": False,
        "properties": {item.name: _parameter(item) for item in strategy.schema},
    }


def _parameter(item: Parameter) -> Schema:
    said = {"title": item.title, "description": item.help, "default": item.default}
    if item.kind == "choice":
        return said | {"enum": list(item.choices)}
    if item.kind != "data":
        bounds = {"minimum": item.minimum, "maximum": item.maximum}
        kind = "integer" if item.kind == "int" else "number"
        return said | {"type": kind} | {name: bound for name, bound in bounds.items() if bound is not None}
    if item.shape == "json":
        return said
    shape = _ref(item.shape)
    return said | ({"anyOf": [shape, _NOTHING]} if item.may_be_empty else shape)


def _definitions() -> Schema:
    operand = _ref("operand")
    protection: list[Schema] = [
        _object({"atr": _number(grammar.ATRS), "period": _whole(grammar.PERIODS, grammar.DEFAULT_ATR)}, needs=("atr",)),
        _object({"percent": _number(grammar.SHARES) | {"description": "A fraction."}}, needs=("percent",)),
    ]
    return {
        "rules": {"oneOf": [_object({kind: _several()}, needs=(kind,)) for kind in ("all", "any")]},
        "condition": _object(
            {"left": operand, "op": {"enum": list(grammar.OPERATORS)}, "right": operand}, needs=("left", "op", "right")
        ),
        "operand": {"oneOf": [_number(grammar.NUMBERS), _ref("indicator")]},
        "indicator": {"oneOf": [_indicator(one) for one in CATALOG.values()]},
        "level": {"oneOf": [_NOTHING, *protection, _ref("indicator")]},
        "distance": {"oneOf": [_NOTHING, *protection]},
        "weight": {"oneOf": [_NOTHING, _number(grammar.WEIGHTS), _ref("indicator")]},
        "members": {
            "type": "array",
            "minItems": 1,
            "maxItems": mixed.MOST_MEMBERS,
            "items": {"oneOf": [_member(strategy) for strategy in mixed.MEMBERS.values()]},
        },
    }


def _several() -> Schema:
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": grammar.MOST_CONDITIONS,
        "items": {"oneOf": [_ref("condition"), _ref("rules")]},
    }


def _indicator(one: Indicator) -> Schema:
    properties: Schema = {"indicator": {"const": one.name, "title": one.label, "description": one.help}}
    properties |= {name: _whole(grammar.PERIODS, usual) for name, usual in one.periods.items()}
    if one.multiple is not None:
        properties["multiple"] = _number(grammar.MULTIPLES) | {"default": one.multiple}
    if one.from_source:
        properties["source"] = {"enum": list(SOURCES), "default": "close"}
    properties["bars_ago"] = _whole(grammar.BARS_AGO, 0)
    return _object(properties, needs=("indicator",))


def _member(strategy: Strategy) -> Schema:
    given = {"strategy": {"const": strategy.slug}, "weight": _parameter(mixed.WEIGHT), "params": _parameters(strategy)}
    return _object(given, needs=("strategy",))


def _object(properties: Mapping[str, Any], *, needs: tuple[str, ...]) -> Schema:
    return {
        "type": "object", "properties": dict(properties), "required": list(needs), "additionalProperties": False,
    }  # fmt: skip


def _number(bounds: Bounds) -> Schema:
    return {"type": "number", "minimum": bounds[0], "maximum": bounds[1]}


def _whole(bounds: Bounds, usual: int) -> Schema:
    return {"type": "integer", "minimum": int(bounds[0]), "maximum": int(bounds[1]), "default": usual}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
