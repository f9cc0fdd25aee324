"""A person closes a position: reviewed, once, through the gate like every order."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.users.models import User
from tests.trading.desk import Desk, assert_books_prove_themselves, make_desk, set_price
from tests.trading.perpetual_desk import make_perpetual_desk
from trading import services
from trading.models import Order, Position
from trading.orders.terms import Limit, Trigger
from trading.services import execute_order
from wallets.models import Connection
from wallets.venues.demo import following

D = Decimal


@pytest.fixture
def held(owner: User) -> Desk:
    desk = make_desk(owner)
    desk.trade("buy", "2")
    return desk


def position_of(desk: Desk) -> Position:
    with tenancy.tenant(desk.owner.pk):
        return Position.objects.get(closed_at=None)


def test_the_review_says_what_it_does_and_the_order_is_placed_once(client: Client, held: Desk) -> None:
    client.force_login(held.owner)
    position = position_of(held)
    address = reverse("trading:position-close", args=[position.pk])
    review = client.get(address)
    assert review.status_code == 200
    with tenancy.tenant(held.owner.pk):
        assert Order.objects.filter(side="sell").count() == 0
    key = str(review.context["key"])
    answers = [client.post(address, {"key": key}) for _ in range(2)]
    with tenancy.tenant(held.owner.pk):
        (order,) = Order.objects.filter(side="sell")
    assert {answer["Location"] for answer in answers} == {reverse("trading:order", args=[order.pk])}
    assert (order.quantity, order.reduce_only, str(order.reason)) == (position.quantity, True, "Closed by hand.")
    execute_order(owner_id=held.owner.pk, order_id=order.pk)
    with tenancy.tenant(held.owner.pk):
        assert Position.objects.get(pk=position.pk).closed_at is not None
    assert client.get(address).status_code == 404


def test_somebody_else_closes_nothing(client: Client, held: Desk, other_owner: User) -> None:
    client.force_login(other_owner)
    address = reverse("trading:position-close", args=[position_of(held).pk])
    assert client.get(address).status_code == client.post(address, {"key": str(uuid4())}).status_code == 404
    with tenancy.tenant(held.owner.pk):
        assert Order.objects.filter(side="sell").count() == 0


def test_live_money_asks_for_the_name(client: Client, held: Desk) -> None:
    with tenancy.tenant(held.owner.pk):
        Connection.objects.update(is_paper=False)
        with database.cursor() as cursor:
            cursor.execute("SELECT wallets_make_live(id, now()) FROM wallets_connection")
    client.force_login(held.owner)
    position = position_of(held)
    address = reverse("trading:position-close", args=[position.pk])
    wrong = client.post(address, {"key": "one", "typed": "something"})
    assert wrong.status_code == 422
    assert wrong.context["key"] == "one"
    with tenancy.tenant(held.owner.pk):
        assert Order.objects.filter(side="sell").count() == 0
    assert client.post(address, {"key": "one", "typed": wrong.context["position"].wallet}).status_code == 302


def test_what_is_at_risk_is_what_the_way_to_the_stop_costs(client: Client, held: Desk) -> None:
    with tenancy.tenant(held.owner.pk):
        Position.objects.update(exit_stop="90")
    client.force_login(held.owner)
    (row,) = client.get(reverse("trading:positions")).context["page"].object_list
    assert row.mark is not None
    assert row.at_risk == (row.mark - 90) * row.quantity
    assert row.stop_distance == 1 - 90 / row.mark


def close(desk: Desk, key: str = "k") -> Order:
    with tenancy.tenant(desk.owner.pk):
        position = Position.objects.get(closed_at=None)
        return services.close_position(owner_id=desk.owner.pk, position_id=position.pk, key=key)


def test_an_order_of_two_prices_makes_way_for_closing_at_once(held: Desk) -> None:
    waiting = held.place("sell", "2", reduce_only=True, trigger=Trigger("oco", D(90), target=D(120)))
    assert (waiting.status, held.held("BTC")) == ("waiting", 2)
    order = close(held)
    assert (held.fresh(waiting).status, held.fresh(order).status) == ("cancelled", "submitting")
    assert held.held("BTC") == 2
    assert close(held).pk == order.pk
    assert held.execute(order).status == "filled"
    assert (held.held("BTC"), held.books_agree()) == (0, True)
    assert_books_prove_themselves(held)


def test_a_limit_that_rests_at_the_venue_makes_way_and_the_sale_is_sent_then(client: Client, held: Desk) -> None:
    resting = held.trade("sell", "1.5", reduce_only=True, limit=Limit(D(120)))
    stop = held.place("sell", "0.5", reduce_only=True, trigger=Trigger("stop", D(90)))
    client.force_login(held.owner)
    address = reverse("trading:position-close", args=[position_of(held).pk])
    assert client.post(address, {"key": "k"}).status_code == 302
    with tenancy.tenant(held.owner.pk):
        order = Order.objects.get(key__startswith="close:")
    assert (order.status, held.fresh(resting).status, held.fresh(stop).status) == ("waiting", "open", "cancelled")
    services.cancel_order(owner_id=held.owner.pk, order_id=resting.pk)
    assert (held.fresh(resting).status, held.fresh(order).status) == ("cancelled", "submitting")
    assert held.execute(order).status == "filled"
    with tenancy.tenant(held.owner.pk):
        assert not Position.objects.filter(closed_at=None).exists()
    assert (held.held("BTC"), held.books_agree()) == (0, True)
    assert_books_prove_themselves(held)


def test_what_was_sold_while_it_made_way_is_sold_once(held: Desk) -> None:
    resting = held.trade("sell", "2", reduce_only=True, limit=Limit(D(120)))
    order = close(held)
    set_price(held.instrument, "130")
    following.match_account(owner_id=held.owner.pk, connection_id=held.connection.pk)
    services.cancel_order(owner_id=held.owner.pk, order_id=resting.pk)
    assert (held.fresh(resting).status, held.fresh(order).status) == ("filled", "expired")
    assert "has sold what it was to sell" in str(held.fresh(order).refusal)
    with tenancy.tenant(held.owner.pk):
        assert not Position.objects.filter(closed_at=None).exists()
    assert (held.held("BTC"), held.books_agree()) == (0, True)


def test_a_short_is_closed_although_an_order_of_two_prices_would(owner: User) -> None:
    desk = make_perpetual_desk(owner)
    desk.trade("sell", "1", leverage=D(5))
    waiting = desk.place("buy", "1", reduce_only=True, trigger=Trigger("oco", D(110), target=D(90)))
    order = close(desk)
    assert (desk.fresh(waiting).status, desk.fresh(order).status) == ("cancelled", "submitting")
    assert desk.execute(order).status == "filled"
    desk.assert_settled()
