"""A person closes a position: reviewed, once, through the gate like every order."""

from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.users.models import User
from tests.trading.desk import Desk, make_desk
from trading.models import Order, Position
from trading.services import execute_order
from wallets.models import Connection


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
