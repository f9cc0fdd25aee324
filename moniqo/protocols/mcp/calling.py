"""One call of a tool: arguments become a request to the API, and its answer what a model is told.

An answer is at most `MOST_BYTES`, its rows as many as fit; `next` is the cursor of those that follow. A refusal is the
API's own sentence, with the fields it names; what failed without a reason says nothing of its inside.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from kit.bodies import Scope
from kit.decimals import plain
from moniqo.protocols.inside import Answer, Inside, written
from moniqo.protocols.mcp.operations import KEY, Argument, Operation
from moniqo.protocols.mcp.tools import Tool

# Of the whole result, which holds the answer twice: as text, and as what a program reads.
MOST_BYTES: Final = 8 * 1024
_ROOM: Final = MOST_BYTES // 2 - 400
USUAL_ROWS: Final = 20
# What of an order's outcomes is a no, by the gate or by the venue.
REFUSED: Final = ("refused", "rejected")
# What of them is the end of one that was placed before.
OVER: Final = ("filled", "cancelled", "expired")
# A number of more digits has been rounded by whoever wrote it down.
EXACT_DIGITS: Final = 15
# Of a cursor that counts rows: a number of thousands of digits is none that was ever handed out.
CURSOR_DIGITS: Final = 9
FAILED: Final = "That failed here, and nothing is known to be done: look at what is there before you try it again."


class CannotAskError(Exception):
    """The arguments make no request; the sentence says what to change."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a call brought, or the sentence of its refusal; `status` as the API has it."""

    found: Mapping[str, Any] | None
    refusal: str = ""
    status: int = 200

    @property
    def text(self) -> str:
        return self.refusal or written(self.found).decode()


# Of each tool, how many rows are asked for when nobody says how many: as many as fitted lately.
_fitted: Final[dict[str, int]] = {}
BROKE: Final = Result(None, FAILED, 500)
NO_SUCH_TOOL: Final = Result(None, "There is no such tool: ask for the list of them.", 404)


async def call(inside: Inside, operation: Operation, arguments: Mapping[str, Any], outer: Scope) -> Result:
    """Ask the API. Changes nothing where the arguments are wrong."""
    try:
        given = _checked(operation, arguments)
    except CannotAskError as error:
        return Result(None, str(error), 422)
    skipped = int(given.pop("cursor", "") or 0) if operation.is_list and not operation.is_paged else 0
    is_usual = operation.is_paged and "limit" not in given
    if is_usual:
        given["limit"] = _fitted.get(operation.tool.name, USUAL_ROWS)
    answer = await _ask(inside, operation, given, outer)
    if answer.is_refused:
        return Result(None, refusal_of(answer), answer.status)
    if not operation.is_list:
        return Result(_fitting(_told(operation, answer.body)))
    rows = answer.body["items"] if operation.is_paged else answer.body[skipped:]
    told, is_full = _those_that_fit(operation, rows)
    fitting = len(told)
    if not operation.is_paged:
        last = skipped + fitting
        return Result({"items": told, "next": str(last) if last < len(answer.body) else None})
    if fitting < len(rows):
        if is_usual:  # asking twice costs twice: next time so many are asked for
            _fitted[operation.tool.name] = fitting
        answer = await _ask(inside, operation, given | {"limit": fitting}, outer)
        if answer.is_refused:
            return Result(None, refusal_of(answer), answer.status)
        told = [_told(operation, row) for row in answer.body["items"]]
    elif is_usual and not is_full and len(rows) == given["limit"] < USUAL_ROWS:
        _fitted[operation.tool.name] = len(rows) + 1
    return Result({"items": told, "next": answer.body["next"]})


def refusal_of(answer: Answer) -> str:
    """The API's sentence, and what it says of single fields."""
    if answer.status >= 500 and answer.status != 503:
        return FAILED
    body = answer.body if isinstance(answer.body, Mapping) else {}
    said = str(body.get("detail") or body.get("title") or f"Refused with {answer.status}.")
    fields = body.get("fields") or {}
    return " ".join([said, *(f"{name}: {why}" for name, why in fields.items())])


def _checked(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(arguments) - set(operation.arguments)):
        known = ", ".join(operation.arguments) or "none"
        raise CannotAskError(f"{operation.tool.name} takes no {', '.join(unknown)}: it takes {known}.")
    given = {}
    for name, argument in operation.arguments.items():
        value = arguments.get(name)
        if value is None and argument.is_required:
            raise CannotAskError(f"Give {name}.")
        if name in arguments and not (value is None and argument.place != "body"):
            if argument.place != "body" and isinstance(value, list | dict):
                raise CannotAskError(f"Give one value as {name}, no list and no object.")
            if argument.place == "header" and not isinstance(value, str):
                raise CannotAskError(f"Give {name} as text.")
            given[name] = _exact(argument, value)
            _require_numbers(name, given[name])
    cursor = str(given.get("cursor", "0") or 0)
    is_place = cursor.isdecimal() and len(cursor) <= CURSOR_DIGITS
    if operation.is_list and not operation.is_paged and not is_place:
        raise CannotAskError("Give the cursor as the answer before had it in next.")
    return given


def _require_numbers(name: str, value: Any) -> None:
    """Python reads NaN, Infinity and 1e999, which JSON has not: the API would refuse the whole body for them."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise CannotAskError(f"{name} holds what is no number: leave it out, or give one.") from error


def _exact(argument: Argument, value: Any) -> Any:
    """A number where an amount is wanted becomes the text of exactly that number."""
    if not argument.is_amount or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = Decimal(repr(value))
    if not number.is_finite():
        raise CannotAskError(f'{argument.name} is no number: give it as text, such as "0.25".')
    if len(number.normalize().as_tuple().digits) > EXACT_DIGITS:
        raise CannotAskError(f"{argument.name} has more digits than a number keeps: give it as text.")
    return plain(number)


async def _ask(inside: Inside, operation: Operation, given: Mapping[str, Any], outer: Scope) -> Answer:
    parts: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}, "header": {}}
    for name, value in given.items():
        parts[operation.arguments[name].place if name in operation.arguments else "query"][name] = value
    tool = operation.tool
    path = tool.path
    for name, value in parts["path"].items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    has_body = any(argument.place == "body" for argument in operation.arguments.values())
    return await inside.ask(
        outer,
        tool.method,
        path,
        query=parts["query"],
        body=parts["body"] if has_body else None,
        key=str(parts["header"].get(KEY, "")),
    )


def _told(operation: Operation, row: Mapping[str, Any]) -> dict[str, Any]:
    tool = operation.tool
    found = {name: _cut(row[name], tool.inner.get(name)) for name in tool.gives.split()}
    return found | {"then": _then(tool, row)} if tool.then else found


def _then(tool: Tool, row: Mapping[str, Any]) -> str:
    """What is to be done about an answer that is not the end; of one that is the end, that it is."""
    if row.get("outcome") in REFUSED:
        return f"It was refused: {row['refusal']}" if row.get("refusal") else "It was refused."
    if tool.is_question and row["status"] != "open":
        return f"It is over: {row['status']}."
    if row.get("outcome") in OVER:
        return f"It is over: {row['outcome']}."
    return tool.then


def _cut(value: Any, names: str | None) -> Any:
    if names is None:
        return value
    if isinstance(value, list):
        return [_cut(one, names) for one in value]
    return None if value is None else {name: value[name] for name in names.split()}


def _size(value: Any) -> int:
    return len(written(value))


def _those_that_fit(operation: Operation, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], bool]:
    """The first rows as they are told, as many as there is room for and one in any case; whether it is used up."""
    found: list[dict[str, Any]] = []
    room, longest = _ROOM, 0
    for row in rows:
        told = _told(operation, row)
        size = _size(told) + 1
        room, longest = room - size, max(longest, size)
        if room < 0 and found:
            break
        found.append(told)
    return found, room < 2 * longest


def _fitting(found: dict[str, Any]) -> dict[str, Any]:
    """The same, of its lists only the newest rows that fit, and how many are left out; the longest gives way first."""
    whole = {name: len(value) for name, value in found.items() if isinstance(value, list)}
    while _size(found) > _ROOM:
        longest = max(whole, key=lambda name: _size(found[name]), default="")
        if not longest or not found[longest]:
            break
        found = found | {longest: found[longest][1:]}
        cut = {name: number - len(found[name]) for name, number in whole.items() if len(found[name]) < number}
        found["left_out"] = ", ".join(f"the first {number} of {name}" for name, number in cut.items())
    return found
