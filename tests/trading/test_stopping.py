"""An emergency stop says what it would do, does it to the end whatever happens meanwhile, and keeps what it keeps."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.alerts.models import Alert
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users.models import User
from tests.programs import bearer
from tests.trading.desk import Desk, make_desk, set_price
from trading import services, tasks
from trading.models import EmergencyStop, Order, Position
from trading.orders import life
from trading.risk.limits import limits_on_path
from wallets.hierarchy import places
from wallets.models import Wallet

D = Decimal


@pytest.fixture
def desk(live_db: str, owner: User) -> Desk:
    return make_desk(owner)


def state(wallet: Wallet) -> str:
    with tenancy.tenant(wallet.owner_id):
        return str(Wallet.objects.values_list("trading_state", flat=True).get(pk=wallet.pk))


def begin(desk: Desk, policy: str) -> EmergencyStop:
    with tenancy.tenant(desk.owner.pk):
        return services.stop(owner_id=desk.owner.pk, wallet_id=desk.farm.pk, policy=policy)


def look(desk: Desk, policy: str) -> Any:
    with tenancy.tenant(desk.owner.pk):
        return services.preview_stop(owner_id=desk.owner.pk, wallet_id=desk.farm.pk, policy=policy)


def resting_buy(desk: Desk) -> Order:
    """An order that its venue has and has not filled."""
    order = desk.place("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        life.move(life.locked(order.pk), Order.Status.OPEN)
    return order


def test_flatten_sells_everything_and_halts(desk: Desk) -> None:
    desk.trade("buy", "2", exit_stop=D(90))
    found = look(desk, "flatten")
    assert [(one.position.quantity, one.is_sold, one.loses) for one in found.positions] == [(2, True, ["stop"])]
    assert found.lost == found.positions
    stop = begin(desk, "flatten")
    assert begin(desk, "flatten") == stop
    assert state(desk.farm) == "reducing"
    with pytest.raises(ConflictError, match="Wait for the stop that is under way"):
        begin(desk, "keep")
    assert tasks.carry_out_stops() == 1
    with tenancy.tenant(desk.owner.pk):
        stop.refresh_from_db()
        sale = Order.objects.get(side="sell")
    assert (stop.status, "Its exit is on its way." in stop.result.exact) == ("running", True)
    assert tasks.carry_out_stops() == 1
    with tenancy.tenant(desk.owner.pk):
        assert Order.objects.filter(side="sell").count() == 1, "a second look places nothing twice"
    desk.execute(sale)
    assert tasks.carry_out_stops() == 1
    with tenancy.tenant(desk.owner.pk):
        stop.refresh_from_db()
        assert (stop.status, stop.result.exact) == ("done", "Everything is sold, and the wallet is halted.")
        assert not Position.objects.filter(closed_at=None).exists()
    assert state(desk.farm) == "halted"
    assert tasks.carry_out_stops() == 0


@pytest.mark.parametrize("policy", ["keep", "close_derivatives"])
def test_what_keeps_cancels_what_would_open_and_leaves_positions_with_their_stops(desk: Desk, policy: str) -> None:
    desk.trade("buy", "2", exit_stop=D(90))
    order = resting_buy(desk)
    found = look(desk, policy)
    assert [one.pk for one in found.orders] == [order.pk]
    assert [(one.is_sold, one.loses) for one in found.positions] == [(False, [])]
    assert any("Perpetuals are closed" in note.exact for note in found.notes) == (policy == "close_derivatives")
    stop = begin(desk, policy)
    tasks.carry_out_stops()
    with tenancy.tenant(desk.owner.pk):
        stop.refresh_from_db()
        assert stop.status == "running"
        assert "an order is not cancelled yet" in stop.result.exact
        life.move(life.locked(order.pk), Order.Status.CANCELLED)
    tasks.carry_out_stops()
    with tenancy.tenant(desk.owner.pk):
        stop.refresh_from_db()
        assert stop.status == "done"
        assert Position.objects.filter(closed_at=None).count() == 1
    assert state(desk.farm) == "reducing"
    assert desk.place("buy", "1").is_refused
    set_price(desk.instrument, "89")
    with tenancy.tenant(desk.owner.pk):
        assert len(services.keep_protection(owner_id=desk.owner.pk)) == 1, "the stop goes on"


def test_a_stop_that_is_called_off_stays_where_it_is(desk: Desk, other_owner: User) -> None:
    stop = begin(desk, "flatten")
    with tenancy.tenant(desk.owner.pk):
        assert services.call_off(owner_id=desk.owner.pk, stop_id=stop.pk).status == "called_off"
    assert tasks.carry_out_stops() == 0
    assert state(desk.farm) == "reducing"
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        services.call_off(owner_id=other_owner.pk, stop_id=stop.pk)
    with pytest.raises(InvalidInputError, match="Choose one of flatten"):
        begin(desk, "panic")


def test_a_halted_wallet_carries_out_stops_unless_its_owner_says_otherwise_in_words(desk: Desk) -> None:
    desk.trade("buy", "2", exit_stop=D(90))
    owner = desk.owner.pk
    with tenancy.tenant(owner):
        Wallet.objects.filter(pk=desk.farm.pk).update(trading_state="halted")
        for words in ("", "leave it", "leave farm unprotected when it is halted"):
            with pytest.raises(InvalidInputError, match="Type it as it is written"):
                places.set_protection(owner_id=owner, wallet_id=desk.farm.pk, protects=False, words=words)
        said = places.unprotected_words(desk.farm)
        places.set_protection(owner_id=owner, wallet_id=desk.farm.pk, protects=False, words=said)
    set_price(desk.instrument, "89")
    with tenancy.tenant(owner):
        assert [services.keep_protection(owner_id=owner) for _ in range(6)] == [[]] * 6
        assert not Alert.objects.filter(key__startswith="unprotected:").exists()  # nobody is called for what they said
        refused = desk.place("sell", "1")
        assert "its owner wants no stop carried out meanwhile" in refused.refusal.exact
        places.set_protection(owner_id=owner, wallet_id=desk.farm.pk, protects=True)
        assert [step.trading_state for step in limits_on_path(wallet_id=desk.farm.pk)][1:] == ["halted", "active"]
        (order,) = services.keep_protection(owner_id=owner)
        assert order.status == "submitting"


def test_programs_and_pages_look_stop_and_call_off(desk: Desk, client: Client, other_owner: User) -> None:
    desk.trade("buy", "2", exit_stop=D(90))
    asked: Any = {"content_type": "application/json", "headers": bearer(desk.owner)}
    api = f"/api/v1/wallets/{desk.farm.pk}"
    seen = client.post(f"{api}/stop/preview", {"policy": "flatten"}, **asked).json()
    assert [(one["is_sold"], one["loses"], one["value"] is None) for one in seen["positions"]] == [
        (True, ["stop"], False)
    ]
    begun = client.post(f"{api}/stop", {"policy": "keep"}, **asked)
    assert (begun.status_code, begun.json()["status"]) == (202, "running")
    path = f"/api/v1/stops/{begun.json()['id']}"
    assert client.get(path, headers=asked["headers"]).json()["policy"] == "keep"
    assert client.post(f"{path}/call-off", headers=asked["headers"]).json()["status"] == "called_off"
    refused = client.put(f"{api}/protection", {"protects": False, "words": "no"}, **asked)
    assert (refused.status_code, "Type it as it is written" in refused.json()["fields"]["words"]) == (422, True)
    client.force_login(desk.owner)
    page = reverse("trading:stop", args=[desk.farm.pk])
    assert f'href="{page}"' in client.get(reverse("wallets:wallet", args=[desk.farm.pk])).content.decode()
    for policy in ("flatten", "keep", "close_derivatives"):
        shown = client.get(page, {"policy": policy}).content.decode()
        assert ("its stop is lost" in shown) == (policy == "flatten")
    assert "Under way:" in client.post(page, {"policy": "flatten"}, follow=True).content.decode()
    with tenancy.tenant(desk.owner.pk):
        stop = EmergencyStop.objects.get(status="running")
    assert "called off" in client.post(reverse("trading:stop-call-off", args=[stop.pk]), follow=True).content.decode()
    words = reverse("trading:protection", args=[desk.farm.pk])
    assert client.post(words, {"words": "no"}).status_code == 422
    with tenancy.tenant(desk.owner.pk):
        said = places.unprotected_words(desk.farm)
    assert "is changed" in client.post(words, {"words": said}, follow=True).content.decode()
    assert "is changed" in client.post(words, follow=True).content.decode()
    client.force_login(other_owner)
    assert client.get(page).status_code == client.get(words).status_code == 404
    assert client.post(reverse("trading:stop-call-off", args=[stop.pk])).status_code == 404
    for path in (f"{api}/stop/preview", f"{api}/stop"):
        body = {"policy": "keep"}
        answer = client.post(path, body, content_type="application/json", headers=bearer(other_owner))
        assert answer.status_code == 404
