"""Alerts for programs: the inbox of whoever the token is, in exact words, with the filters of the page."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from kit import sentences, tenancy
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, raise_platform_alert
from kit.users.models import User
from tests.programs import bearer

PREFIX = "/api/v1/alerts"


class Program:
    """Calls the API with a token of its owner's."""

    def __init__(self, user: User, *scopes: str) -> None:
        self.client, self.headers = Client(), bearer(user, *scopes)

    def __call__(self, method: str, path: str = "", body: Any = None, status: int = 200) -> Any:
        sent = json.dumps(body or {})
        answer = self.client.generic(method, PREFIX + path, sent, "application/json", headers=self.headers)
        assert answer.status_code == status, answer.content
        return answer.json()


@pytest.fixture
def alert(live_db: str, owner: User) -> str:
    User.objects.filter(pk=owner.pk).update(privacy=True, timezone="Asia/Tokyo")
    with tenancy.tenant(owner.pk):
        made = raise_alert(
            owner_id=owner.pk, key="drift:x:BTC", level="critical", title="{amount} is missing",
            amount=sentences.amount(Decimal("1.5"), "BTC"),
        )  # fmt: skip
        raise_alert(owner_id=owner.pk, key="sync:y", title="A venue rejects")
        Alert.objects.filter(key="sync:y").update(about=f"order:{uuid4()}")
    return str(made)


def test_a_program_reads_filters_and_pages_through_exact_words(alert: str, owner: User) -> None:
    program = Program(owner)
    page = program("GET", "?limit=2")
    assert [row["kind"] for row in page["items"]] == ["token", "sync"]
    assert page["items"][1]["url"].startswith("/trading/orders/")
    (last,) = program("GET", f"?limit=1&cursor={page['next']}")["items"]
    assert last["title"] == "1.5 BTC is missing"
    assert {key: last[key] for key in ("id", "scope", "kind", "level", "times")} == {
        "id": alert, "scope": "own", "kind": "drift", "level": "critical", "times": 1,
    }  # fmt: skip
    assert [row["id"] for row in program("GET", "?level=critical&kind=drift&status=open")["items"]] == [alert]
    program("GET", "?kind=unheard-of", status=422)
    program("GET", "?status=unheard-of", status=422)


def test_a_program_acknowledges_settles_and_mutes(alert: str, owner: User) -> None:
    program = Program(owner)
    assert program("POST", f"/{alert}/acknowledge")["acknowledged_at"] is not None
    assert program("POST", "/acknowledge", {"kind": "sync"}) == {"acknowledged": 1}
    assert [row["kind"] for row in program("GET", "?status=open")["items"]] == ["token"]
    muted = program("POST", "/mutes", {"key": "drift"}, status=201)
    assert [row["key"] for row in program("GET", "/mutes")] == ["drift"]
    assert [row["id"] for row in program("GET", "?status=muted")["items"]] == [alert]
    program("DELETE", f"/mutes/{muted['id']}")
    program("DELETE", f"/mutes/{muted['id']}", status=404)
    assert program("POST", f"/{alert}/resolve")["resolved_by_hand"] is True
    assert [row["id"] for row in program("GET", "?status=history")["items"]] == [alert]
    program("POST", "/mutes", {"key": "unheard-of"}, status=422)
    program("POST", "/mutes", {"key": "drift", "until": "2020-01-01T00:00:00Z"}, status=422)


def test_nobody_reaches_another_owners_alerts(alert: str, other_owner: User) -> None:
    stranger = Program(other_owner)
    assert {row["kind"] for row in stranger("GET")["items"]} == {"token"}
    for method, path in (("GET", ""), ("POST", "/acknowledge"), ("POST", "/resolve")):
        stranger(method, f"/{alert}{path}", status=404)


def test_the_platforms_alerts_are_for_operators(alert: str, owner: User, operator: User) -> None:
    made = raise_platform_alert(key="ledger", title="The books contradict themselves")
    assert Program(owner)("GET", "?scope=platform")["items"] == []
    Program(owner)("GET", f"/{made}", status=404)
    chief = Program(operator)
    assert [row["scope"] for row in chief("GET", "?scope=platform")["items"]] == ["platform"]
    assert chief("POST", f"/{made}/acknowledge")["acknowledged_at"] is not None


def test_a_token_that_only_reads_acknowledges_nothing(alert: str, owner: User) -> None:
    reader = Program(owner, "read")
    assert {row["kind"] for row in reader("GET")["items"]} == {"drift", "sync", "token"}
    reader("POST", f"/{alert}/acknowledge", status=403)
