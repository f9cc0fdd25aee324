"""What is refused of a request though it could be read: whoever sent it would believe that it was heard as they meant.

The body has to be JSON that says so and says each thing once; an operation reads every parameter that it is sent, each
once and written as the API writes it, and takes no body where it reads none.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache, wraps
from math import isfinite
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja.parser import Parser
from pydantic import BaseModel

from kit.errors import InvalidInputError, MoniqoError
from kit.mistakes import look_again
from kit.written import TOO_DEEP, TOO_LARGE, kinds, require_address

JSON: Final = {"application/json", ""}  # what says nothing is taken for what the API takes
NOTHING: Final = {b"", b"{}", b"null"}
# More than any column has, and fewer than Python reads.
MOST_DIGITS: Final = 1000
SHOWN_DIGITS: Final = 20


class MediaTypeError(MoniqoError):
    """The body is said to be something else than JSON."""

    code = "unsupported_media_type"
    status = 415


class StrictParser(Parser):
    """Reads bodies of JSON as RFC 8259 has it: no NaN, no name twice. What it raises is the cause of Ninja's 400."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type not in JSON:
            raise MediaTypeError("Send JSON, and say so: `Content-Type: application/json`.")
        return json.loads(request.body, parse_constant=_no_number, object_pairs_hook=_each_once)


def read_json(text: str | bytes) -> Any:
    """The same of what Ninja does not read; whole numbers keep every digit. Raises InvalidInputError, in a sentence."""
    try:
        return json.loads(
            text, parse_constant=_no_number, parse_float=_finite, parse_int=_whole, object_pairs_hook=_each_once
        )
    except RecursionError as error:
        raise InvalidInputError(TOO_DEEP) from error
    except ValueError as error:
        raise InvalidInputError(f"This is no JSON: {str(error).removesuffix('.')}.") from error


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise InvalidInputError(f"{text[:SHOWN_DIGITS]} cannot be kept: {TOO_LARGE}")
    return number


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise InvalidInputError(f"{text[:SHOWN_DIGITS]}… cannot be kept: {TOO_LARGE}")
    return int(text)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON.")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidInputError(f"Send {name} once.", fields={name: "It is sent more than once."})
        found[name] = value
    return found


def heard_whole(view: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that refuses what it does not read, and what it would read as something else than is written."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        operation = view._ninja_operation  # type: ignore[attr-defined]  # Ninja's
        _require_known(request, operation)
        _require_plain(request, operation)
        if not _takes_body(operation) and not _says_nothing(request):
            raise InvalidInputError("Send no body: nothing of it is read here.")
        return view(request, *args, **kwargs)

    return answer


def require_known(name: str, wanted: str | None, rows: QuerySet[Any]) -> None:
    """Refuse the value of a filter that no row has: an empty list would say that there is nothing of what there is."""
    if wanted and not rows.exists():
        raise InvalidInputError(f"There is no {name} {wanted} here.", fields={name: "There is none of that name."})


def _require_known(request: HttpRequest, operation: Any) -> None:
    known = sorted(_asked(operation, "query"))
    if unknown := sorted(set(request.GET) - set(known)):
        names = ", ".join(unknown)
        takes = f"what there is: {', '.join(known)}" if known else "there is none here"
        raise InvalidInputError(
            f"There is no parameter {names}; {takes}.", fields=dict.fromkeys(unknown, "There is no such parameter.")
        )
    if twice := [name for name in known if len(request.GET.getlist(name)) > 1]:
        raise InvalidInputError(
            f"Send {', '.join(twice)} once.", fields=dict.fromkeys(twice, "It is sent more than once.")
        )


def _require_plain(request: HttpRequest, operation: Any) -> None:
    parts = request.resolver_match.kwargs if request.resolver_match else {}
    wrong = {}
    for source, sent in (("query", request.GET), ("path", parts)):
        for name, expected in _asked(operation, source).items():
            if isinstance(text := sent.get(name), str):
                try:
                    require_address(text, expected)
                except ValueError as error:
                    wrong[name] = str(error)
    if wrong:
        raise InvalidInputError(look_again(wrong), fields=wrong)


@cache
def _asked(operation: Any, source: str) -> dict[str, frozenset[type]]:
    """The parameters of an operation of Ninja's, with the types that each takes."""
    return {
        name: kinds(_annotation(model, path))
        for model in _models(operation, source)
        for name, path in model.__ninja_flatten_map__.items()
    }


def _annotation(model: Any, path: tuple[str, ...]) -> Any:
    """What stands at a path of names, each as requests call it."""
    for name in path:
        found = next(field for key, field in model.model_fields.items() if name in (field.alias, key))
        model = found.annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            break
    return model


def _models(operation: Any, source: str) -> Iterator[Any]:
    return (model for model in operation.models if model.__ninja_param_source__ == source)


def _says_nothing(request: HttpRequest) -> bool:
    """No body, an empty object, or a form without a field."""
    is_form = request.content_type == "multipart/form-data"
    return request.body.strip() in NOTHING or (is_form and b"Content-Disposition" not in request.body)


def _takes_body(operation: Any) -> bool:
    return any(_models(operation, "body"))
