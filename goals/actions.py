"""What may be done when a goal has ended, read from what somebody wrote. Pure: no database.

An action is an object with `do`. The ways home are named: `farm` is each wallet's own farm, `master` its master; any
wallet of one's own, a reserve say, goes by its id. What is written here is stored on the goal and done by `acting`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from goals.targets import whole
from kit.decimals import parse, plain
from kit.errors import InvalidInputError
from kit.limits import MAX_AMOUNT

FARM, MASTER, AGENTS = "farm", "master", "agents"
PROFIT, EVERYTHING = "profit", "all"
RENEWALS: Final = ("same", "percentage", "ratchet", "average")
MOST_ACTIONS: Final = 8
MOST_SHARES: Final = 12
LONGEST_EXTENSION: Final = 366


def read_actions(given: Any) -> list[dict[str, Any]]:
    """The actions on achievement, as they are stored. Raises InvalidInputError about the place of what is wrong."""
    actions = _read(given, "actions", _ACTIONS)
    names = [action["do"] for action in actions]
    if "distribute" in names and "collect" not in names[: names.index("distribute")]:
        raise _wrong("actions", "Collect before you distribute: what was collected is what there is to distribute.")
    for name in ("close", "pause", "renew", "distribute"):
        if names.count(name) > 1:
            raise _wrong("actions", f"Say {name} once.")
    if "renew" in names and names[-1] != "renew":
        raise _wrong("actions", "Renew comes last: it begins the next goal when the rest is done.")
    if "pause" in names and "continue" in names:
        raise _wrong("actions", "Pause or continue: not both.")
    if "pause" in names and "renew" in names:
        raise _wrong("actions", "Pause or renew: a renewed goal needs agents that go on.")
    return actions


def read_on_miss(given: Any) -> list[dict[str, Any]]:
    """The actions on missing, as they are stored."""
    actions = _read(given, "on_miss", _ON_MISS)
    names = [action["do"] for action in actions]
    if len(set(names)) < len(names):
        raise _wrong("on_miss", "Say each of them once.")
    if "extend" in names and len(names) > 1:
        raise _wrong("on_miss", "Extend stands alone: a goal that goes on has not been missed.")
    if "adjust" in names and {"reduce", "halt"} & set(names):
        raise _wrong("on_miss", "Adjust, or reduce or halt: the goal that follows needs wallets that trade.")
    if "reduce" in names and "halt" in names:
        raise _wrong("on_miss", "Reduce or halt: halting is the stricter one.")
    return actions


def read_rule(given: Any) -> dict[str, Any] | None:
    """The rule by which a running goal may be adjusted: `{by, every_days}`; None for none."""
    if given in (None, "", {}):
        return None
    if not isinstance(given, Mapping) or set(given) - {"by", "every_days"}:
        raise _wrong("accepts_changes", 'Give {"by": "0.1", "every_days": 7}: up when ahead, down when behind.')
    by = _fraction(given.get("by"), "accepts_changes.by")
    return {
        "by": plain(by),
        "every_days": _whole(given.get("every_days", 7), "accepts_changes.every_days", LONGEST_EXTENSION),
    }


def _read(given: Any, field: str, known: Mapping[str, Callable[[Mapping[str, Any], str], dict[str, Any]]]) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_ACTIONS:
        raise _wrong(field, f"Give a list of at most {MOST_ACTIONS} actions.")
    found = []
    for number, one in enumerate(given):
        place = f"{field}.{number}"
        if isinstance(one, str):
            one = {"do": one}
        if not isinstance(one, Mapping) or not isinstance(one.get("do"), str) or one["do"] not in known:
            raise _wrong(f"{place}.do", f"Choose one of {', '.join(known)}.")
        options = {name: value for name, value in one.items() if name != "do" and value not in (None, "", [])}
        found.append({"do": one["do"], **known[one["do"]](options, place)})
    return found


def _nothing(options: Mapping[str, Any], place: str) -> dict[str, Any]:
    _only(options, place)
    return {}


def _collect(options: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A fixed amount is one of `asset`; where none is named, `drafts` finds what the wallets keep."""
    _only(options, place, "amount", "asset", "from", "to")
    amount = options.get("amount", PROFIT)
    if is_fixed := amount not in (PROFIT, EVERYTHING):
        amount = plain(_positive(amount, f"{place}.amount", 'Give "profit", "all" or an amount above zero.'))
    asset = options.get("asset", "")
    if not isinstance(asset, str) or (asset and not is_fixed):
        raise _wrong(f"{place}.asset", "Name the asset of a fixed amount, and of nothing else.")
    source = options.get("from", [])
    wallets = source if isinstance(source, list) else [source]
    return {
        "amount": amount,
        "from": [_wallet(one, f"{place}.from") for one in wallets],
        "to": _place(options.get("to", MASTER), f"{place}.to", (FARM, MASTER)),
        **({"asset": asset} if is_fixed else {}),
    }


def _distribute(options: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Shares may be given as `shares` or as `to`; one place alone gets all."""
    _only(options, place, "shares", "to")
    given = options.get("shares", options.get("to"))
    if isinstance(given, str):
        given = [{"to": given, "share": "1"}]
    if isinstance(given, Mapping):
        given = [{"to": to, "share": share} for to, share in given.items()]
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_SHARES:
        raise _wrong(
            f"{place}.shares", f'Give one to {MOST_SHARES} shares, such as {{"to": "agents", "share": "0.5"}}.'
        )
    shares = []
    for number, one in enumerate(given):
        where = f"{place}.shares.{number}"
        if not isinstance(one, Mapping) or set(one) != {"to", "share"}:
            raise _wrong(where, 'A share has "to" and "share".')
        share = _fraction(one["share"], f"{where}.share")
        shares.append({"to": _place(one["to"], f"{where}.to", (AGENTS, FARM, MASTER)), "share": plain(share)})
    total = sum((Decimal(one["share"]) for one in shares), Decimal(0))
    if total != 1:
        raise _wrong(f"{place}.shares", f"The shares add up to {plain(total)}: make them 1, which is 100 %.")
    if len({one["to"] for one in shares}) < len(shares):
        raise _wrong(f"{place}.shares", "Name each place once.")
    return {"shares": shares}


def _renew(options: Mapping[str, Any], place: str) -> dict[str, Any]:
    _only(options, place, "rule", "value")
    rule = options.get("rule", "same")
    if rule not in RENEWALS:
        raise _wrong(f"{place}.rule", f"Choose one of {', '.join(RENEWALS)}.")
    if rule != "percentage":
        return {"rule": rule}
    return {"rule": rule, "value": plain(_change(options.get("value"), f"{place}.value"))}


def _extend(options: Mapping[str, Any], place: str) -> dict[str, Any]:
    _only(options, place, "days", "times")
    return {
        "days": _whole(options.get("days", 7), f"{place}.days", LONGEST_EXTENSION),
        "times": _whole(options.get("times", 1), f"{place}.times", LONGEST_EXTENSION),
    }


def _adjust(options: Mapping[str, Any], place: str) -> dict[str, Any]:
    _only(options, place, "value")
    return {"value": plain(_change(options.get("value", "-0.1"), f"{place}.value"))}


_ACTIONS: Final = {
    "close": _nothing,
    "collect": _collect,
    "distribute": _distribute,
    "pause": _nothing,
    "continue": _nothing,
    "renew": _renew,
}
_ON_MISS: Final = {
    "reduce": _nothing,
    "halt": _nothing,
    "return": _nothing,
    "extend": _extend,
    "adjust": _adjust,
}


def _only(options: Mapping[str, Any], place: str, *known: str) -> None:
    if unknown := sorted(set(options) - set(known)):
        said = f"it takes {', '.join(known)}" if known else "it takes nothing"
        raise _wrong(f"{place}.{unknown[0]}", f"There is no such field here; {said}.")


def _place(given: Any, field: str, names: tuple[str, ...]) -> str:
    if given in names:
        return str(given)
    try:
        return str(UUID(str(given)))
    except ValueError as error:
        raise _wrong(field, f"Choose {', '.join(names)}, or give the id of a wallet.") from error


def _wallet(given: Any, field: str) -> str:
    try:
        return str(UUID(str(given)))
    except ValueError as error:
        raise _wrong(field, "Give ids of wallets in scope.") from error


def _number(given: Any, field: str, said: str) -> Decimal:
    try:
        if given is None or isinstance(given, bool):
            raise ValueError(given)
        return parse(str(given))
    except ValueError as error:
        raise _wrong(field, said) from error


def _positive(given: Any, field: str, said: str) -> Decimal:
    value = _number(given, field, said)
    if not 0 < value < MAX_AMOUNT:
        raise _wrong(field, said)
    return value


def _fraction(given: Any, field: str) -> Decimal:
    said = 'Give a fraction above 0 and up to 1, such as "0.5" for 50 %.'
    value = _number(given, field, said)
    if not 0 < value <= 1:
        raise _wrong(field, said)
    return value


def _change(given: Any, field: str) -> Decimal:
    said = 'Give a change of the target, such as "0.1" for 10 % more or "-0.1" for 10 % less.'
    value = _number(given, field, said)
    if not -1 < value <= 10 or value == 0:
        raise _wrong(field, said)
    return value


def _whole(given: Any, field: str, most: int) -> int:
    number = whole(given)
    if number is None or not 1 <= number <= most:
        raise _wrong(field, f"Give a whole number from 1 to {most}.")
    return number


def _wrong(field: str, said: str) -> InvalidInputError:
    return InvalidInputError(said, fields={field: said})
