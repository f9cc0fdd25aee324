"""While an account's history is being built nobody places an order or moves money there: it would stand before it."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import clock, tenancy
from kit.users.models import User
from tests.trading.desk import Desk, make_desk
from tests.trading.test_api import Program, order_in
from trading.models import Order
from wallets.models import Posting
from wallets.venues.accounts import go_live, rehearse


@pytest.fixture
def desk(owner: User) -> Desk:
    desk = make_desk(owner)
    with tenancy.tenant(owner.pk):
        rehearse(connection=desk.connection)
    return desk


def refused(answer: Any) -> bool:
    return answer.status_code == 409 and "Wait until the history of Desk is built" in answer.json()["detail"]


def test_an_order_of_the_present_is_refused_until_the_history_is_built(owner: User, desk: Desk) -> None:
    program = Program(owner)
    key = {"Idempotency-Key": "by hand"}
    assert refused(program.post("/orders", order_in(desk), **key))
    with tenancy.tenant(owner.pk):
        assert not Order.objects.exists()
        go_live(connection=desk.connection)
    assert program.post("/orders", order_in(desk), **key).status_code == 201


def test_the_past_trades_meanwhile(owner: User, desk: Desk) -> None:
    with tenancy.tenant(owner.pk), clock.at(clock.now()):
        desk.wallet.refresh_from_db()
        assert desk.place("buy", "1").risk_decisions.exists()


@pytest.mark.parametrize("act", ["deposit", "allocate", "collect"])
def test_money_stays_where_it_is_meanwhile(owner: User, desk: Desk, act: str) -> None:
    wallet = {"deposit": desk.master, "allocate": desk.farm, "collect": desk.wallet}[act]
    body = {"asset": "USDT", "amount": "5"} | ({"target_id": str(desk.wallet.pk)} if act == "allocate" else {})
    with tenancy.tenant(owner.pk):
        before = Posting.objects.count()
    program = Program(owner)
    assert refused(program.post(f"/wallets/{wallet.pk}/{act}", body, **{"Idempotency-Key": act}))
    assert refused(program.post(f"/wallets/{wallet.pk}/{act}/preview", body))
    with tenancy.tenant(owner.pk):
        assert Posting.objects.count() == before


def test_the_page_says_why(client: Client, owner: User, desk: Desk) -> None:
    client.force_login(owner)
    page = client.get(reverse("wallets:collect", args=(desk.wallet.pk,)), {"asset": "USDT", "amount": Decimal(5)})
    assert page.status_code == 422
    assert "Wait until the history of Desk is built" in page.content.decode()
