"""The page of the API says what the description says: every operation, every shape, and who may."""

import gzip
import re

import pytest
from django.test import Client

from kit.users.models import User
from moniqo.api import api
from moniqo.ui.reference import Reference, _words

DOCS = "/api/v1/docs"


def test_every_operation_and_shape_of_the_description_stands_there_once(client: Client) -> None:
    html = client.get(DOCS).content.decode()
    schema = api.get_openapi_schema()
    operations = [said["operationId"] for methods in schema["paths"].values() for said in methods.values()]
    shapes = list(schema["components"]["schemas"])
    assert min(len(operations), len(shapes)) > 50
    ids = re.findall(r'id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert {*operations, *shapes} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_it_is_small_and_needs_no_script(client: Client) -> None:
    answer = client.get(DOCS)
    assert "<script" not in answer.content.decode()
    assert len(answer.content) < 560_000
    assert len(gzip.compress(answer.content)) < 75_000  # of which moves, analytics, policies and advice are 4,000


def test_whoever_is_signed_in_finds_it_in_the_frame_with_its_content_policy(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.get(DOCS)
    assert 'aria-label="Main"' in answer.content.decode()
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert client.get("/static/ninja/swagger-ui-bundle.js").status_code == 404


def test_an_operation_says_what_it_takes_and_who_may() -> None:
    reference = Reference(api.get_openapi_schema())
    found = {(each.method, each.path): each for _, operations in reference.groups for each in operations}
    allocate = found["POST", "/api/v1/wallets/{wallet_id}/allocate"]
    assert allocate.scopes == ("move",)
    assert [(field.name, field.place, field.is_required) for field in allocate.parameters] == [
        ("wallet_id", "path", True),
        ("Idempotency-Key", "header", True),
    ]
    assert allocate.body is not None
    assert {field.name for field in allocate.body.fields if field.is_required} == {"amount", "target_id"}
    assert (allocate.answers[0].status, allocate.answers[0].shape) == ("201", "AllocationOut")
    assert found["GET", "/api/v1/farms"].scopes == ("read",)
    assert found["PATCH", "/api/v1/farms/{farm_id}"].scopes == ("manage",)
    assert found["POST", "/api/v1/auth/token"].scopes == ()
    assert len(found["POST", "/api/v1/start"].scopes) == 5


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/FarmOut"}, ("FarmOut", "FarmOut")),
        ({"type": "array", "items": {"$ref": "#/components/schemas/FarmOut"}}, ("list of FarmOut", "FarmOut")),
        ({"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]}, ("number or text or null", "")),
        ({"type": "string", "format": "date-time"}, ("moment", "")),
        ({"enum": ["buy", "sell"]}, ("“buy”, “sell”", "")),
        ({"type": "object", "additionalProperties": {"type": "number"}}, ("object of number by name", "")),
        ({}, ("nothing", "")),
    ],
)
def test_a_type_is_said_in_words(schema: dict[str, object], words: tuple[str, str]) -> None:
    assert _words(schema) == words
