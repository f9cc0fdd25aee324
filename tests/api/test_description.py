"""The description of the API is true: one shape by one name, examples that are valid, every list in pages."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from typing import Any, Final, get_args
from unittest.mock import patch

import pytest
from django.test import Client
from jsonschema_rs import validator_for
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from pydantic import AwareDatetime

from kit.api import Body
from moniqo.api import api
from tests.api.test_contract import operations
from tests.api.test_mistakes import models

pytestmark = pytest.mark.offline

# What is bounded by nature, and by what; everything else that is a list comes in pages.
WHOLE: Final = {
    "/platforms": "what operators have set up",
    "/connections": "the accounts of one person, with the state of each",
    "/connections/{connection_id}/positions": "what is open at the venue now",
    "/wallets/tree": "the tree is read whole, or its sums would be of a part",
    "/wallets/{wallet_id}/rules": "a few of each wallet",
    "/rules/{rule_id}/preview": "one round of one rule",
    "/locks": "what is held back now",
    "/strategies": "what is installed",
    "/goals": "what is not over; those that are over come in pages",
    "/rebalancing": "one rule of each wallet",
    "/alerts/mutes": "what one person has muted",
    "/channels": "what one person is told by",
    "/advice/watches": "fifty at most",
    "/operator/platforms": "what operators have set up",
}


def document() -> Any:
    return json.loads(json.dumps(api.get_openapi_schema()))


def test_a_name_stands_for_one_shape() -> None:
    """Ninja keeps the last of two that have one name, and every operation with the other is described wrongly."""
    found: dict[str, list[Any]] = {}
    add = OpenAPISchema.add_schema_definitions

    def noting(self: Any, definitions: Any) -> None:
        for name, shape in deepcopy(definitions).items():
            if shape not in found.setdefault(name, []):
                found[name].append(shape)
        add(self, definitions)

    with patch.object(OpenAPISchema, "add_schema_definitions", noting):
        NinjaAPI.get_openapi_schema(api)  # made anew: ours is kept
    assert len(found) > 100
    assert {name for name, shapes in found.items() if len(shapes) > 1} == set()


def test_it_is_made_once(client: Client) -> None:
    """It takes a second, and anybody may ask for it."""
    assert api.get_openapi_schema(path_params={}) is api.get_openapi_schema()
    told = client.get("/api/v1/openapi.json").json()
    assert told == document()


def test_whatever_programs_send_refuses_a_field_that_nobody_reads() -> None:
    views = [view for _, router in api._routers for view in router.path_operations.values()]
    bodies = [one for view in views for operation in view.operations for one in operation.models]
    sent = {shape for one in bodies if one.__ninja_param_source__ == "body" for shape in models(one)} - set(bodies)
    assert len(sent) > 40
    assert {shape.__name__ for shape in sent if not issubclass(shape, Body)} == set()
    assert {shape.__name__ for shape in sent if shape.model_config.get("extra") != "forbid"} == set()


def test_every_example_is_valid_for_its_field() -> None:
    described = document()
    wrong, seen = [], 0

    def look(part: Any, where: str) -> None:
        nonlocal seen
        if isinstance(part, list):
            for number, one in enumerate(part):
                look(one, f"{where}.{number}")
        elif isinstance(part, dict):
            if isinstance(part.get("examples"), list):
                shape = part.get("schema", {key: value for key, value in part.items() if key != "examples"})
                named = {"components": described["components"]} if "$ref" in json.dumps(shape) else {}
                checks = validator_for(shape | named, validate_formats=True)
                seen += len(part["examples"])
                wrong.extend((where, one) for one in part["examples"] if not checks.is_valid(one))
            for key, one in part.items():
                look(one, f"{where}.{key}")

    look(described, "")
    assert seen > 100
    assert wrong == []


def test_lists_come_in_pages_but_those_that_end_by_themselves() -> None:
    whole, paged = set(), 0
    for method, path, operation in operations():
        shape = operation["responses"].get(200, {}).get("content", {}).get("application/json", {}).get("schema", {})
        if method == "get" and shape.get("type") == "array":
            whole.add(path.removeprefix("/api/v1"))
        if method == "get" and "Page_" in json.dumps(shape):
            asked = {given["name"] for given in operation["parameters"]}
            assert {"cursor", "limit"} <= asked, path
            paged += 1
    assert whole == set(WHOLE)
    assert paged > 20


def test_every_moment_that_a_program_sends_has_its_time_zone() -> None:
    def shapes(shape: type[Body] = Body) -> Iterator[type[Body]]:
        for below in shape.__subclasses__():
            yield below
            yield from shapes(below)

    found = {
        f"{shape.__name__}.{name}": field.annotation
        for shape in shapes()
        for name, field in shape.model_fields.items()
        if {datetime, AwareDatetime} & {field.annotation, *get_args(field.annotation)}
    }
    assert len(found) >= 4
    # Of a goal a moment without one is UTC (`goals.schemas.Moment`, whose mark is not in the annotation).
    assert {name for name, said in found.items() if datetime in {said, *get_args(said)}} == {"GoalChange.starts_at"}
