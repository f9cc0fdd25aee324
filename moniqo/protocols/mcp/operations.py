"""What the API's description says of a tool's operation: where arguments go, what they and the answer are, who may."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kit.users.access import SignedIn
from moniqo.api import api
from moniqo.protocols.inside import ROOT, Asker
from moniqo.protocols.mcp.tools import TOOLS, Tool

KEY: Final = "idempotency_key"
_KEY_HEADER: Final = "Idempotency-Key"
_COMPONENT: Final = "#/components/schemas/"
_PAGE: Final = {"items", "next"}
# What of a field's schema a model needs: the rest is in the API's answer when it is not so.
_KEPT: Final = ("type", "enum")
_TEXT: Final = {"type": ["string", "null"]}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: where it goes (path, query, body, header), its schema, and whether it is an exact number."""

    name: str
    place: str
    schema: Mapping[str, Any]
    is_required: bool

    @property
    def is_amount(self) -> bool:
        return self.schema.get("type") == ["string", "number"]


@dataclass(frozen=True, slots=True)
class Operation:
    """A tool with what the API says of it. `is_list` where the answer is rows; they come under `items` then."""

    tool: Tool
    arguments: Mapping[str, Argument]
    output: Mapping[str, Any]
    is_list: bool
    is_paged: bool
    auth: SignedIn

    def is_allowed(self, asker: Asker) -> bool:
        """Whether the token may call it; whether it may do what it asks for, the API says."""
        return not self.is_asked_first(asker) and not self.auth.missing(asker.scopes, self.tool.method)

    def is_asked_first(self, asker: Asker) -> bool:
        """Whether the token's owner wants to be asked instead."""
        return asker.asks_first and self.auth.acts(self.tool.method)

    @property
    def input(self) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "type": "object",
            "properties": {name: dict(argument.schema) for name, argument in self.arguments.items()},
        }
        if required := [name for name, argument in self.arguments.items() if argument.is_required]:
            shape["required"] = required
        return shape


def operations() -> dict[str, Operation]:
    """All tools by name, in the order of their table."""
    description = api.get_openapi_schema()
    auths = _auths()
    return {tool.name: _operation(tool, description, auths[tool.method, tool.path]) for tool in TOOLS}


def _operation(tool: Tool, description: Mapping[str, Any], auth: SignedIn) -> Operation:
    told = description["paths"][ROOT + tool.path][tool.method.lower()]
    schemas = description["components"]["schemas"]
    arguments = {argument.name: argument for argument in _arguments(told, schemas)}
    answer = next(answer for status, answer in told["responses"].items() if str(status).startswith("2"))
    shape = _paged(answer["content"]["application/json"]["schema"], schemas)
    is_paged = set(shape.get("properties", ())) == _PAGE
    is_list = is_paged or shape.get("type") == "array"
    row = _resolved(shape["properties"]["items"], schemas) if is_paged else shape
    fields = _fields(row["items"] if is_list else row, tool.gives, tool.inner, schemas)
    if tool.then:
        fields["required"].append("then")
    rows = {"type": "object", "properties": {"items": {"type": "array", "items": fields}, "next": _TEXT}}
    offered = {name: arguments[name] for name in tool.takes.split()}
    if is_list and not is_paged:
        offered["cursor"] = Argument("cursor", "own", {"type": "string"}, is_required=False)
    return Operation(tool, offered, rows if is_list else fields, is_list, is_paged, auth)


def _paged(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The shape of an answer: a page of it where it comes whole or in pages."""
    shapes = [_resolved(one, schemas) for one in schema.get("anyOf", [schema])]
    return next((shape for shape in shapes if set(shape.get("properties", ())) == _PAGE), shapes[0])


def _arguments(told: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[Argument]:
    found = []
    for one in told.get("parameters", ()):
        name = KEY if one["name"] == _KEY_HEADER else one["name"]
        found.append(Argument(name, one["in"], _compact(one["schema"], schemas), is_required=one["required"]))
    if "requestBody" in told:
        body = _resolved(told["requestBody"]["content"]["application/json"]["schema"], schemas)
        required = body.get("required", ())
        for name, schema in body["properties"].items():
            found.append(Argument(name, "body", _compact(schema, schemas), is_required=name in required))
    return found


def _fields(
    told: Mapping[str, Any], gives: str, inner: Mapping[str, str], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    """The schema of an object cut down to the fields `gives`; most are texts, whose names and one type say enough."""
    known = _resolved(told, schemas)["properties"]
    fields = {name: _field(known[name], inner.get(name), schemas) for name in gives.split()}
    others = {name: schema for name, schema in fields.items() if schema.get("type") not in ("string", _TEXT["type"])}
    shape: dict[str, Any] = {"type": "object", "required": [*fields], "additionalProperties": _TEXT}
    return shape | {"properties": others} if others else shape


def _field(schema: Mapping[str, Any], inner: str | None, schemas: Mapping[str, Any]) -> dict[str, Any]:
    if inner is None:
        return _or_null(schema, _compact(schema, schemas))
    found = _resolved(schema, schemas)
    if found.get("type") == "array":
        return {"type": "array", "items": _fields(found["items"], inner, {}, schemas)}
    return _or_null(schema, _fields(found, inner, {}, schemas))


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, where it is named, the only one of several, or one that may be null."""
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].removeprefix(_COMPONENT)], schemas)
    several = [one for one in (*schema.get("anyOf", ()), *schema.get("allOf", ())) if one.get("type") != "null"]
    return _resolved(several[0], schemas) if len(several) == 1 else schema


def _compact(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Type, choices and form, and nothing else; an amount is a text, or a number that is exact."""
    found = _resolved(schema, schemas)
    kinds = {one.get("type") for one in found.get("anyOf", ())}
    if kinds == {"string", "number"}:
        return {"type": ["string", "number"]}
    kept = {name: found[name] for name in _KEPT if name in found}
    if found.get("type") == "array":
        kept["items"] = _compact(found["items"], schemas)
    return kept


def _or_null(schema: Mapping[str, Any], compact: dict[str, Any]) -> dict[str, Any]:
    """The same, or null where the schema says that it may be."""
    is_nullable = any(one.get("type") == "null" for one in schema.get("anyOf", ()))
    if not is_nullable or not isinstance(compact.get("type"), str):
        return compact
    return (
        compact
        | {"type": [compact["type"], "null"]}
        | ({"enum": [*compact["enum"], None]} if "enum" in compact else {})
    )


def _auths() -> dict[tuple[str, str], SignedIn]:
    """Of each operation, by method and path, who may ask."""
    found: dict[tuple[str, str], SignedIn] = {}
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                auth = next((one for one in operation.auth_callbacks if isinstance(one, SignedIn)), SignedIn())
                whole = "/" + "/".join(part for part in (prefix + "/" + path).split("/") if part)
                whole = re.sub(r"{\w+:(\w+)}", r"{\1}", whole)
                found |= {(method, whole): auth for method in operation.methods}
    return found
