"""What keys may do is read every night too: one that has come to be able to withdraw is marked and told of."""

import pytest
from django.test import Client

from kit import tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from tests.programs import by_password
from tests.simulators.server import Exchanges
from tests.wallets.keys import give_true_keys, key_of
from wallets import tasks
from wallets.models import Connection
from wallets.venues import joining


@pytest.fixture
def joined(live_db: str, owner: User, exchanges: Exchanges) -> Connection:
    give_true_keys(exchanges)
    for slug, wire in (("binance", exchanges.binance()), ("bybit", exchanges.wires["bybit"])):
        joining.join(owner_id=owner.pk, platform=joining.platform_of(slug), name=slug, credentials=key_of(wire))
    with tenancy.tenant(owner.pk):
        return Connection.objects.get(name="binance")


def tonight(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Run the nightly job, its tasks at once."""
    answers = []
    send = tasks.look_at_rights_of.run
    monkeypatch.setattr(tasks.look_at_rights_of, "apply_async", lambda args: answers.append(send(*args)))
    tasks.look_at_rights()
    return answers


def told(owner: User) -> list[tuple[str, bool]]:
    with tenancy.tenant(owner.pk):
        rows = Alert.objects.filter(key__startswith="may-withdraw:").order_by("created_at")
        return [(str(alert.title), alert.resolved_at is None) for alert in rows]


def test_a_key_that_has_come_to_withdraw_is_marked_and_told_of_once(
    joined: Connection, owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tonight(monkeypatch) == [True, True]
    assert told(owner) == []
    exchanges.binance().key.rights.add("withdraw")
    tonight(monkeypatch)
    tonight(monkeypatch)
    assert told(owner) == [("The key of binance may withdraw money", True)]
    page = Client()
    page.force_login(owner)
    assert "Key may withdraw" in page.get(f"/wallets/connections/{joined.pk}/").content.decode()
    exchanges.binance().key.rights.discard("withdraw")
    tonight(monkeypatch)
    assert told(owner) == [("The key of binance may withdraw money", False)]


def test_a_venue_that_is_away_keeps_no_other_from_being_asked(
    joined: Connection, owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanges.binance().key.secret = "another"
    exchanges.wires["bybit"].key.rights.add("withdraw")
    assert sorted(tonight(monkeypatch)) == [False, True]
    assert told(owner) == [("The key of bybit may withdraw money", True)]


def test_who_insisted_on_such_a_key_is_not_told_every_night(
    live_db: str, owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_true_keys(exchanges)
    exchanges.binance().key.rights.add("withdraw")
    key = key_of(exchanges.binance())
    body = {"platform": "binance", "name": "Mine", "credentials": key, "accept_withdrawals": True}
    made = Client(headers=by_password(owner)).post("/api/v1/connections", body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert tonight(monkeypatch) == [True]
    assert told(owner) == []
