"""One call of a tool: arguments become a request to the API, and its answer what a model is told.

An answer has as many rows as fit (`fitting`); `next` is the cursor of those that follow. A refusal is the API's own
sentence, with the fields it names; what failed without a reason says nothing of its inside.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from kit.bodies import Scope
from kit.decimals import plain
from kit.users.access import AsksFirstError
from moniqo.protocols.inside import Answer, Inside, written
from moniqo.protocols.mcp.fitting import NAMES, REFUSAL, clipped, few, fitting, how_many, page, size
from moniqo.protocols.mcp.operations import KEY, Argument, Operation
from moniqo.protocols.mcp.tools import INSTEAD, Tool

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
        return Result(None, clipped(str(error), REFUSAL), 422)
    skipped = int(given.pop("cursor", "") or 0) if operation.is_list and not operation.is_paged else 0
    is_usual = operation.is_paged and "limit" not in given
    if is_usual:
        given["limit"] = _fitted.get(operation.tool.name, USUAL_ROWS)
    answer = await _ask(inside, operation, given, outer)
    if answer.is_refused:
        return _refused(operation, answer)
    if not operation.is_list:
        return Result(fitting(_told(operation, answer.body)))
    if not operation.is_paged:
        return Result(_part(operation, answer.body, skipped))
    told, following = _rows(operation, answer)
    number = how_many(told, following)
    if is_usual and told:
        _fitted[operation.tool.name] = wanted = _wanted(told, following)
        if following is not None and wanted >= 2 * len(told):  # what fitted lately was much longer
            number = wanted
    while number != len(told):  # asked again, because the cursor of those that follow is the API's
        answer = await _ask(inside, operation, given | {"limit": number}, outer)
        if answer.is_refused:
            return _refused(operation, answer)
        told, following = _rows(operation, answer)
        number = how_many(told, following)
    return Result(page(told, following))


def _rows(operation: Operation, answer: Answer) -> tuple[list[dict[str, Any]], str | None]:
    return [_told(operation, row) for row in answer.body["items"]], answer.body["next"]


def _wanted(told: list[dict[str, Any]], following: str | None) -> int:
    """How many rows to ask for next time, since asking twice costs twice: as many as fit if more are as long as the
    longest of these."""
    return how_many([*told, *[max(told, key=size)] * (USUAL_ROWS - len(told))], following)


def _part(operation: Operation, rows: list[Any], skipped: int) -> dict[str, Any]:
    """Those rows of a list that comes whole which fit, without those that were told before."""
    told = [_told(operation, row) for row in rows[skipped:]]
    last = skipped + how_many(told, str(len(rows)))
    return page(told[: last - skipped], str(last) if last < len(rows) else None)


def _asks_first(tool: str) -> str:
    """What a token is told whose owner wants to be asked first."""
    if tool in INSTEAD:
        return f"This token asks first: call {INSTEAD[tool]}, and its owner answers."
    return "This token asks first, and no tool asks for that: tell its owner, or ask by the API's /approvals."


def _refused(operation: Operation, answer: Answer) -> Result:
    is_asked_first = answer.code == AsksFirstError.code
    said = _asks_first(operation.tool.name) if is_asked_first else refusal_of(answer)
    return Result(None, said, answer.status)


def refusal_of(answer: Answer) -> str:
    """The API's sentence, and what it says of single fields."""
    if answer.status >= 500 and answer.status != 503:
        return FAILED
    body = answer.body if isinstance(answer.body, Mapping) else {}
    said = str(body.get("detail") or body.get("title") or f"Refused with {answer.status}.")
    fields = list((body.get("fields") or {}).items())
    more = [f"And {len(fields) - NAMES} more fields."] if len(fields) > NAMES else []
    told = [f"{clipped(str(name), REFUSAL // NAMES)}: {why}" for name, why in fields[:NAMES]]
    return clipped(" ".join([said, *told, *more]), REFUSAL)


def _checked(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(arguments) - set(operation.arguments)):
        known = ", ".join(operation.arguments) or "none"
        raise CannotAskError(f"{operation.tool.name} takes no {few(unknown)}: it takes {known}.")
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
        at_once=tool.stops,
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
