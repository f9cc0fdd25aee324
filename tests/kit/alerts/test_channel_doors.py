"""Channels on pages and in the API: made, tried, changed and removed by their owner alone, their secrets unseen."""

import json
from typing import Any

import pytest
from django.test import Client

from kit import tenancy
from kit.alerts.channels import delivering
from kit.alerts.channels.services import make_channel
from kit.alerts.models import Channel, Delivery
from kit.alerts.services import raise_alert
from kit.audit.models import AuditEntry
from kit.users.models import User
from tests.kit.alerts.receivers import Receiver
from tests.programs import bearer

PAGE = "/settings/channels/"
SECRET = "a secret of the receiver's"


@pytest.fixture
def browser(live_db: str, client: Client, owner: User) -> Client:
    client.force_login(owner, backend="kit.users.backends.CountedBackend")
    return client


def only_channel(user: User) -> Channel:
    with tenancy.tenant(user.pk):
        return Channel.objects.get()


def test_a_channel_is_added_tried_changed_paused_and_removed_without_javascript(
    browser: Client, owner: User, receiver: Receiver
) -> None:
    wanted = {"name": "Hook", "level": "info", "url": f"{receiver.url}/path-that-is-secret", "secret": SECRET}
    refused = browser.post(f"{PAGE}new/webhook/", wanted | {"secret": "short", "quiet_from": "22:00"})
    assert refused.status_code == 422
    assert browser.get(f"{PAGE}new/pigeon/").status_code == 404
    assert browser.post(f"{PAGE}new/webhook/", wanted | {"areas": ["money", "work"]}).status_code == 302
    channel = only_channel(owner)
    shown = browser.post(f"{PAGE}{channel.pk}/test/", follow=True).content.decode()
    assert "Hook took the test: 200 ok" in shown
    receiver.answers = [(410, {}, "gone &amp; <b>forgotten</b>")]
    shown = browser.post(f"{PAGE}{channel.pk}/test/", follow=True).content.decode()
    assert "It answered 410 gone &amp;amp; &lt;b&gt;forgotten" in shown
    assert "Takes no messages" in shown
    edited = browser.get(f"{PAGE}{channel.pk}/").content.decode()
    for page in (shown, edited):
        assert "path-that-is-secret" not in page
        assert SECRET not in page
    changed = {"name": "Phone", "level": "critical", "quiet_from": "22:00", "quiet_until": "07:00"}
    assert browser.post(f"{PAGE}{channel.pk}/", changed).status_code == 302
    shown = browser.get(PAGE).content.decode()
    assert "Quiet from 22:00 until 07:00" in shown
    browser.post(f"{PAGE}{channel.pk}/test/")
    assert receiver.received[-1].path == "/path-that-is-secret", "empty fields keep the address"
    with tenancy.tenant(owner.pk):
        raise_alert(owner_id=owner.pk, key="sync:x", level="critical", title="A venue rejects")
    assert "paused" in browser.post(f"{PAGE}{channel.pk}/switch/", {"on": "0"}, follow=True).content.decode()
    assert delivering.deliver(owner_id=owner.pk) == 0
    with tenancy.tenant(owner.pk):
        assert Delivery.objects.get(purpose="alert").status == "skipped"
    assert "Phone is removed" in browser.post(f"{PAGE}{channel.pk}/remove/", follow=True).content.decode()
    with tenancy.tenant(owner.pk):
        log = AuditEntry.objects.filter(action__startswith="Channel").order_by("at")
        assert [entry.action for entry in log] == [
            "Channel added", "Channel changed", "Channel changed", "Channel removed",
        ]  # fmt: skip
        assert "path-that-is-secret" not in str([(entry.before, entry.after) for entry in log])


def test_nobody_reaches_what_is_anothers(browser: Client, other_owner: User, owner: User) -> None:
    with tenancy.tenant(other_owner.pk):
        theirs = make_channel(
            owner_id=other_owner.pk, kind="email", name="Theirs", address={"email": "otto@example.com"}
        )
        raise_alert(owner_id=other_owner.pk, key="sync:x", title="Not yours")
    for path in ("", "test/", "switch/", "remove/"):
        assert browser.post(f"{PAGE}{theirs.pk}/{path}").status_code == 404
    assert browser.get(f"{PAGE}{theirs.pk}/").status_code == 404
    page = browser.get(PAGE).content.decode()
    assert "Theirs" not in page
    assert "Not yours" not in page
    headers = bearer(owner)
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/test")):
        answer = browser.generic(
            method, f"/api/v1/channels/{theirs.pk}{path}", "{}", "application/json", headers=headers
        )
        assert answer.status_code == 404
    assert browser.get("/api/v1/deliveries", headers=headers).json()["items"] == []


def test_a_program_does_the_same_and_is_told_what_is_wrong(live_db: str, owner: User, receiver: Receiver) -> None:
    client, headers = Client(), bearer(owner)

    def call(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        sent = json.dumps(body or {})
        answer = client.generic(method, f"/api/v1{path}", sent, "application/json", headers=headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    hook = {"kind": "webhook", "name": "Hook", "address": {"url": f"{receiver.url}/secret-path", "secret": SECRET}}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"kind": "pigeon"}, "kind"), ({"name": " "}, "name"), ({"areas": ["sports"]}, "areas"),
        ({"quiet_from": "22:00"}, "quiet_until"), ({"quiet_from": "late", "quiet_until": "07:00"}, "quiet_from"),
        ({"address": {"url": f"{receiver.url}/"}}, "secret"), ({"address": {}}, "url"),
        ({"address": hook["address"] | {"more": "x"}}, "more"),  # type: ignore[operator]  # it is a dictionary
        ({"kind": "telegram", "address": {"token": "12:ab", "chat": "1"}}, "token"),
        ({"kind": "email", "address": {"email": "olive@example.com\nBcc: eve@example.com"}}, "email"),
    ]  # fmt: skip
    for change, field in wrong:
        assert field in json.dumps(call("POST", "/channels", hook | change, status=422)), change
    made = call("POST", "/channels", hook | {"areas": ["work"], "quiet_from": "22:00", "quiet_until": "07:30"}, 201)
    assert (made["areas"], made["quiet_until"], made["hint"]) == (["work"], "07:30", "127.0.0.1")
    assert call("POST", "/channels", hook, status=422)["detail"] == "You have a channel of this name."
    path = f"/channels/{made['id']}"
    changed = call("PATCH", path, {"quiet_from": None, "quiet_until": None, "areas": []})
    assert (changed["quiet_from"], changed["areas"], changed["level"]) == (None, [], "warning")
    assert "url" in json.dumps(call("PATCH", path, {"address": {}}, status=422))
    assert call("POST", f"{path}/test")["status"] == "sent"
    with tenancy.tenant(owner.pk):
        raise_alert(owner_id=owner.pk, key="sync:x", title="A venue rejects")
    waiting, tested = call("GET", "/deliveries")["items"]
    assert (waiting["title"], waiting["status"], tested["purpose"]) == ("A venue rejects", "waiting", "test")
    assert [row["id"] for row in call("GET", "/deliveries?status=waiting")["items"]] == [waiting["id"]]
    assert "secret-path" not in json.dumps([made, call("GET", "/channels"), call("GET", "/deliveries")])
    call("DELETE", path)
    assert call("GET", "/channels") == []


def test_operators_see_no_address_in_the_admin(live_db: str, owner: User, operator: User, client: Client) -> None:
    with tenancy.tenant(owner.pk):
        channel = make_channel(owner_id=owner.pk, kind="email", name="Mail", address={"email": "olive@example.com"})
    client.force_login(operator, backend="kit.users.backends.CountedBackend")
    page = client.get(f"/admin/alerts/channel/{channel.pk}/change/").content.decode()
    assert "Mail" in page
    assert "olive@example.com" not in page
    assert bytes(channel.address).hex() not in page
    assert "memory at" not in page
