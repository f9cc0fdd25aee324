"""Rules as the fields of a form say them: texts by name, as a tree.

`rules.entry.2.left.period` is the period on the left of the second condition of the entry. What a list holds stands
under the numbers from 1 on. Nothing is checked here: whatever is posted becomes a tree, and `farms.composing.nodes`
asks for each of its parts anew.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from kit.decimals import plain
from kit.forms import PERCENT
from markets.prices import to_price
from quant.strategies import Parameter, Params, Strategy
from quant.strategies.grammar import DEEPEST
from quant.strategies.mixed import MEMBERS

ROOT: Final = "rules"
NEVER: Final = "never"
NONE: Final = "none"
NUMBER: Final = "number"
ATR_TIMES: Final = "atr_times"
SHARE: Final = "percent"
# Parts of the longest name that a form has: a condition in the deepest group of a member of a mixture.
_LONGEST: Final = DEEPEST + 6

Raw = dict[str, Any]

CONDITION: Final[Raw] = {"left": {"is": "price"}, "op": ">", "right": {"is": "sma"}}
GROUP: Final[Raw] = {"kind": "any", "1": CONDITION}
MEMBER: Final[Raw] = {"strategy": "trend_following"}


def read(posted: Mapping[str, str]) -> Raw:
    """The tree of the fields that were posted."""
    tree: Raw = {}
    for name, text in posted.items():
        root, *parts = name.split(".")
        if root != ROOT or not 0 < len(parts) <= _LONGEST:
            continue
        at = tree
        for part in parts[:-1]:
            at = at.setdefault(part, {}) if isinstance(at.get(part, {}), dict) else {}
        at.setdefault(parts[-1], text)
    return tree


def rows(raw: Raw) -> list[Raw]:
    """What a list holds, in its order."""
    numbered = sorted((int(name), row) for name, row in raw.items() if _is_number(name) and isinstance(row, dict))
    return [row for _, row in numbered]


def at(raw: Raw, name: str) -> Raw:
    """The branch of this name, an empty one where there is none."""
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def text(raw: Raw, name: str, usual: Any = "") -> str:
    """The text of this name, or else what is usual."""
    found = raw.get(name, usual)
    return found if isinstance(found, str) else str(usual)


# --- from parameters ------------------------------------------------------------------------------------------------


def spread(strategy: Strategy, params: Params) -> Raw:
    """The tree that a form begins with; `params` are valid ones."""
    return {item.name: _parameter(item, params[item.name]) for item in strategy.schema}


def _parameter(item: Parameter, value: Any) -> Raw | str:
    if item.kind != "data":
        return written(value)
    return _SHAPES[item.shape](value)


def written(value: Any) -> str:
    """A number without needless zeros, anything else as it is."""
    return plain(to_price(value)) if isinstance(value, float) else str(value)


def _listed(members: list[Any], each: Callable[[Any], Raw]) -> Raw:
    return {str(number): each(member) for number, member in enumerate(members, start=1)}


def _group(group: Mapping[str, Any] | None) -> Raw:
    if group is None:
        return {"kind": NEVER}
    kind, members = next(iter(group.items()))
    return {"kind": kind, **_listed(members, lambda one: _condition(one) if "op" in one else _group(one))}


def _condition(condition: Mapping[str, Any]) -> Raw:
    return {"left": _term(condition["left"]), "op": condition["op"], "right": _term(condition["right"])}


def _term(operand: Any) -> Raw:
    if not isinstance(operand, dict):
        return {"is": NUMBER, "value": written(float(operand))}
    return {"is": operand["indicator"], **{name: written(v) for name, v in operand.items() if name != "indicator"}}


def _level(level: Any) -> Raw:
    if level is None:
        return {"is": NONE}
    if "atr" in level:
        return {"is": ATR_TIMES, "times": written(float(level["atr"])), "period": written(level["period"])}
    if "percent" in level:
        return {"is": SHARE, "share": plain(to_price(level["percent"]) * PERCENT)}
    return _term(level)


def _weight(size: Any) -> Raw:
    return {"is": NONE} if size is None else _term(size)


def _member(member: Mapping[str, Any]) -> Raw:
    own = spread(MEMBERS[member["strategy"]], member["params"])
    return {"strategy": member["strategy"], "weight": written(float(member["weight"])), "params": own}


_SHAPES: Final[Mapping[str, Callable[[Any], Raw | str]]] = {
    "rules": _group,
    "level": _level,
    "distance": _level,
    "weight": _weight,
    "members": lambda members: _listed(members, _member),
    "json": lambda value: orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(),
}


# --- more and fewer rows --------------------------------------------------------------------------------------------


def act(raw: Raw, do: str) -> Raw:
    """The tree after `condition:PLACE`, `group:PLACE` or `member:PLACE` was added, or `drop:PLACE` taken out.

    A place is the name of a branch without its root. What names no place changes nothing.
    """
    what, _, place = do.partition(":")
    *above, last = place.split(".")
    holder = _branch(raw, above)
    if holder is None or not isinstance(holder.get(last), dict):
        return raw
    if what == "drop" and _is_number(last):
        del holder[last]
        _number_anew(holder)
    elif what in _ADDED:
        branch = holder[last]
        branch[str(len(rows(branch)) + 1)] = _copy(_ADDED[what])
    return raw


_ADDED: Final[Mapping[str, Raw]] = {"condition": CONDITION, "group": GROUP, "member": MEMBER}


def _branch(raw: Raw, parts: list[str]) -> Raw | None:
    for part in parts:
        found = raw.get(part)
        if not isinstance(found, dict):
            return None
        raw = found
    return raw


def _number_anew(branch: Raw) -> None:
    left = rows(branch)
    for name in [name for name in branch if _is_number(name)]:
        del branch[name]
    branch |= {str(number): row for number, row in enumerate(left, start=1)}


def _copy(raw: Raw) -> Raw:
    return {name: _copy(value) if isinstance(value, dict) else value for name, value in raw.items()}


def _is_number(name: str) -> bool:
    return name.isdecimal() and name.isascii() and len(name) < 4
