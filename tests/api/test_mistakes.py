"""Whatever is wrong with a field is said in a sentence of ours: none of pydantic's reaches a caller."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from django.test import Client
from pydantic import BaseModel, ValidationError

from kit.mistakes import OTHERWISE, SAID, mistakes
from kit.users.models import User
from moniqo.api import api

NOBODY = "00000000-0000-4000-8000-000000000000"
WRONG: tuple[Any, ...] = (
    None, True, 7, -1, 10**400, 1.5, "", "x" * 5000, "seven", "NaN", "1e400", "0." + "1" * 60, "9" * 60,
    "2026-13-45", "2026-01-01T00:00:00.5", [], [None], [{}], ["x"] * 5000, {}, {"": None}, {1: "x"}, b"\xff", object(),
)  # fmt: skip


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that stand in an annotation, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for part in get_args(annotation):
        yield from models(part)


def taken() -> set[type[BaseModel]]:
    """Every model of what operations take: bodies, queries, headers and parts of addresses."""
    views = [view for _, router in api._routers for view in router.path_operations.values()]
    return {found for view in views for one in view.operations for top in one.models for found in models(top)}


def errors_of(model: type[BaseModel]) -> Iterator[Any]:
    for name, field in model.model_fields.items():
        for wrong in WRONG:
            try:
                model.model_validate({field.alias or name: wrong})
            except ValidationError as error:
                yield from error.errors(include_url=False)


def test_every_mistake_that_a_field_can_have_has_a_sentence_of_ours() -> None:
    found = [error for model in taken() for error in errors_of(model)]
    kinds = {error["type"] for error in found}
    assert len(kinds) > 20, kinds
    assert kinds - set(SAID) == set()
    for error in found:
        (said,) = mistakes([{**error, "loc": ("query", "field")}]).values()
        assert re.fullmatch(r"[A-Z].*\.", said, re.DOTALL), (error["type"], said)
        assert not re.match("Input|Value|Unable|.*should", said), (error["type"], said)


@pytest.mark.parametrize(
    ("kind", "context", "said"),
    [
        ("decimal_parsing", {}, 'It has to be a number in plain digits as a string, such as "1250.5".'),
        ("decimal_whole_digits", {"whole_digits": 5}, "It has at most 5 digits before the point."),
        ("too_short", {"min_length": 1}, "It cannot be empty."),
        ("too_long", {"max_length": 20}, "It has at most 20 of them."),
        ("int_from_float", {}, "It has to be a whole number."),
        ("date_from_datetime_inexact", {}, "It has to be a day, such as 2026-10-31."),
        ("datetime_parsing", {"error": "x"}, "It has to be a moment with its time zone, such as 2026-10-31T12:00:00Z."),
        ("union_tag_invalid", {"expected_tags": "a, b", "discriminator": "'do'"}, "Choose one of a, b for 'do'."),
        ("a kind of next year", {}, OTHERWISE),
    ],
)  # fmt: skip
def test_a_kind_of_mistake_says_what_to_do(kind: str, context: dict[str, Any], said: str) -> None:
    assert mistakes([{"type": kind, "loc": ("query", "one"), "msg": "Input should be", "ctx": context}]) == {
        "one": said
    }


def test_a_list_in_place_of_an_amount_is_told_in_our_words(client: Client, owner: User) -> None:
    client.force_login(owner)
    given = {"allowed_symbols": None, "maximum_notional": []}
    answer = client.put(f"/api/v1/wallets/{NOBODY}/limits", json.dumps(given), content_type="application/json")
    assert (answer.status_code, answer.json()["fields"]) == (422, {"maximum_notional": SAID["decimal_type"]})


def test_what_is_no_json_is_told_what_to_send(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.put(f"/api/v1/wallets/{NOBODY}/limits", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["detail"]) == (400, "Send a JSON object: what was sent cannot be read.")
