"""What holds for every endpoint of the API, found by reading its own description."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from kit.mistakes import mistakes
from kit.users.models import User
from kit.written import NUL
from moniqo.api import api

NOBODY = "00000000-0000-4000-8000-000000000000"
NO_MARKET = "999999999"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def call(client: Client, method: str, path: str, **headers: str) -> Any:
    address = re.sub(r"\{[^}]+\}", NOBODY, path.replace("{instrument_id}", NO_MARKET).replace("{number}", "1"))
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
        "/portfolio/calendar",
        "/portfolio/contribution",
        "/portfolio/months",
        "/portfolio/comparison",
        "/portfolio/report",
    } <= paths


def answers(client: Client, found: list[tuple[str, str]], **headers: str) -> dict[str, tuple[int, str]]:
    """Status and content type of each operation, named like `get /api/v1/orders`."""
    return {
        f"{method} {path}": (answer.status_code, answer["Content-Type"])
        for method, path in found
        for answer in [call(client, method, path, **headers)]
    }


def test_nothing_but_signing_in_works_without_signing_in(client: Client, db: None) -> None:
    closed = [(method, path) for method, path, _ in operations() if "/auth/" not in path]
    assert len(closed) > 30
    assert set(answers(client, closed).values()) == {(401, "application/problem+json")}


def test_whatever_moves_money_or_places_orders_asks_for_an_idempotency_key() -> None:
    moving = re.compile(r"/(deposit|allocate|collect|orders)$")
    found = {
        path: "Idempotency-Key" in {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        for method, path, operation in operations()
        if method == "post" and moving.search(path)
    }
    assert len(found) >= 3
    assert all(found.values()), found


@pytest.mark.slow
def test_what_does_not_exist_or_is_somebody_elses_is_not_found(client: Client, owner: User) -> None:
    # Where a body is asked for, it is judged first.
    single = [(method, path) for method, path, asked in operations() if "{" in path and "requestBody" not in asked]
    assert len(single) > 10
    client.force_login(owner)
    wrong = {
        name: answer
        for name, answer in answers(client, single, **{"Idempotency-Key": "k"}).items()
        if answer != (404, "application/problem+json")
    }
    assert wrong == {}


def test_no_answer_gives_an_amount_as_a_binary_fraction() -> None:
    """Ratios may be numbers; whatever counts money, prices or quantities is a string."""
    money = re.compile(r"(amount|price|balance|equity|cash|fee|fees|pnl|quantity|notional|held|available)$")
    schemas = api.get_openapi_schema()["components"]["schemas"]
    asked = {name for name in schemas if name.endswith(("In", "Change"))}
    wrong = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, part in schema.get("properties", {}).items()
        if name not in asked and money.search(field) and '"number"' in json.dumps(part)
    ]
    assert wrong == []


@pytest.mark.django_db
def test_the_description_is_served_with_its_page(client: Client) -> None:
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "Moniqo"
    assert client.get("/api/v1/docs").status_code == 200


def test_an_unknown_cursor_is_a_problem_with_its_field_named(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.get("/api/v1/orders?cursor=garbage")
    assert answer.status_code == 422
    assert answer.json()["fields"] == {"cursor": "Not a cursor."}


@pytest.mark.parametrize(
    ("path", "row"),
    [("/fills", ["2026-01-01T00:00:00+00:00", "abc"]), ("/fills", ["2026-01-01T00:00:00+00:00", None, 1]),
     ("/orders", ["2026-01-01T00:00:00+00:00", "abc"]), ("/orders", ["yesterday", "abc"])],
)  # fmt: skip
def test_a_forged_cursor_is_a_problem_too(client: Client, owner: User, path: str, row: list[Any]) -> None:
    client.force_login(owner)
    cursor = base64.urlsafe_b64encode(json.dumps(row).encode()).decode()
    answer = client.get(f"/api/v1{path}", {"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["fields"] == {"cursor": "Not a cursor."}


def test_a_value_that_no_row_can_hold_is_the_callers_mistake(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.get("/api/v1/orders?symbol=%00")
    assert (answer.status_code, answer.json()["fields"]) == (422, {"symbol": NUL})
    body = {"email": "a\0@example.com", "password": "x"}
    assert client.post("/api/v1/auth/token", body, content_type="application/json").status_code == 422


def test_an_unknown_address_or_method_is_a_problem_as_well(client: Client, db: None) -> None:
    for answer, status in ((client.get("/api/v1/nothing"), 404), (client.delete("/api/v1/wallets"), 405)):
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status
    assert set(answer["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.slow
def test_head_answers_as_get_without_a_body(client: Client, owner: User) -> None:
    assert client.head("/api/v1/wallets").status_code == 401
    client.force_login(owner)
    for path in sorted(path for method, path, _ in operations() if method == "get" and "{" not in path):
        told, asked = client.head(path), client.get(path)
        assert told.status_code == asked.status_code, path
        assert (told.content, told["Content-Type"]) == (b"", asked["Content-Type"])
        assert told["Content-Length"] == str(len(asked.content)), path
    assert client.head("/api/v1/nothing").status_code == 404


def bodies() -> Iterator[tuple[str, str]]:
    """Each operation that takes a body."""
    for method, path, operation in operations():
        if "requestBody" in operation:
            yield method, path


def send(client: Client, method: str, path: str, body: Any) -> Any:
    address = re.sub(r"\{[^}]+\}", NOBODY, path.replace("{instrument_id}", NO_MARKET).replace("{number}", "1"))
    headers = {"Idempotency-Key": "k"}
    return client.generic(method.upper(), address, json.dumps(body), content_type="application/json", headers=headers)


@pytest.mark.slow
def test_a_field_that_nobody_reads_is_refused(client: Client, operator: User) -> None:
    """Or an order with a `price` would be carried out at any price."""
    client.force_login(operator)
    asked = {
        f"{method} {path}": send(client, method, path, {"nonsense": "1"}).json().get("fields", {})
        for method, path in bodies()
    }
    assert len(asked) > 10
    assert [name for name, fields in asked.items() if "nonsense" not in str(fields)] == []


def test_a_number_that_was_rounded_in_binary_is_no_amount(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = send(client, "post", f"/api/v1/wallets/{NOBODY}/deposit", {"amount": 123456789.123456789})
    assert answer.status_code == 422
    assert "string" in str(answer.json()["fields"])


def test_a_body_that_is_too_large_is_said_to_be(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = send(client, "post", f"/api/v1/wallets/{NOBODY}/deposit", {"amount": "1", "asset": "A" * 3_000_000})
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")


LISTS = sorted(path for method, path, _ in operations() if method == "get" and "{" not in path)


@pytest.mark.slow
@pytest.mark.django_db(databases=["default", "system"])
@pytest.mark.parametrize("path", LISTS)
def test_a_parameter_that_nobody_reads_is_named_and_so_are_those_that_there_are(
    client: Client, operator: User, path: str
) -> None:
    told = next(asked for method, name, asked in operations() if (method, name) == ("get", path))
    known = {each["name"] for each in told.get("parameters", ()) if each["in"] == "query"}
    client.force_login(operator)
    answer = client.get(path, {"colour": "blue"})
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"colour"})
    assert "colour" in answer.json()["detail"]
    assert all(name in answer.json()["detail"] for name in known)
    assert "colour" not in client.get(path).content.decode()


def test_a_write_refuses_a_parameter_that_nobody_reads_too(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.post("/api/v1/alerts/acknowledge?level=bad", {}, content_type="application/json")
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"level"})
    assert "none here" in answer.json()["detail"]


def test_who_is_not_signed_in_learns_no_parameters(client: Client, db: None) -> None:
    assert client.get("/api/v1/orders", {"colour": "blue"}).status_code == 401


def test_a_wallet_has_one_name_in_every_query() -> None:
    asked = {
        each["name"] for _, _, told in operations() for each in told.get("parameters", ()) if each["in"] == "query"
    }
    assert "wallet_id" in asked
    assert "wallet" not in asked


def test_mistakes_are_named_as_they_were_written_and_said_in_sentences(client: Client, owner: User) -> None:
    client.force_login(owner)
    limits = f"/api/v1/wallets/{NOBODY}/limits"
    cases = [
        (client.get("/api/v1/orders", {"limit": "900"}), {"limit": "It has to be at most 200."}),
        (client.put(limits, {"maximum_notional": "1.250,5", "allowed_symbols": None}, content_type="application/json"),
         {"maximum_notional": "Enter a number with the digits 0 to 9 and a point, such as 1250.5."}),
        (client.put(limits, {"allowed_symbols": [1]}, content_type="application/json"),
         {"allowed_symbols.0": "It has to be text.", "maximum_notional": "It is needed."}),
        (client.put(limits, {"maximum_notional": None, "allowed_symbols": None, "maximum_daily_loss": "-0.1"},
                    content_type="application/json"),
         {"maximum_daily_loss": 'Give a fraction above 0 and up to 1, such as "0.03" for 3 %.'}),
        (client.put(limits, {"maximum_notional": None, "allowed_symbols": None, "colour": "blue"},
                    content_type="application/json"),
         {"colour": "There is no such field here."}),
    ]  # fmt: skip
    for answer, fields in cases:
        assert (answer.status_code, answer.json()["fields"]) == (422, fields)
    whole = client.put(limits, [1], content_type="application/json").json()
    assert (whole["detail"], whole["fields"]) == ("Send a JSON object.", {})


@pytest.mark.parametrize(("fewest", "said"), [(1, "It cannot be empty."), (2, "It needs at least 2 characters.")])
def test_a_text_that_is_too_short_says_so_in_good_english(fewest: int, said: str) -> None:
    error = {"type": "string_too_short", "loc": ("body", "given", "name"), "msg": "", "ctx": {"min_length": fewest}}
    assert mistakes([error]) == {"name": said}


def test_every_operation_lists_its_errors_as_problems() -> None:
    wrong = {}
    for method, path, operation in operations():
        told = {int(code): answer for code, answer in operation["responses"].items() if int(code) >= 400}
        expected = {400, 401, 422, 429, 503} | (set() if "/auth/" in path else {403})
        expected |= {404} if "{" in path else set()
        expected |= {408, 413} if method != "get" else set()
        expected |= {415} if "requestBody" in operation else set()
        expected |= {409} if method != "get" and "/auth/" not in path else set()
        shaped = all(
            answer["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
            and answer["description"]
            for answer in told.values()
        )
        if not expected <= set(told) or not shaped:
            wrong[f"{method} {path}"] = sorted(told)
    assert wrong == {}


def test_an_error_that_is_not_listed_fails_the_test_that_meets_it(client: Client, owner: User) -> None:
    """The tests' own middleware, which holds all of them to the description."""
    client.force_login(owner)
    assert client.get(f"/api/v1/wallets/{NOBODY}").status_code == 404
    with (
        patch("tests.documented.statuses", lambda path, method: {200, 401}),
        pytest.raises(AssertionError, match="404"),
    ):
        client.get(f"/api/v1/wallets/{NOBODY}")


def test_what_stood_before_is_not_described_as_what_stands_after() -> None:
    """profit = market + realized − fees + adjustments, so what was realized there is before fees."""
    schemas = api.get_openapi_schema()["components"]["schemas"]
    for name in ("ChangeOut", "DayOut", "SpanOut"):
        assert "before fees" in schemas[name]["properties"]["realized"]["description"]
    assert "after fees" in schemas["AgentOut"]["properties"]["realized"]["description"]
    found = {
        (field, part["description"])
        for schema in schemas.values()
        for field, part in schema.get("properties", {}).items()
        if field in ("balance_before", "free_before")
    }
    assert {field for field, _ in found} == {"balance_before", "free_before"}
    assert all("before the movement" in said for _, said in found)
