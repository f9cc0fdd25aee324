"""An order that rests gets other terms: another takes its place, and never both are filled beyond what was wanted."""

import os
import signal
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.errors import ConflictError, InvalidInputError, MoniqoError
from kit.users.models import User
from tests.programs import bearer
from tests.trading.desk import Desk, assert_books_prove_themselves, make_desk
from tests.trading.test_crashes import together
from tests.trading.test_crashes_of_what_rests import everything_falls_due
from tests.trading.test_limit_orders import at, hear, settled, spread, thin
from trading import services
from trading.models import Amendment, Cancellation, Order
from trading.orders import leases

D = Decimal


@pytest.fixture
def desk(owner: User) -> Desk:
    desk = make_desk(owner)
    spread(desk, "99", "101")
    return desk


def amend(desk: Desk, order: Order, **changes: Any) -> Amendment:
    with tenancy.tenant(desk.owner.pk):
        return services.amend_order(owner_id=desk.owner.pk, order_id=order.pk, **{"key": "k", **changes})


def carried_out(desk: Desk, order: Order) -> Order | None:
    """The order that took its place, as it stands when it was sent."""
    services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk)
    placed = services.finish_amendment(owner_id=desk.owner.pk, order_id=order.pk)
    return placed and desk.execute(placed)


def test_another_order_takes_its_place_with_all_that_was_meant(desk: Desk) -> None:
    order = desk.trade("buy", "10", limit=at("95", post_only=True), exit_stop=D(90), exit_trail=D(5))
    assert amend(desk, order, limit_price=D(96)).closed_at is None
    assert desk.fresh(order).status == "open", "nothing is given up before the venue says so"
    new = carried_out(desk, order)
    assert new is not None
    assert (desk.fresh(order).status, new.status, new.replaces_id) == ("cancelled", "open", order.pk)
    assert (new.limit_price, new.quantity, new.post_only, new.exit_stop, new.exit_trail) == (96, 10, True, 90, 5)
    assert desk.held("USDT") == 960 * D("1.001")
    with tenancy.tenant(desk.owner.pk):
        wish = Amendment.objects.get()
        assert str(wish.result) == "Another order took its place."
    spread(desk, "95", "96")
    hear(desk)
    assert desk.fresh(new).status == "filled"
    settled(desk)


def test_a_refusal_names_what_was_asked_for(desk: Desk) -> None:
    order = desk.trade("buy", "10", limit=at("95"))
    for changes in ({"quantity": D(100_000)}, {"quantity": D(100_000), "limit_price": D(96)}):
        with pytest.raises(InvalidInputError, match="It stays as it is") as told:
            amend(desk, order, **changes)
        assert set(told.value.fields) == set(changes)


def test_what_is_filled_meanwhile_is_taken_off(desk: Desk) -> None:
    thin(desk, "380")  # four at 95
    order = desk.trade("buy", "10", limit=at("95"))
    spread(desk, "93", "94")
    hear(desk)
    amend(desk, order, limit_price=D(90), quantity=D(12))
    spread(desk, "92", "94")  # four more, which nobody has heard of
    new = carried_out(desk, order)
    assert new is not None
    assert (desk.fresh(order).filled_quantity, new.quantity) == (8, 4)
    with tenancy.tenant(desk.owner.pk):
        assert desk.wallet.positions.get().quantity == 8


def test_where_all_of_it_is_filled_meanwhile_nothing_takes_its_place(desk: Desk) -> None:
    order = desk.trade("buy", "10", limit=at("95"))
    amend(desk, order, limit_price=D(94))
    spread(desk, "93", "94")
    assert carried_out(desk, order) is None
    assert desk.fresh(order).status == "filled"
    with tenancy.tenant(desk.owner.pk):
        assert Order.objects.count() == 1
        assert "nothing takes its place" in str(Amendment.objects.get().result)
    settled(desk)


def test_a_sale_is_amended_with_the_base_that_it_holds(desk: Desk) -> None:
    desk.trade("buy", "10")
    order = desk.trade("sell", "10", limit=at("120"), reduce_only=True)
    amend(desk, order, limit_price=D(110))
    new = carried_out(desk, order)
    assert new is not None
    assert (new.status, new.reduce_only, desk.held("BTC")) == ("open", True, 10)
    with pytest.raises(InvalidInputError, match="stays as it is"):
        amend(desk, new, quantity=D(11))
    assert desk.fresh(new).status == "open"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "limit_price"),
        ({"limit_price": D(95), "quantity": D(10)}, "quantity"),
        ({"limit_price": D("95.001")}, "limit_price"),
        ({"limit_price": D(0)}, "limit_price"),
        ({"quantity": D("0.0001")}, "quantity"),
        ({"quantity": D(0)}, "quantity"),
        ({"quantity": D("NaN")}, "quantity"),
        ({"quantity": D(10_000)}, "quantity"),
        ({"limit_price": D(89)}, "exit_stop"),
    ],
)
def test_what_it_cannot_have_leaves_it_as_it_is(desk: Desk, changes: dict[str, Any], field: str) -> None:
    order = desk.trade("buy", "10", limit=at("95"), exit_stop=D(90))
    with pytest.raises(InvalidInputError) as error:
        amend(desk, order, **changes)
    assert (error.value.status, field in error.value.fields) == (422, True)
    with tenancy.tenant(desk.owner.pk):
        assert not Amendment.objects.exists()
        assert not Cancellation.objects.exists()
        assert desk.fresh(order).status == "open"


def test_what_does_not_rest_is_not_amended_nor_what_is_on_its_way_out(desk: Desk) -> None:
    filled = desk.trade("buy", "1")
    resting = desk.trade("buy", "1", limit=at("95"))
    with tenancy.tenant(desk.owner.pk):
        services.request_cancellation(owner_id=desk.owner.pk, order_id=resting.pk)
    for order, why in ((filled, "rests"), (resting, "being cancelled")):
        with pytest.raises(ConflictError, match=why):
            amend(desk, order, limit_price=D(94))


def test_the_same_key_is_the_same_wish(desk: Desk) -> None:
    order = desk.trade("buy", "10", limit=at("95"))
    first = amend(desk, order, limit_price=D(96), quantity=D(5))
    assert amend(desk, order, limit_price=D(96), quantity=D(5)) == first
    for another in ({"limit_price": D(97), "quantity": D(5)}, {"limit_price": D(96)}, {"quantity": D(5)}):
        with pytest.raises(services.OrderConflictError):
            amend(desk, order, **another)
    with pytest.raises(ConflictError, match="already"):
        amend(desk, order, limit_price=D(97), key="another")


def test_where_the_gate_refuses_after_all_it_is_said(desk: Desk) -> None:
    order = desk.trade("buy", "10", limit=at("95"))
    amend(desk, order, limit_price=D(96))
    with tenancy.tenant(desk.owner.pk):
        services.set_limits(on=desk.connection, allowed_symbols=[], maximum_notional=D(50_000))
    services.cancel_order(owner_id=desk.owner.pk, order_id=order.pk)
    new = services.finish_amendment(owner_id=desk.owner.pk, order_id=order.pk)
    assert new is not None
    assert new.is_refused
    with tenancy.tenant(desk.owner.pk):
        assert "was refused" in str(Amendment.objects.get().result)
    settled(desk)


def test_the_page_shows_what_may_happen_and_sends_the_wish_once(desk: Desk, client: Client) -> None:
    order = desk.trade("buy", "10", limit=at("95"))
    client.force_login(desk.owner)
    page = reverse("trading:order-amend", args=(order.pk,))
    shown = client.get(page)
    assert services.RISKS_OF_AMENDING["ends"] in shown.content.decode()
    key = shown.context["form"].initial["key"]
    assert client.post(page, {"limit_price": "95.001", "quantity": "10", "key": key}).status_code == 422
    for _ in range(2):
        assert client.post(page, {"limit_price": "96", "quantity": "10", "key": key}).status_code == 302
    with tenancy.tenant(desk.owner.pk):
        assert Amendment.objects.count() == 1
    new = carried_out(desk, order)
    assert new is not None
    life = client.get(reverse("trading:order", args=(order.pk,))).content.decode()
    assert reverse("trading:order", args=(new.pk,)) in life
    assert client.get(page).status_code == 302


def test_programs_amend_with_a_key_and_read_what_took_its_place(desk: Desk, client: Client) -> None:
    order = desk.trade("buy", "10", limit=at("95"))

    def post(key: str, **body: str) -> Any:
        headers = bearer(desk.owner) | {"Idempotency-Key": key}
        address = f"/api/v1/orders/{order.pk}/amend"
        return client.post(address, body, content_type="application/json", headers=headers)

    assert post("a", limit_price="95.001").status_code == 422
    first = post("a", limit_price="96")
    assert (first.status_code, first.json()["closed_at"]) == (202, None)
    assert first.json()["risk"] == services.RISKS_OF_AMENDING["ends"]
    assert post("a", limit_price="96").json() == first.json()
    assert post("b", limit_price="97").status_code == 409
    new = carried_out(desk, order)
    assert new is not None
    told = client.get(f"/api/v1/orders/{order.pk}", headers=bearer(desk.owner)).json()
    assert told["replaced_by"] == str(new.pk)
    told = client.get(f"/api/v1/orders/{new.pk}", headers=bearer(desk.owner)).json()
    assert (told["replaces"], told["replaced_by"]) == (str(order.pk), None)


WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connections
for alias in connections:
    connections[alias].settings_dict["NAME"] = os.environ["DATABASE_NAME"]
from decimal import Decimal
from uuid import UUID
from celery import current_app
from django.db.models.signals import post_save
from kit import tenancy
from trading import services
from trading.models import Amendment, Cancellation
from trading.orders import amending
from wallets.venues.demo import account

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

MOMENT = sys.argv[1]
owner_id, order_id = map(UUID, sys.argv[2:])
current_app.send_task = lambda *_, **__: None
if MOMENT == "wishing":
    post_save.connect(die, sender=Cancellation, weak=False)
with tenancy.tenant(owner_id):
    services.amend_order(owner_id=owner_id, order_id=order_id, key="k", limit_price=Decimal(96))
if MOMENT == "wished":
    die()
if MOMENT == "cancelled":
    cancel = account.DemoVenue.cancel
    account.DemoVenue.cancel = lambda *given: (cancel(*given), die())
services.cancel_order(owner_id=owner_id, order_id=order_id)
if MOMENT == "ended":
    die()
if MOMENT == "placing":
    amending.note = die
services.finish_amendment(owner_id=owner_id, order_id=order_id)
die()
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["wishing", "wished", "cancelled", "ended", "placing", "placed"])
def test_killed_anywhere_there_is_the_old_order_or_the_new_one_and_never_both(
    live_db: str, owner: User, moment: str
) -> None:
    desk = make_desk(owner)
    order = desk.trade("buy", "10", limit=at("95"))
    result = subprocess.run(
        [sys.executable, "-c", WORKER, moment, str(owner.pk), str(order.pk)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "moniqo.settings", "DATABASE_NAME": live_db},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, result.stderr
    for _ in range(3):
        with tenancy.tenant(owner.pk):
            Amendment.objects.filter(closed_at=None).update(due_at=leases.now())
        everything_falls_due(desk)
    with tenancy.tenant(owner.pk):
        orders = {one.limit_price: one.status for one in Order.objects.all()}
    if moment == "wishing":
        assert orders == {D(95): "open"}
    else:
        assert orders == {D(95): "cancelled", D(96): "open"}
    assert desk.held("USDT") == (D(950) if moment == "wishing" else D(960)) * D("1.001")
    spread(desk, "93", "94")
    everything_falls_due(desk)
    with tenancy.tenant(owner.pk):
        assert desk.wallet.positions.get().quantity == 10
    assert (desk.held("USDT"), desk.books_agree()) == (0, True)
    assert_books_prove_themselves(desk)


def test_wishes_and_fills_that_meet_make_one_order_of_what_is_left(live_db: str, owner: User) -> None:
    desk = make_desk(owner)
    order = desk.trade("buy", "10", limit=at("95"))

    def wish(price: int) -> object:
        try:
            return amend(desk, order, limit_price=D(price), key=f"k{price}")
        except MoniqoError as error:
            return error

    together([lambda price=price: wish(price) for price in (96, 97, 98)])
    with tenancy.tenant(owner.pk):
        assert Amendment.objects.count() == 1
    services.cancel_order(owner_id=owner.pk, order_id=order.pk)
    together([lambda: services.finish_amendment(owner_id=owner.pk, order_id=order.pk)] * 4)
    with tenancy.tenant(owner.pk):
        assert Order.objects.filter(replaces=order).count() == 1
