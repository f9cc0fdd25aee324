"""An order that waits for its trigger gets other terms: another waits in its place at once, or nothing changes."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from tests.programs import bearer
from tests.trading.desk import Desk, assert_books_prove_themselves, make_desk
from tests.trading.test_triggers import look, prices
from trading import services
from trading.models import Amendment, Order
from trading.orders.intents import OrderConflictError
from trading.orders.terms import Limit, Trigger

D = Decimal


@pytest.fixture
def desk(owner: User) -> Desk:
    desk = make_desk(owner)
    prices(desk, "99", "101")
    return desk


def amend(desk: Desk, order: Order, key: str = "wish", **asked: str) -> Amendment:
    with tenancy.tenant(desk.owner.pk):
        terms = {name: D(value) for name, value in asked.items()}
        return services.amend_order(owner_id=desk.owner.pk, order_id=order.pk, key=key, **terms)


def heir(desk: Desk, order: Order) -> Order:
    with tenancy.tenant(desk.owner.pk):
        return Order.objects.select_related("instrument").get(replaces=order)


def only(desk: Desk) -> Order:
    with tenancy.tenant(desk.owner.pk):
        return Order.objects.unfinished().get()


KINDS: list[tuple[Trigger, dict[str, Any], dict[str, str]]] = [
    (Trigger("stop", price=D(110)), {}, {"trigger_price": "112", "quantity": "3"}),
    (Trigger("take_profit", price=D(90)), {}, {"trigger_price": "88"}),
    (Trigger("stop_limit", price=D(110)), {"limit": Limit(D(111))}, {"limit_price": "115"}),
    (Trigger("oco", price=D(110), target=D(90)), {}, {"target_price": "85"}),
    (Trigger("trailing_stop", trail=D(5)), {}, {"trail": "8"}),
    (Trigger("trailing_stop", trail_share=D("0.05")), {}, {"trail_share": "0.02"}),
]


@pytest.mark.parametrize(("trigger", "terms", "asked"), KINDS)
def test_another_waits_in_its_place_with_what_it_needs_held(
    desk: Desk, trigger: Trigger, terms: dict[str, Any], asked: dict[str, str]
) -> None:
    first = desk.place("buy", "2", trigger=trigger, exit_stop=D(50), **terms)
    wish = amend(desk, first, **asked)
    second = heir(desk, first)
    assert (desk.fresh(first).status, second.status, wish.way) == ("cancelled", "waiting", "here")
    assert only(desk) == second
    assert {name: getattr(second, name) for name in asked} == {name: D(value) for name, value in asked.items()}
    same = {"type", "side", "exit_stop", "target_price", "limit_price", "trail", "quantity"} - asked.keys()
    assert [getattr(second, name) for name in sorted(same)] == [getattr(first, name) for name in sorted(same)]
    with tenancy.tenant(desk.owner.pk):
        assert second.hold is not None
        assert desk.held("USDT") == second.hold.amount
        assert not Amendment.objects.exists()
    assert_books_prove_themselves(desk)


def test_the_one_that_waits_now_is_sent_and_the_first_is_not(desk: Desk) -> None:
    first = desk.place("buy", "2", trigger=Trigger("stop", price=D(110)))
    amend(desk, first, trigger_price="120")
    prices(desk, "111", "112")
    look(desk)
    assert only(desk).status == "waiting"
    prices(desk, "120", "121")
    look(desk)
    assert (desk.fresh(first).status, desk.execute(only(desk)).status) == ("cancelled", "filled")
    assert desk.balance("BTC") == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"trigger_price": "100"},  # the ask has reached it
        {"trigger_price": "110"},  # as it is
        {"quantity": "100000"},  # more than the limits allow
        {"trail": "3"},
        {"limit_price": "120"},
        {"trigger_price": "110.001"},
        {"quantity": "1.0005"},  # which is not in whole lots
        {"quantity": "-1"},
        {},
    ],
)
def test_what_it_cannot_have_leaves_it_as_it_is(desk: Desk, asked: dict[str, str]) -> None:
    first = desk.place("buy", "2", trigger=Trigger("stop", price=D(110)))
    held = desk.held("USDT")
    with pytest.raises(InvalidInputError):
        amend(desk, first, **asked)
    assert (only(desk), desk.fresh(first).status, desk.held("USDT")) == (first, "waiting", held)


def test_the_same_wish_twice_is_one_and_another_comes_too_late(desk: Desk) -> None:
    first = desk.place("buy", "2", trigger=Trigger("stop", price=D(110)))
    amend(desk, first, trigger_price="112")
    amend(desk, first, trigger_price="112")
    assert only(desk) == heir(desk, first)
    with pytest.raises(OrderConflictError):
        amend(desk, first, trigger_price="113")
    with pytest.raises(ConflictError):
        amend(desk, first, key="another", trigger_price="113")
    with tenancy.tenant(desk.owner.pk):
        services.request_cancellation(owner_id=desk.owner.pk, order_id=heir(desk, first).pk)
    with pytest.raises(InvalidInputError):
        amend(desk, desk.trade("buy", "1", limit=Limit(D(90))), trigger_price="113")


@pytest.mark.parametrize(("trigger", "terms", "asked"), KINDS)
def test_the_same_key_with_other_terms_is_another_wish(
    desk: Desk, trigger: Trigger, terms: dict[str, Any], asked: dict[str, str]
) -> None:
    first = desk.place("buy", "2", trigger=trigger, **terms)
    amend(desk, first, **asked)
    amend(desk, first, **asked)
    ((name, _), *more) = asked.items()
    for another in ({"quantity": "2.5"}, asked | {"quantity": "4"}, {name: asked[name]} if more else {"trail": "9"}):
        with pytest.raises(OrderConflictError):
            amend(desk, first, **another)
    assert only(desk) == heir(desk, first)


def test_a_trailing_trigger_stays_where_it_has_moved(desk: Desk) -> None:
    desk.trade("buy", "2")
    first = desk.place("sell", "2", trigger=Trigger("trailing_stop", trail=D(10)), reduce_only=True)
    prices(desk, "120", "121")
    look(desk)
    prices(desk, "115", "116")
    amend(desk, first, quantity="1")
    second = heir(desk, first)
    assert (second.quantity, second.trail, second.trigger_price) == (1, 10, 110)
    amend(desk, second, trail="20")
    assert heir(desk, second).trigger_price == 95


def test_how_far_it_trails_is_said_in_one_way(desk: Desk) -> None:
    """Also where one of the two is as it is."""
    first = desk.place("buy", "2", trigger=Trigger("trailing_stop", trail=D(5)))
    with pytest.raises(InvalidInputError):
        amend(desk, first, trail="5", trail_share="0.02")
    amend(desk, first, trail_share="0.02")
    second = heir(desk, first)
    assert (second.trail, second.trail_share) == (None, D("0.02"))


def test_page_and_program_change_it(client: Client, desk: Desk) -> None:
    client.force_login(desk.owner)
    first = desk.place("buy", "2", trigger=Trigger("stop", price=D(110)))
    assert "Change" in client.get(reverse("trading:order", args=(first.pk,))).content.decode()
    page = reverse("trading:order-amend", args=(first.pk,))
    shown = client.get(page)
    assert set(shown.context["form"].fields) == {"trigger_price", "quantity", "key"}
    assert "nothing can happen in between" in shown.content.decode()
    answer = client.post(page, {"trigger_price": "112", "quantity": "2", "key": "k"})
    assert answer.status_code == 302
    second = heir(desk, first)
    headers = bearer(desk.owner, "trade") | {"Idempotency-Key": "once"}
    path = f"/api/v1/orders/{second.pk}/amend"
    told = client.post(path, {"trigger_price": "113"}, content_type="application/json", headers=headers)
    assert told.status_code == 202, told.content
    assert (told.json()["way"], told.json()["limit_price"]) == ("here", None)
    assert heir(desk, second).trigger_price == 113
    path = f"/api/v1/orders/{heir(desk, second).pk}/amend"
    for asked in ({"quantity": "2.0005"}, {"trail_share": "0.0123456789"}):
        told = client.post(path, asked, content_type="application/json", headers=headers | {"Idempotency-Key": "more"})
        assert told.status_code == 422
