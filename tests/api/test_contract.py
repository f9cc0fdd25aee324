"""What holds for every endpoint of the API, found by reading its own description."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from moniqo.api import api
from moniqo.users.models import User

NOBODY = "00000000-0000-4000-8000-000000000000"
# Switches of state: doing them twice is doing them once, so they need no key.
SWITCHES = re.compile(r"/(start|pause|sync|cancel)$")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


OPERATIONS = [pytest.param(*found, id=f"{found[0]} {found[1]}") for found in operations()]


def call(client: Client, method: str, path: str, **headers: str) -> Any:
    address = re.sub(r"\{[^}]+\}", NOBODY, path)
    return client.generic(method.upper(), address, "{}", content_type="application/json", headers=headers)


def test_the_resources_that_programs_build_on_are_there() -> None:
    paths = {path.removeprefix("/api/v1") for _, path, _ in operations()}
    assert {
        "/auth/token",
        "/auth/refresh",
        "/platforms",
        "/connections",
        "/wallets",
        "/wallets/tree",
        "/farms",
        "/agents",
        "/orders",
        "/fills",
        "/positions",
        "/portfolio/summary",
        "/portfolio/equity",
        "/portfolio/allocation",
        "/portfolio/performance",
    } <= paths


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_nothing_but_signing_in_works_without_signing_in(
    client: Client, db: None, method: str, path: str, operation: dict[str, Any]
) -> None:
    if "/auth/" in path:
        pytest.skip("this is where one signs in")
    answer = call(client, method, path)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_whatever_moves_money_asks_for_an_idempotency_key(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    if method == "get" or "/auth/" in path or SWITCHES.search(path):
        pytest.skip("reads, signs in, or switches a state")
    headers = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "header"}
    assert "Idempotency-Key" in headers


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_what_does_not_exist_or_is_somebody_elses_is_not_found(
    client: Client, owner: User, method: str, path: str, operation: dict[str, Any]
) -> None:
    if "{" not in path or "requestBody" in operation:
        pytest.skip("names no single thing, or its body is judged first")
    client.force_login(owner)
    answer = call(client, method, path, **{"Idempotency-Key": "k"})
    assert answer.status_code == 404, answer.content
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_no_amount_is_described_as_a_binary_fraction(method: str, path: str, operation: dict[str, Any]) -> None:
    def numbers(schema: Any, at: str) -> Iterator[str]:
        if isinstance(schema, dict):
            if schema.get("type") == "number":
                yield at
            for name, part in schema.items():
                yield from numbers(part, f"{at}.{name}")
        elif isinstance(schema, list):
            for part in schema:
                yield from numbers(part, at)

    answers = {
        name: part
        for name, part in api.get_openapi_schema()["components"]["schemas"].items()
        if re.search(r"amount|price|balance|equity|value|cash|fee|pnl|quantity|notional", str(list(part.get("properties", {}))))
    }
    money = re.compile(r"properties\.[a-z_]*(amount|price|balance|equity|cash|fees?|pnl|quantity|notional)\b")
    assert [at for name, part in answers.items() for at in numbers(part, name) if money.search(at)] == []


@pytest.mark.django_db
def test_the_description_is_served_with_its_page(client: Client) -> None:
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "Moniqo"
    assert client.get("/api/v1/docs").status_code == 200


def test_an_unknown_cursor_is_a_problem_with_its_field_named(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.get("/api/v1/orders?cursor=garbage")
    assert answer.status_code == 422
    assert answer.json()["fields"] == {"cursor": "Not a cursor."}
