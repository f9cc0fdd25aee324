"""The errors of every operation in the API's description: which there are, what each means, and their one shape.

An operation declares what it answers when all goes well. How it says no follows from what it is: what needs somebody
signed in may find nobody, what names a thing may not find it, what writes may contradict what is. What follows from
nothing of this an operation says itself, by `openapi_extra=may_answer(409)`. Tests of the whole API are held to it: no
operation answers with an error that its description does not list.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kit.api import PROBLEM

SHAPE: Final = {
    "title": "Problem",
    "type": "object",
    "description": "What every error is (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "description": "Stable for programs.",
            "examples": ["urn:moniqo:problem:invalid_input"],
        },
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence that says what to do."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "With 422: a sentence by the name of each field, as it was written.",
        },
        "version": {
            "type": "integer",
            "description": "With 409 where a version was named: the one that counts now.",
        },
        "violated-policies": {
            "type": "array",
            "items": {"type": "string"},
            "description": "With 429: the limits that were exceeded, `token` or `address`.",
        },
    },
}
MEANINGS: Final = {
    400: "What was sent cannot be read: it is no JSON, or the address has too many parameters.",
    401: "Nobody is signed in, or not with what counts.",
    403: "The token lacks the scope, the session its CSRF token, or it is for operators.",
    404: "There is no such thing, or it is somebody else's.",
    408: "The body arrives too slowly.",
    409: "It contradicts what is: done already, the wrong state, a key used with another body.",
    413: "The body is too large.",
    415: "The body is said to be something else than JSON.",
    422: "A field or a parameter is wrong or unknown.",
    424: "The venue refuses the key: `detail` has its own words.",
    429: "Asked too often: `Retry-After` says when to come again.",
    502: "The venue answers with what cannot be read.",
    503: "The database is away, or there is more to do than can be done: `Retry-After` says when to come again.",
    504: "The venue does not answer in time.",
}
_NAMES_A_THING: Final = re.compile(r"(^|_)ids?$|^(scope|symbol|platform|account|against)$")


def describe_errors(schema: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI schema, every operation of it given the errors that it may answer with, in place."""
    shapes = schema.setdefault("components", {}).setdefault("schemas", {})
    shapes["Problem"] = SHAPE
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            for given in operation.get("parameters", ()):
                given.pop("examples", None)  # Ninja repeats those of the schema here, where OpenAPI has them by name
            own = [status for status, answer in operation["responses"].items() if answer == {}]
            for status in (*own, *_possible(method, path, operation, shapes)):
                operation["responses"][status] = _answer(status)
    return schema


def _answer(status: int) -> dict[str, Any]:
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": MEANINGS[status], "content": content}


def _possible(method: str, path: str, operation: Mapping[str, Any], shapes: Mapping[str, Any]) -> Iterator[int]:
    yield 400
    yield 401
    if operation.get("security"):
        yield 403
    if "{" in path or any(map(_NAMES_A_THING.search, _asked(operation, shapes))):
        yield 404
    if method != "get" and operation.get("security"):
        yield 409
    if method != "get":
        yield from (408, 413)
    if "requestBody" in operation:
        yield 415
    yield from (422, 429, 503)


def _asked(operation: Mapping[str, Any], shapes: Mapping[str, Any]) -> Iterator[str]:
    """The names of what the operation takes in its address and its body."""
    yield from (given["name"] for given in operation.get("parameters", ()))
    for sent in operation.get("requestBody", {}).get("content", {}).values():
        name = sent["schema"].get("$ref", "").rpartition("/")[2]
        yield from shapes.get(name, {}).get("properties", {})
