"""What nobody means and somebody sends, to every parameter of every address and every field of every body.

Each is refused with the name of what is wrong. The generated requests (test_generated.py) look for what these values
do not think of; these are quick.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.test import Client
from pydantic import ValidationError

from farms.models import Farm
from kit import tenancy
from kit.api import Body
from kit.mistakes import mistakes
from kit.users.models import User
from kit.written import DEEPEST, HALVES, NUL, TOO_DEEP, TOO_LARGE, UNSEEN, is_secret
from moniqo.api import api
from tests.api.test_contract import NO_MARKET, NOBODY, call, operations
from tests.api.test_mistakes import taken
from tests.farms.conftest import make_instrument
from wallets.models import Connection, Wallet
from wallets.services import create_wallet
from wallets.venues.accounts import create_demo_connection

# No parameter of an address takes any of these.
NO_PARAMETER: Final = (
    "a\0b", "\u202edlog", "[null, null]", "0.5", "1_000", "１０", "1e400", "NaN", "9" * 30, "x" * 2000,
    "0001-01-01T00:00:00+14:00",
)  # fmt: skip
# No field takes any of these, whatever it is, and this is why.
NO_FIELD: Final = (
    ("a\0b", NUL), ("a\ud800b", HALVES), ({"deep": "a\0b"}, NUL), (["a\0b"], NUL), (float("1e400"), TOO_LARGE),
)  # fmt: skip
UNSEEN_TEXTS: Final = ("a\u202eb", "\u200fa", "a\x07b", "\ufeffa")


@pytest.fixture
def place(operator: User) -> dict[str, Any]:
    """What can be named in an address; whoever asks is an operator, and has an account and a wallet."""
    with tenancy.tenant(operator.pk):
        connection: Connection = create_demo_connection(owner_id=operator.pk)
        wallet = create_wallet(owner_id=operator.pk, name="Master", role=Wallet.Role.MASTER, connection=connection)
    return {
        "wallet_id": wallet.pk, "connection_id": connection.pk, "instrument_id": make_instrument("TST/USDT").pk,
        "asset": "USDT", "slug": "demo",
    }  # fmt: skip


def addressed(path: str, place: dict[str, Any]) -> str:
    for name, value in place.items():
        path = path.replace(f"{{{name}}}", str(value))
    return re.sub(r"\{[^}]+\}", NOBODY, path)


def asked(source: str) -> Iterator[tuple[str, str, str, str]]:
    """Method, address, name and shape of every parameter of an address."""
    for method, path, operation in operations():
        for given in operation.get("parameters", ()):
            if given["in"] == source:
                yield method, path, given["name"], json.dumps(given["schema"])


@pytest.mark.django_db(databases=["default", "system"])
def test_no_query_takes_what_it_does_not_mean(client: Client, operator: User, place: dict[str, Any]) -> None:
    client.force_login(operator)
    wrong, seen = [], set()
    for method, path, name, shape in asked("query"):
        # One of a name and a shape stands for the others: what is refused by its kind is refused everywhere.
        values = ("nothing that there is",) if (name, shape) in seen else ("nothing that there is", *NO_PARAMETER)
        seen.add((name, shape))
        for value in values:
            answer = client.generic(method.upper(), addressed(path, place), QUERY_STRING=urlencode({name: value}))
            fields = answer.json().get("fields", {}) if answer.status_code == 422 else {}
            if answer.status_code != 404 and name not in fields:
                wrong.append(f"{method} {path} {name}={value[:40]!r}: {answer.status_code} {fields}")
    assert len(seen) > 30
    assert wrong == []


@pytest.mark.slow
@pytest.mark.django_db(databases=["default", "system"])
def test_a_filter_by_what_is_not_ones_own_finds_nothing_instead_of_an_empty_list(
    client: Client, operator: User, place: dict[str, Any]
) -> None:
    client.force_login(operator)
    by_id = [(path, name) for method, path, name, _ in asked("query") if method == "get" and name.endswith("_id")]
    assert len(by_id) > 10
    found = {f"{path} {name}": client.get(addressed(path, place), {name: NOBODY}).status_code for path, name in by_id}
    assert {name: status for name, status in found.items() if status != 404} == {}


@pytest.mark.slow
@pytest.mark.django_db(databases=["default", "system"])
def test_no_part_of_an_address_takes_what_it_does_not_mean(client: Client, operator: User) -> None:
    client.force_login(operator)
    wrong = []
    first = {(name, shape): (method, path) for method, path, name, shape in asked("path")}
    for (name, _), (method, path) in first.items():
        for value in ("1_000", "１０", "%00", "%E2%80%AE", "9" * 30, "NaN", "null%2Cnull"):
            address = path.replace(f"{{{name}}}", value)
            answer = call(client, method, address, **{"Idempotency-Key": "k"})
            if answer.status_code not in (404, 422):
                wrong.append(f"{method} {address}: {answer.status_code}")
    assert wrong == []


@pytest.mark.slow
@pytest.mark.django_db(databases=["default", "system"])
def test_no_body_takes_what_nothing_can_store(client: Client, operator: User, place: dict[str, Any]) -> None:
    client.force_login(operator)
    wrong, seen = [], 0
    for method, path, names in bodies():
        seen += len(names)
        answer = _send(client, method, addressed(path, place), dict.fromkeys(names, "a\0b"))
        told = answer.json().get("fields", {}) if answer.status_code == 422 else {}
        if told != dict.fromkeys(names, NUL):
            wrong.append(f"{method} {path}: {answer.status_code} {told}")
    assert seen > 100
    assert wrong == []


def bodies() -> Iterator[tuple[str, str, set[str]]]:
    """Method and address of every operation that takes a body, with the names of its fields."""
    shapes = api.get_openapi_schema()["components"]["schemas"]
    for method, path, operation in operations():
        for sent in operation.get("requestBody", {}).get("content", {}).values():
            name = sent["schema"].get("$ref", "").rpartition("/")[2]
            yield method, path, set(shapes.get(name, sent["schema"]).get("properties", {}))


@pytest.mark.offline
def test_no_field_takes_what_nothing_can_store_or_nobody_can_see() -> None:
    """Of every shape that is sent, also those inside of others."""
    deep: Any = "x"
    for _ in range(DEEPEST + 2):
        deep = [deep]
    wrong, shapes = [], [shape for shape in taken() if issubclass(shape, Body)]
    assert len(shapes) > 40
    for shape in shapes:
        for name, field in shape.model_fields.items():
            unseen = () if is_secret(name) else tuple((text, UNSEEN) for text in UNSEEN_TEXTS)
            for value, why in (*NO_FIELD, (deep, TOO_DEEP), *unseen):
                if why not in told(shape, field.alias or name, value):
                    wrong.append(f"{shape.__name__}.{name}={value!r}")
    assert wrong == []


def told(shape: type[Body], name: str, value: Any) -> set[str]:
    """What is said of a field with that value."""
    with pytest.raises(ValidationError) as refused:
        shape.model_validate({name: value})
    errors = [error for error in refused.value.errors(include_url=False) if error["loc"][0] == name]
    return set(mistakes([{**error, "loc": ("query", name)} for error in errors]).values())


def _send(client: Client, method: str, path: str, body: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return call_with(client, method, path, text)


def call_with(client: Client, method: str, path: str, text: str, kind: str = "application/json") -> Any:
    address = re.sub(r"\{[^}]+\}", NOBODY, path.replace("{instrument_id}", NO_MARKET))
    return client.generic(method.upper(), address, text, content_type=kind, headers={"Idempotency-Key": "k"})


@pytest.mark.parametrize(
    ("text", "kind", "status", "said"),
    [
        ('{"amount": "1"}', "text/plain", 415, "Content-Type: application/json"),
        ('{"amount": "1"}', "application/x-www-form-urlencoded", 415, "Content-Type: application/json"),
        ("amount=1", "application/xml", 415, "Content-Type: application/json"),
        ('{"amount": NaN}', "application/json", 400, "cannot be read"),
        ('{"amount": "1", "amount": "100"}', "application/json", 422, "Send amount once."),
        ("[" * 100_000, "application/json", 400, "cannot be read"),
        ("[null, null]", "application/json", 422, "Send a JSON object."),
        ("9" * 5000, "application/json", 400, "cannot be read"),
        ('"\\ud800"', "application/json", 422, "Send a JSON object."),
    ],
)
def test_a_body_that_is_no_json_object_or_says_a_thing_twice_is_told_so(
    client: Client, owner: User, text: str, kind: str, status: int, said: str
) -> None:
    client.force_login(owner)
    answer = call_with(client, "post", f"/api/v1/wallets/{NOBODY}/deposit", text, kind)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.content


@pytest.mark.parametrize(
    ("field", "value"),
    [("reduce_only", 0), ("reduce_only", "false"), ("quantity", True), ("quantity", "1_000"), ("quantity", "１"),
     ("quantity", 0.1), ("quantity", "1e400"), ("quantity", "NaN"), ("stop_prize", "1")],
)  # fmt: skip
def test_an_order_is_what_it_says_or_is_refused_by_the_name_of_its_field(
    client: Client, owner: User, field: str, value: Any
) -> None:
    client.force_login(owner)
    order = {"wallet_id": NOBODY, "symbol": "TST/USDT", "side": "buy", "quantity": "1", field: value}
    answer = _send(client, "post", "/api/v1/orders", order)
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {field})


@pytest.mark.django_db
def test_a_parameter_sent_twice_and_a_body_that_nobody_reads_are_refused(client: Client, owner: User) -> None:
    client.force_login(owner)
    twice = client.get("/api/v1/orders?limit=1&limit=2")
    assert (twice.status_code, set(twice.json()["fields"])) == (422, {"limit"})
    for path in ("/api/v1/proof", f"/api/v1/farms/{NOBODY}/pause"):
        assert _send(client, "post", path, {"reason": "x"}).status_code == 422
        assert _send(client, "post", path, {}).status_code in (200, 404)


@pytest.mark.django_db
def test_more_fields_than_are_read_are_refused_wherever_they_are_counted(owner: User) -> None:
    """In the address by whoever reads it first, and in a form's body by the check of where it comes from."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.cookies["csrftoken"] = "a" * 32
    many = urlencode({f"parameter{number}": "1" for number in range(1_001)})
    for answer in (
        browser.get(f"/api/v1/orders?{many}"),
        browser.post("/api/v1/orders", many, content_type="application/x-www-form-urlencoded"),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (400, "Send at most 1,000 fields.")


def test_what_a_form_has_no_words_for_reaches_the_service_as_a_number(client: Client, operator: User) -> None:
    """A farm with a target was an error of ours: its amounts had been written as texts again."""
    client.force_login(operator)
    with tenancy.tenant(operator.pk):
        connection = create_demo_connection(owner_id=operator.pk)
        master = create_wallet(owner_id=operator.pk, name="Master", role=Wallet.Role.MASTER, connection=connection)
    asked_for = {"master_id": str(master.pk), "name": "Trend", "target_weight": "0.25"}
    assert _send(client, "post", "/api/v1/farms", asked_for).json()["target"] == "0.25"
    with tenancy.tenant(operator.pk):
        assert Farm.objects.get().wallet.target_weight == Decimal("0.25")
