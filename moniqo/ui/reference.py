"""The API's description as a page: what can be called, what each takes and gives, from the OpenAPI schema alone.

It takes the place of Swagger UI, whose script alone is 1.5 MB. Everything is in the page and works without scripts;
docs/api.md has calls that run.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from kit.api import PROBLEM

METHODS: Final = ("get", "post", "put", "patch", "delete")
_SHAPE: Final = re.compile(r"#/components/schemas/(\w+)")


@dataclass(frozen=True, slots=True)
class Field:
    """A field or a parameter. `type` are words, `shape` the name of the shape that they speak of, if any."""

    name: str
    type: str
    shape: str
    is_required: bool
    help: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """An object that is sent or answered, with its fields; or words that one of them may be, which `help` lists."""

    name: str
    help: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    type: str
    shape: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`scopes` are those that a token needs, none where nobody has to be signed in; `refusals` are problems."""

    id: str
    method: str
    path: str
    summary: str
    help: str
    scopes: tuple[str, ...]
    parameters: tuple[Field, ...]
    body: Shape | None
    answers: tuple[Answer, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """All of it, read from a schema of `NinjaAPI.get_openapi_schema`."""

    schema: Mapping[str, Any]

    @cached_property
    def groups(self) -> tuple[tuple[str, tuple[Operation, ...]], ...]:
        """Operations by their tag, in the order in which the tags come."""
        found: dict[str, list[Operation]] = {}
        for path, methods in self.schema["paths"].items():
            for method in METHODS:
                if said := methods.get(method):
                    found.setdefault((said.get("tags") or ["others"])[0], []).append(
                        self._operation(method, path, said)
                    )
        return tuple((tag, tuple(operations)) for tag, operations in found.items())

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Every object that is sent or answered, and every list of words that one may hold, by name."""
        return tuple(self._shape(name) for name in sorted(self.schema["components"]["schemas"]))

    def _operation(self, method: str, path: str, said: Mapping[str, Any]) -> Operation:
        body = _content(said.get("requestBody", {}))
        return Operation(
            id=said["operationId"],
            method=method.upper(),
            path=path,
            summary=said.get("summary", ""),
            help=said.get("description", ""),
            scopes=tuple(self._scopes(method, said)),
            parameters=tuple(_parameters(said)),
            body=self._shape(name) if (name := _words(body)[1]) else None,
            answers=tuple(
                Answer(str(code), *_words(_content(answer)))
                for code, answer in said["responses"].items()
                if PROBLEM not in answer.get("content", {})
            ),
            refusals=tuple(str(code) for code, told in said["responses"].items() if PROBLEM in told.get("content", {})),
        )

    def _shape(self, name: str) -> Shape:
        part = self.schema["components"]["schemas"][name]
        required = part.get("required", ())
        fields = (
            Field(field, *_words(said), field in required, said.get("description", ""))
            for field, said in part.get("properties", {}).items()
        )
        help_ = f"One of {_words(part)[0]}." if "enum" in part else part.get("description", "")
        return Shape(name, help_, tuple(fields))

    def _scopes(self, method: str, said: Mapping[str, Any]) -> Iterator[str]:
        for needed in said.get("security", ()):
            for scheme in needed:
                words = self.schema["components"]["securitySchemes"][scheme].get("description", "")
                named = [scope.replace("`", "") for scope in re.findall(r"`\w+`(?: or `\w+`)*", words)]
                yield from named or ["read" if method == "get" else "manage"]


class ReferencePage(DocsBase):
    """The page at `docs_url`: in the frame of the product for who is signed in, open to everybody."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        frame = "base.html" if request.user.is_authenticated else "ui/open.html"
        context = {"reference": _reference(api), "frame": frame, "about": api.description}
        return render(request, "ui/reference.html", context | {"description": self.get_openapi_url(api, kwargs)})


@cache
def _reference(api: NinjaAPI) -> Reference:
    """Nothing of it changes while a process lives."""
    return Reference(api.get_openapi_schema())


def _content(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a body or of an answer, of whatever type it is."""
    return next((found.get("schema", {}) for found in said.get("content", {}).values()), {})


def _parameters(said: Mapping[str, Any]) -> Iterator[Field]:
    for given in said.get("parameters", ()):
        words = _words(given["schema"])
        help_ = given.get("description") or given["schema"].get("description", "")
        yield Field(given["name"], *words, bool(given.get("required")), help_, given["in"])


def _words(said: Mapping[str, Any]) -> tuple[str, str]:
    """What a schema is in words, and the shape that it speaks of."""
    if shape := _SHAPE.match(said.get("$ref", "")):
        return shape[1], shape[1]
    if parts := said.get("anyOf") or said.get("allOf"):
        told = [_words(part) for part in parts]
        return " or ".join(dict.fromkeys(words for words, _ in told)), next((name for _, name in told if name), "")
    if choices := said.get("enum"):
        return ", ".join(f"“{choice}”" for choice in choices), ""
    if "const" in said:
        return f"“{said['const']}”", ""
    match said.get("type"):
        case "array":
            words, shape_name = _words(said.get("items", {}))
            return f"list of {words}", shape_name
        case "object" if isinstance(said.get("additionalProperties"), Mapping):
            words, shape_name = _words(said["additionalProperties"])
            return f"object of {words} by name", shape_name
        case "string":
            return {"uuid": "UUID", "date-time": "moment", "date": "day"}.get(said.get("format", ""), "text"), ""
        case str() as other:
            return {"integer": "whole number", "boolean": "true or false"}.get(other, other), ""
    return "anything" if said else "nothing", ""
