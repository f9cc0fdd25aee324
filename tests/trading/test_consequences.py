"""A movement of money says in its preview what it does to a position and its protection, on the page and in the API."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.users.models import User
from tests.trading.desk import Desk, make_desk
from tests.trading.test_api import Program
from wallets.ledger import AccountRef, Leg, post


@pytest.fixture
def desk(owner: User) -> Desk:
    """One bitcoin in a protected position of the agent's wallet, and another one in the farm's."""
    desk = make_desk(owner)
    desk.trade("buy", "1", exit_stop=Decimal(95))
    with tenancy.tenant(owner.pk):
        legs = [Leg(AccountRef(desk.farm.pk, "BTC", "external"), AccountRef(desk.farm.pk, "BTC"), Decimal(1))]
        post(owner_id=owner.pk, key="found", kind="deposit", legs=legs)
    return desk


def warnings(owner: User, desk: Desk, act: str, amount: str, asset: str = "BTC") -> list[str]:
    source, more = (desk.wallet, {}) if act == "collect" else (desk.farm, {"target_id": str(desk.wallet.pk)})
    body: dict[str, Any] = {"asset": asset, "amount": amount, **more}
    answer = Program(owner).post(f"/wallets/{source.pk}/{act}/preview", body)
    assert answer.status_code == 200, answer.content
    said: list[str] = answer.json()["warnings"]
    return said


def test_taking_from_a_position_says_that_its_stop_sells_less(owner: User, desk: Desk) -> None:
    assert any("its stop or target sells only what stays" in said for said in warnings(owner, desk, "collect", "0.4"))
    assert any("nothing of it is left to sell" in said for said in warnings(owner, desk, "collect", "1"))


def test_giving_to_a_position_says_that_its_stop_goes_on(owner: User, desk: Desk) -> None:
    assert any("Its stop or target goes on." in said for said in warnings(owner, desk, "allocate", "0.2"))
    assert not any("position" in said for said in warnings(owner, desk, "allocate", "0.02"))  # too little to matter


def test_other_money_touches_no_position(owner: User, desk: Desk) -> None:
    assert not any("position" in said for said in warnings(owner, desk, "collect", "100", "USDT"))


def test_the_page_says_it_too(client: Client, owner: User, desk: Desk) -> None:
    client.force_login(owner)
    address = reverse("wallets:allocate", args=(desk.wallet.pk,))
    page = client.get(address, {"asset": "BTC", "amount": "0.2"}).content.decode()
    assert "Its stop or target goes on." in page
