"""A connection that is switched off: nobody is left without their stop unsaid, and none waits once it is on again."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test import Client

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from markets.models import Instrument
from tests.trading.desk import Desk, make_desk, set_price
from trading import services
from trading.models import Order, Position
from wallets.venues import joining
from wallets.venues.accounts import set_connection_state


@pytest.fixture
def desk(owner: User) -> Iterator[Desk]:
    with tenancy.tenant(owner.pk):
        yield make_desk(owner)


def switch(desk: Desk, client: Client, state: str) -> tuple[int, dict[str, object]]:
    client.force_login(desk.owner)
    path = f"/api/v1/connections/{desk.connection.pk}/state"
    answer = client.put(path, {"state": state}, content_type="application/json")
    return answer.status_code, answer.json()


def test_nothing_is_archived_while_positions_or_orders_are_open(desk: Desk, client: Client) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    desk.place("buy", "1")
    status, body = switch(desk, client, "archived")
    assert status == 409
    assert "(1 open position and 1 order)" in str(body["detail"])
    desk.connection.refresh_from_db()
    assert desk.connection.state == "active"

    for order in Order.objects.unfinished():
        desk.execute(order)
    desk.trade("sell", "2")
    assert switch(desk, client, "archived")[0] == 200


def test_a_pause_says_how_many_stops_nobody_carries_out(desk: Desk, client: Client) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    _, paused = switch(desk, client, "paused")
    assert paused["unwatched_positions"] == 1
    page = client.get("/wallets/connections/").content.decode()
    assert "The stops and targets of 1 position are not carried out until it is active again." in page
    _, active = switch(desk, client, "active")
    assert active["unwatched_positions"] == 0
    assert "not carried out" not in client.get("/wallets/connections/").content.decode()


def test_a_stop_that_is_reached_during_a_pause_is_said_at_once_and_kept_right_after(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    set_connection_state(owner_id=desk.owner.pk, connection_id=desk.connection.pk, state="paused")
    for price in ("94", "93", "92"):
        set_price(desk.instrument, price)
        assert services.keep_protection(owner_id=desk.owner.pk) == []
    unwatched, alert = Alert.objects.order_by("created_at")
    assert (unwatched.key, unwatched.level) == (f"unwatched:{desk.connection.pk}", "warning")
    assert (alert.level, alert.times, "Desk is paused" in alert.body) == ("critical", 3, True)

    set_connection_state(owner_id=desk.owner.pk, connection_id=desk.connection.pk, state="active")
    (order,) = services.keep_protection(owner_id=desk.owner.pk)
    assert desk.execute(order).status == "filled"
    assert not Alert.objects.unresolved().exists()


def test_what_failed_before_it_was_active_again_makes_no_stop_wait(desk: Desk) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    set_price(desk.instrument, "90")
    for _ in range(2):  # refused by the gate: the attempt is one, and so is its pause
        Position.objects.update(exit_stop=95)
        Instrument.objects.update(kind=Instrument.Kind.FUTURE)
        tried = services.keep_protection(owner_id=desk.owner.pk)
    assert (tried, Order.objects.filter(protects__isnull=False, status="rejected").count()) == ([], 1)
    Instrument.objects.update(kind=Instrument.Kind.SPOT)
    assert services.keep_protection(owner_id=desk.owner.pk) == []

    set_connection_state(owner_id=desk.owner.pk, connection_id=desk.connection.pk, state="active")
    (order,) = services.keep_protection(owner_id=desk.owner.pk)
    assert desk.execute(order).status == "filled"


def test_an_operator_cannot_archive_them_either_and_is_told_of_a_pause(
    live_db: str, owner: User, operator: User, client: Client
) -> None:
    desk = make_desk(owner)
    client.force_login(operator)
    desk.trade("buy", "1", exit_stop=Decimal(95))
    page = f"/admin/wallets/connection/{desk.connection.pk}/change/"
    refused = client.post(page, {"state": "archived"})
    assert "Close what is open under Desk first" in refused.content.decode()
    told = client.post(page, {"state": "paused"}, follow=True).content.decode()
    assert "The stops and targets of 1 position are not carried out" in told


def test_who_ends_live_trading_is_told_of_stops_that_nobody_carries_out(desk: Desk, client: Client) -> None:
    desk.trade("buy", "1", exit_stop=Decimal(95))
    desk.connection.is_paper = False
    desk.connection.save(update_fields=["is_paper"])
    with database.cursor() as cursor:
        cursor.execute("SELECT wallets_make_live(%s, now())", [desk.connection.pk])
    joining.only_watch(owner_id=desk.owner.pk, connection_id=desk.connection.pk)
    alert = Alert.objects.unresolved().get()
    assert (alert.key, "until you make it live" in alert.body) == (f"unwatched:{desk.connection.pk}", True)
    client.force_login(desk.owner)
    said = "The stops and targets of 1 position are not carried out until it is live again."
    assert said in client.get("/wallets/connections/").content.decode()
    set_price(desk.instrument, "94")
    assert [services.keep_protection(owner_id=desk.owner.pk) for _ in range(6)] == [[]] * 6
    assert "Desk is only watched" in Alert.objects.get(key__startswith="unprotected:").body


def test_what_was_placed_while_it_was_live_is_not_sent_once_it_only_watches(desk: Desk) -> None:
    desk.connection.is_paper, desk.connection.orders_compared_at = False, clock.now()
    desk.connection.save(update_fields=["is_paper", "orders_compared_at"])
    with database.cursor() as cursor:
        cursor.execute("SELECT wallets_make_live(%s, now())", [desk.connection.pk])
    order = desk.place("buy", "1")
    joining.only_watch(owner_id=desk.owner.pk, connection_id=desk.connection.pk)
    ended = desk.execute(order)
    assert ended.status == "expired"
    assert "only watches now" in ended.events.latest("pk").detail.exact
    assert (desk.venue_totals().get("BTC", 0), desk.held("USDT")) == (0, 0)


def test_nothing_is_sent_through_a_connection_that_only_watches(desk: Desk) -> None:
    desk.trade("buy", "1")
    desk.connection.is_paper, desk.connection.orders_compared_at = False, clock.now()
    desk.connection.save(update_fields=["is_paper", "orders_compared_at"])
    for side in ("buy", "sell"):
        refused = desk.place(side, "1")
        assert refused.status == "rejected"
        assert "only watches: make it live before placing orders" in str(refused.refusal)
    with database.cursor() as cursor:
        cursor.execute("SELECT wallets_make_live(%s, now())", [desk.connection.pk])
    assert desk.place("buy", "1").status == "submitting"
