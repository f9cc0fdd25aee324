"""What rules may be written of: groups, conditions, operands and distances, checked with the place of a mistake."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from quant.candles import Bools, Floats
from quant.errors import ParameterError
from quant.indicators.catalog import CATALOG, LONGEST, SOURCES
from quant.strategies.signals import crossings

DEEPEST: Final = 4
MOST_CONDITIONS: Final = 50
GROUPS: Final = {"all": np.logical_and, "any": np.logical_or}
COMPARISONS: Final[Mapping[str, Callable[[Floats, Floats], Bools]]] = {
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "crosses_above": lambda left, right: crossings(left, right)[0],
    "crosses_below": lambda left, right: crossings(left, right)[1],
}
OPERATORS: Final = tuple(COMPARISONS)
DEFAULT_ATR: Final = 14
# From where to where a number may go.
Bounds = tuple[float, float]
NUMBERS: Final[Bounds] = (-1e12, 1e12)
PERIODS: Final[Bounds] = (2, LONGEST)
BARS_AGO: Final[Bounds] = (0, LONGEST)
MULTIPLES: Final[Bounds] = (0.1, 10)
ATRS: Final[Bounds] = (0.01, 100)
SHARES: Final[Bounds] = (0.0001, 0.99)
WEIGHTS: Final[Bounds] = (0.01, 100)


# Checking: every function takes the place it looks at, for the message, and returns the same data made complete.


def _number(value: Any, place: str, bounds: Bounds, *, whole: bool = False) -> Any:
    low, high = bounds
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (isinstance(value, float) and not math.isfinite(value)):  # whole ones have any number of digits
        raise ParameterError(f"Make {place} a number: {value!r} is not one.")
    if not low <= value <= high or (whole and value != int(value)):
        raise ParameterError(
            f"Make {place} a {'whole ' if whole else ''}number from {low:g} to {high:g}, not {value!r}."
        )
    return int(value) if whole else float(value)


def _mapping(value: Any, place: str, allowed: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ParameterError(f"Make {place} an object with {' or '.join(sorted(allowed))}: {value!r} is not one.")
    unknown = sorted(set(map(str, value)) - allowed)
    if unknown:
        raise ParameterError(f"Remove {', '.join(unknown)} from {place}: it may have {', '.join(sorted(allowed))}.")
    return value


def clean_operand(value: Any, place: str, bounds: Bounds = NUMBERS) -> Any:
    """A number within the bounds, or an indicator with all its parameters."""
    if not isinstance(value, dict):
        return _number(value, place, bounds)
    indicator = CATALOG.get(str(value.get("indicator")))
    if indicator is None:
        raise ParameterError(f"Name an indicator in {place}: choose one of {', '.join(CATALOG)}.")
    allowed = {"indicator", "bars_ago", *indicator.periods}
    allowed |= {"source"} if indicator.from_source else set()
    allowed |= {"multiple"} if indicator.multiple is not None else set()
    given = _mapping(value, place, allowed)
    clean: dict[str, Any] = {"indicator": indicator.name}
    for name, default in indicator.periods.items():
        clean[name] = _number(given.get(name, default), f"{place}.{name}", PERIODS, whole=True)
    if indicator.multiple is not None:
        clean["multiple"] = _number(given.get("multiple", indicator.multiple), f"{place}.multiple", MULTIPLES)
    if indicator.from_source:
        clean["source"] = given.get("source", "close")
        if clean["source"] not in SOURCES:
            raise ParameterError(f"Set {place}.source to one of {', '.join(SOURCES)}, not {clean['source']!r}.")
    clean["bars_ago"] = _number(given.get("bars_ago", 0), f"{place}.bars_ago", BARS_AGO, whole=True)
    return clean


def _clean_condition(value: Any, place: str) -> dict[str, Any]:
    given = _mapping(value, place, {"left", "op", "right"})
    if given.get("op") not in OPERATORS:
        raise ParameterError(f"Set {place}.op to one of {', '.join(OPERATORS)}, not {given.get('op')!r}.")
    return {
        "left": clean_operand(given.get("left"), f"{place}.left"),
        "op": given["op"],
        "right": clean_operand(given.get("right"), f"{place}.right"),
    }


def clean_group(value: Any, place: str, depth: int = 1) -> dict[str, Any]:
    kinds = [kind for kind in GROUPS if isinstance(value, dict) and kind in value]
    if len(kinds) != 1 or len(value) != 1 or not isinstance(value[kinds[0]], list) or not value[kinds[0]]:
        raise ParameterError(f"Make {place} a group: an object with all or any and a list of at least one condition.")
    if depth > DEEPEST:
        raise ParameterError(f"Flatten {place}: groups may be nested {DEEPEST} deep.")
    kind = kinds[0]
    members = []
    for number, member in enumerate(value[kind], start=1):
        inner = f"{place}.{kind}[{number}]"
        is_group = isinstance(member, dict) and any(name in member for name in GROUPS)
        members.append(clean_group(member, inner, depth + 1) if is_group else _clean_condition(member, inner))
    if sum(1 for _ in all_conditions({kind: members})) > MOST_CONDITIONS:
        raise ParameterError(f"Shorten {place}: at most {MOST_CONDITIONS} conditions.")
    return {kind: members}


def clean_level(value: Any, place: str, *, distance_only: bool) -> Any:
    if value is None:
        return None
    if isinstance(value, dict) and "atr" in value:
        given = _mapping(value, place, {"atr", "period"})
        return {
            "atr": _number(given["atr"], f"{place}.atr", ATRS),
            "period": _number(given.get("period", DEFAULT_ATR), f"{place}.period", PERIODS, whole=True),
        }
    if isinstance(value, dict) and "percent" in value:
        given = _mapping(value, place, {"percent"})
        return {"percent": _number(given["percent"], f"{place}.percent", SHARES)}
    if distance_only or not isinstance(value, dict):
        kinds = "atr or percent" if distance_only else "atr, percent or an indicator"
        raise ParameterError(f"Make {place} an object with {kinds}, or leave it empty.")
    return clean_operand(value, place)


def all_conditions(group: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All conditions of a group and of those within it."""
    return (condition for _, condition in placed_conditions(group))


def placed_conditions(group: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each with the path of its group: `all`, `any`, or `all[2].any` within another."""
    kind, members = next(iter(group.items()))
    for number, member in enumerate(members, start=1):
        if "op" in member:
            yield f"{above}{kind}", member
        else:
            yield from placed_conditions(member, f"{above}{kind}[{number}].")
