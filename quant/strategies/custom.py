"""Custom: rules a person composes from indicators and comparisons, kept as data and never as code.

Entry and exit are groups: `{"all": [...]}` or `{"any": [...]}` of conditions or further groups. A condition compares
two operands, `{"left": …, "op": ">", "right": …}`, where an operand is a number or an indicator of
`quant.indicators.catalog` with its parameters, such as `{"indicator": "ema", "period": 20, "bars_ago": 1}`. Stop,
target and trail are `{"atr": 2.0, "period": 14}` (multiples of ATR from the close), `{"percent": 0.05}` (a fraction of
the close) or, for stop and target, a price such as `{"indicator": "lowest", "source": "low", "period": 10}`. Size is a
number or an operand. An entry whose stop, target or trail is not known, or whose size is not above zero, is not made:
it would be without protection, or at full size. Everything is checked when it is saved, with the place of the mistake
in the message, and computed for all bars at once. A comparison with a value that is not known yet is false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from quant import indicators
from quant.candles import Bools, Candles, Floats
from quant.indicators.catalog import CATALOG
from quant.strategies.base import (
    ALSO,
    AtBars,
    Clause,
    Condition,
    Intents,
    Parameter,
    Params,
    Signs,
    Strategy,
    digits,
    nowhere,
)
from quant.strategies.grammar import (
    COMPARISONS,
    DEFAULT_ATR,
    GROUPS,
    WEIGHTS,
    all_conditions,
    clean_group,
    clean_level,
    clean_operand,
    placed_conditions,
)
from quant.strategies.signals import TOUCH_BARS, offset_from

_WORDS: Final = {"crosses_above": "crosses above", "crosses_below": "crosses below"}
_PROTECTION: Final = {"stop": "Stop", "target": "Target", "trail": "Trailing distance"}
# Relative to the larger of two values that are compared.
_ROUNDING: Final = 1e-9


def _complete(params: dict[str, Any]) -> dict[str, Any]:
    return {
        "direction": params["direction"],
        "entry": clean_group(params["entry"], "entry"),
        "exit": None if params["exit"] is None else clean_group(params["exit"], "exit"),
        "stop": clean_level(params["stop"], "stop", distance_only=False),
        "target": clean_level(params["target"], "target", distance_only=False),
        "trail": clean_level(params["trail"], "trail", distance_only=True),
        "size": None if params["size"] is None else clean_operand(params["size"], "size", WEIGHTS),
    }


# Computing.


class _Board:
    """Indicators of one run, each computed once."""

    def __init__(self, candles: Candles) -> None:
        self.candles = candles
        self.values: dict[str, Floats] = {}

    def operand(self, operand: Any) -> Floats:
        if not isinstance(operand, dict):
            return np.broadcast_to(np.float64(operand), (len(self.candles),))
        name = _label(operand)
        if name not in self.values:
            source: Floats = getattr(self.candles, operand.get("source", "close"))
            values = CATALOG[operand["indicator"]].compute(self.candles, source, operand)
            self.values[name] = indicators.previous(values, operand["bars_ago"]) if operand["bars_ago"] else values
        return self.values[name]

    def group(self, group: Mapping[str, Any]) -> Bools:
        kind, members = next(iter(group.items()))
        found = [self.group(member) if "op" not in member else self.condition(member) for member in members]
        return np.asarray(GROUPS[kind].reduce(found), dtype=np.bool_)

    def condition(self, condition: Mapping[str, Any]) -> Bools:
        right = self.operand(condition["right"])
        return COMPARISONS[condition["op"]](_settled(self.operand(condition["left"]), right), right)

    def distance(self, level: Mapping[str, Any]) -> Floats:
        if "atr" in level:
            atr = self.operand({"indicator": "atr", "period": level["period"], "bars_ago": 0})
            return np.asarray(level["atr"] * atr)
        return np.asarray(level["percent"] * self.candles.close)

    def known(self, level: Mapping[str, Any]) -> Bools:
        values = self.operand(level) if "indicator" in level else self.distance(level)
        return values > 0

    def level(self, level: Mapping[str, Any] | None, enter: Signs, *, toward: int) -> Floats | AtBars | None:
        if level is None:
            return None
        if "indicator" in level:
            price = np.where(enter != 0, self.operand(level), np.nan)
            return np.where(price > 0, price, np.nan)
        return offset_from(self.candles.close, self.distance(level), enter, times=toward)


def _settled(left: Floats, right: Floats) -> Floats:
    """`left`, and `right` where they differ by rounding alone: the last digits of an indicator depend on how far back
    its candles reach, and no rule may be decided by them. A z-score of two bars, say, is always 1 or -1."""
    near = np.abs(left - right) <= _ROUNDING * np.maximum(np.abs(left), np.abs(right))
    return np.where(near, right, left)


def _label(operand: Any) -> str:
    if not isinstance(operand, dict):
        return f"{operand:g}"
    numbers = [f"{operand[key]:g}" for key in (*CATALOG[operand["indicator"]].periods, "multiple") if key in operand]
    source = operand.get("source", "close")
    name = source if operand["indicator"] == "price" else operand["indicator"]
    inside = numbers if source == "close" or operand["indicator"] == "price" else [*numbers, source]
    label = f"{name}({', '.join(inside)})" if inside else name
    return f"{label} {operand['bars_ago']} bars ago" if operand["bars_ago"] else label


def _compute(candles: Candles, params: Params) -> Intents:
    board = _Board(candles)
    agreed = board.group(params["entry"])
    wanted = agreed
    size = nowhere(len(candles)) if params["size"] is None else board.operand(params["size"])
    if params["size"] is not None:
        wanted = wanted & (size > 0)
    for name in ("stop", "target", "trail"):
        if params[name] is not None:
            wanted = wanted & board.known(params[name])
    enter = (wanted * (1 if params["direction"] == "long" else -1)).astype(np.int8)
    leave = np.zeros(len(candles), dtype=np.bool_) if params["exit"] is None else board.group(params["exit"])
    return Intents(
        enter=np.where(leave, 0, enter).astype(np.int8),
        exit=leave,
        stop=board.level(params["stop"], enter, toward=-1),
        target=board.level(params["target"], enter, toward=1),
        trail=None if params["trail"] is None else board.distance(params["trail"]),
        size=np.where(size > 0, size, np.nan),
        indicators=dict(board.values),
        explain=lambda bar: _explain(board, params, agreed, wanted, leave, bar),
        conditions=lambda bar, held: _conditions(board, params, leave, bar, held),
    )


def _explain(board: _Board, params: Params, agreed: Bools, wanted: Bools, leave: Bools, bar: int) -> Clause:
    if leave[bar]:
        return _account_of(board, params["exit"], bar)
    why = "its protection is not known yet, or its size not above zero; " if agreed[bar] and not wanted[bar] else ""
    return _account_of(board, params["entry"], bar, why)


def _account_of(board: _Board, group: Mapping[str, Any], bar: int, why: str = "") -> Clause:
    """Each condition with its values on this bar and whether it holds; `why` stands before them."""
    parts: list[str] = []
    numbers: dict[str, str] = {}
    for place, condition in enumerate(all_conditions(group)):
        left, right = condition["left"], condition["right"]
        holds = "yes" if board.condition(condition)[bar] else "no"
        for side, operand in (("left", left), ("right", right)):
            numbers[f"{side}{place}"] = digits(board.operand(operand)[bar])
        values = f"{{left{place}}} against {{right{place}}}"
        away = abs(board.operand(left)[bar] - board.operand(right)[bar])
        if holds == "no" and np.isfinite(away):
            values += f", {{away{place}}} away"
            numbers[f"away{place}"] = digits(away)
        word = _WORDS.get(condition["op"], condition["op"])
        labels = (_label(left), _label(right) if isinstance(right, dict) else f"{{right{place}}}")
        parts.append(f"{labels[0]} {word} {labels[1]}, {holds} ({values})")
    return Clause(f"{why}{'; '.join(parts)}", numbers=numbers)


def _conditions(board: _Board, params: Params, leave: Bools, bar: int, held: int) -> tuple[Condition, ...]:
    group = params["exit"] if held else params["entry"]
    side = 1 if params["direction"] == "long" else -1
    found = []
    for place, condition in placed_conditions(group) if group else ():
        op, left, right = condition["op"], condition["left"], condition["right"]
        named = [] if not isinstance(right, dict) else [_label(right)]
        words = " ".join([_label(left), _WORDS.get(op, op), *named])
        value, threshold = (float(board.operand(operand)[bar]) for operand in (left, right))
        goes = 1 if op in {">", ">=", "crosses_above"} else -1
        holds = bool(board.condition(condition)[bar])
        toward = 0 if held else side
        found.append(Condition(words, toward, holds, value, threshold, goes, op in _WORDS, group=place))
    return tuple(found) if held else (*found, *_in_the_way(board, params, leave, bar))


def _in_the_way(board: _Board, params: Params, leave: Bools, bar: int) -> Iterator[Condition]:
    """What keeps an entry from being made beside its group."""
    side = 1 if params["direction"] == "long" else -1
    for name, words in _PROTECTION.items():
        if params[name] is not None and not board.known(params[name])[bar]:
            yield Condition(f"{words} is known", side, False, has_figures=False, group=ALSO)
    if params["size"] is not None and not (size := float(board.operand(params["size"])[bar])) > 0:
        yield Condition("Weight of an entry is above", side, False, size, 0.0, group=ALSO)
    if leave[bar]:
        yield Condition("The conditions for leaving do not hold", side, False, has_figures=False, group=ALSO)


def _settle(params: Params) -> int:
    groups = [params[name] for name in ("entry", "exit") if params[name] is not None]
    conditions = [condition for group in groups for condition in all_conditions(group)]
    used = [(condition[side], condition["op"]) for condition in conditions for side in ("left", "right")]
    used += [(params[name], "") for name in ("stop", "target", "size")]
    longest = 1
    for operand, op in used:
        if isinstance(operand, dict) and "indicator" in operand:
            own = CATALOG[operand["indicator"]].settle(operand) + operand["bars_ago"]
            longest = max(longest, own + 1 + (TOUCH_BARS if op in _WORDS else 0))
    for name in ("stop", "target", "trail"):
        if isinstance(params[name], dict) and "atr" in params[name]:
            longest = max(longest, params[name]["period"] * indicators.WILDER_SETTLING + 1)
    return longest


# Words.


def _say_group(group: Any) -> str:
    """`all of: rsi(14) crosses above 40; price > sma(100)`, as the explanations of runs write it."""
    if group is None:
        return "Never"
    parts = _say_members(group)
    return parts[0] if len(parts) == 1 else f"{next(iter(group))} of: {'; '.join(parts)}"


def _say_members(group: Any) -> list[str]:
    """Each condition or group of a group."""
    members = next(iter(group.values())) if group else []
    return [f"({_say_group(member)})" if "op" not in member else _say_condition(member) for member in members]


def _say_condition(condition: Mapping[str, Any]) -> str:
    word = _WORDS.get(condition["op"], condition["op"])
    left, right = (_say_operand(condition[side]) for side in ("left", "right"))
    return f"{left} {word} {right}"


def _say_operand(operand: Any) -> str:
    """An operand, also one of a default that nobody has completed yet."""
    return _label(clean_operand(operand, "it"))


def _say_level(level: Any) -> str:
    if level is None:
        return "None"
    if "atr" in level:
        return f"{level['atr']:g} × atr({level.get('period', DEFAULT_ATR)}) from the close"
    if "percent" in level:
        return f"{100 * level['percent']:g} % from the close"
    return _say_operand(level)


def _say_size(size: Any) -> str:
    return "1" if size is None else _say_operand(size)


_PRICE: Final = {"indicator": "price"}

STRATEGY: Final = Strategy(
    slug="custom",
    name="Custom rules",
    description="Your own rules, composed from indicators and comparisons.",
    schema=(
        Parameter(
            "direction",
            "choice",
            "long",
            "Which side is entered.",
            choices=("long", "short"),
            words=("Long", "Short"),
            label="Direction",
        ),
        Parameter(
            "entry",
            "data",
            {
                "all": [
                    {"left": {"indicator": "rsi", "period": 14}, "op": "crosses_above", "right": 40},
                    {"left": _PRICE, "op": ">", "right": {"indicator": "sma", "period": 100}},
                ]
            },
            "Group of conditions to enter on.",
            label="Enter when",
            say=_say_group,
            shape="rules",
            parts=_say_members,
        ),
        Parameter(
            "exit",
            "data",
            {"any": [{"left": {"indicator": "rsi", "period": 14}, "op": "crosses_below", "right": 70}]},
            "Group of conditions to leave on, or nothing.",
            label="Leave when",
            say=_say_group,
            shape="rules",
            may_be_empty=True,
            parts=_say_members,
        ),
        Parameter(
            "stop",
            "data",
            {"atr": 2.5, "period": 14},
            "Protective stop, or nothing.",
            label="Stop",
            say=_say_level,
            shape="level",
        ),
        Parameter("target", "data", None, "Profit target, or nothing.", label="Target", say=_say_level, shape="level"),
        Parameter(
            "trail",
            "data",
            None,
            "Trailing distance, or nothing.",
            label="Trailing distance",
            say=_say_level,
            shape="distance",
        ),
        Parameter(
            "size",
            "data",
            None,
            "Weight of an entry: a number or an indicator, or nothing.",
            label="Weight of an entry",
            say=_say_size,
            shape="weight",
        ),
    ),
    compute=_compute,
    settle=_settle,
    complete=_complete,
)
