"""Operators' programs see everybody's connections and no credential, and switch platforms; nobody else does."""

from typing import Any

import pytest
from django.test import Client

from kit import tenancy
from kit.audit.models import AuditEntry
from kit.embedded.environment import new_encryption_key
from kit.users.models import User
from moniqo.api import api
from tests.programs import bearer
from tests.wallets.test_credentials import SECRET, make_connection
from wallets.models import Connection
from wallets.venues.credentials import rotate_all, store_credentials

OPERATOR = "/api/v1/operator"


def get(client: Client, user: User, path: str, **query: Any) -> Any:
    return client.get(f"{OPERATOR}/{path}", query, headers=bearer(user))


@pytest.mark.django_db(databases=["default", "system"])
def test_none_of_it_is_for_traders_and_tokens_need_their_scope(client: Client, owner: User, operator: User) -> None:
    asked = [
        (method, path.replace("{slug}", "demo"))
        for path, methods in api.get_openapi_schema()["paths"].items()
        if path.startswith(OPERATOR)
        for method in methods
    ]
    assert len(asked) >= 4
    for method, path in asked:
        for user, scope, said in (
            (owner, ("read", "manage"), "operators_only"),
            (operator, ("trade", "agent") if method != "get" else ("trade",), "insufficient_scope"),
        ):
            answer = client.generic(
                method.upper(), path, "{}", content_type="application/json", headers=bearer(user, *scope)
            )
            assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, said), path
        client.force_login(owner)
        token = client.cookies.get("csrftoken")
        headers = {"X-CSRFToken": token.value} if token else {}
        assert client.generic(method.upper(), path, "{}", "application/json", headers=headers).status_code == 403
        client.logout()


@pytest.mark.parametrize("count", range(4))
def test_everybodys_connections_stand_in_one_list_page_by_page(
    live_db: str, owner: User, other_owner: User, operator: User, client: Client, count: int
) -> None:
    for number in range(count):
        user = (owner, other_owner)[number % 2]
        with tenancy.tenant(user.pk):
            connection = make_connection(user, f"Account {number}")
            store_credentials(connection=connection, values={"key": "abc", "secret": SECRET})
            if number == 1:
                Connection.objects.filter(pk=connection.pk).update(status="failed", status_detail="It broke.")
    found, query = [], {"limit": 1}
    while True:
        answer = get(client, operator, "connections", **query)
        assert SECRET not in answer.content.decode()
        page = answer.json()
        found += [(row["name"], row["owner"]) for row in page["items"]]
        if page["next"] is None:
            break
        query = {"limit": 1, "cursor": page["next"]}
    emails = (owner.email, other_owner.email)
    assert found == [(f"Account {number}", emails[number % 2]) for number in reversed(range(count))]
    failed = get(client, operator, "connections", status="failed").json()["items"]
    assert [(row["status"], row["detail"]) for row in failed] == [("failed", "It broke.")] * (count > 1)
    assert get(client, operator, "connections", platform="demo").json()["items"] == []
    (keyed,) = [row for row in get(client, operator, "platforms").json() if row["slug"] == "keyed"] or [None]
    assert keyed is None or keyed["connections"] == count


def test_a_platform_is_switched_and_its_fees_changed_and_the_log_says_by_whom(
    live_db: str, client: Client, operator: User, owner: User
) -> None:
    headers = bearer(operator)
    path = f"{OPERATOR}/platforms/binance"

    def change(body: dict[str, Any]) -> Any:
        return client.patch(path, body, content_type="application/json", headers=headers)

    before = client.get(f"{OPERATOR}/platforms", headers=headers).json()
    answer = change({"is_active": False, "fees": {"maker": "0.0005", "taker": "0.00075"}})
    assert answer.status_code == 200, answer.content
    assert answer.json()["fees"] == {"maker": "0.0005", "taker": "0.00075"}
    assert "binance" not in {row["slug"] for row in client.get("/api/v1/platforms", headers=bearer(owner)).json()}
    assert change({}).json() == answer.json()
    for wrong in ({"fees": {"maker": "2", "taker": "0"}}, {"fees": {"maker": "0"}}, {"slug": "x"}, {"is_active": None}):
        assert change(wrong).status_code == 422, wrong
    with tenancy.tenant(operator.pk):
        entry = AuditEntry.objects.get(action="Platform changed")
    assert (entry.actor_id, entry.channel, entry.before["is_active"]) == (operator.pk, "api", True)
    assert len(before) == len(client.get(f"{OPERATOR}/platforms", headers=headers).json())
    missing = client.patch(f"{OPERATOR}/platforms/nowhere", {}, content_type="application/json", headers=headers)
    assert missing.status_code == 404


def test_the_rotation_of_keys_is_followed_by_counts(
    live_db: str, client: Client, operator: User, owner: User, settings: Any
) -> None:
    with tenancy.tenant(owner.pk):
        store_credentials(connection=make_connection(owner), values={"key": "abc", "secret": SECRET})

    def told() -> Any:
        return get(client, operator, "credentials").json()

    (only,) = told()["keys"]
    assert (only["credentials"], only["is_newest"], only["is_configured"]) == (2, True, True)
    settings.CREDENTIAL_KEYS = [new_encryption_key(), *settings.CREDENTIAL_KEYS]
    (old,) = told()["keys"]
    assert (old["key_id"], old["is_newest"], old["is_configured"]) == (only["key_id"], False, True)
    rotate_all()
    (new,) = told()["keys"]
    assert (new["key_id"], new["credentials"], new["is_newest"]) == (told()["newest"], 2, True)
    settings.CREDENTIAL_KEYS = [new_encryption_key()]
    assert told()["keys"][0]["is_configured"] is False
    text = str(told())
    assert not any(key in text for key in settings.CREDENTIAL_KEYS)
