"""Everything that can be closed below a wallet is sold first, and collected then."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit.users.models import User
from tests.programs import bearer
from tests.trading.desk import Desk, make_desk
from trading.models import Order, Position
from trading.services import execute_order


@pytest.fixture
def desk(as_owner: User) -> Desk:
    made = make_desk(as_owner)
    made.trade("buy", "2")
    return made


def carry_out(desk: Desk) -> None:
    for order in Order.objects.unfinished():
        execute_order(owner_id=desk.owner.pk, order_id=order.pk)


def test_a_program_sells_everything_and_collects_all_of_it(desk: Desk, other_owner: User) -> None:
    program, address = Client(headers=bearer(desk.owner)), f"/api/v1/wallets/{desk.farm.pk}/close"
    asked: dict[str, Any] = {"content_type": "application/json"}
    assert Client(headers=bearer(other_owner)).post(address, **asked).status_code == 404
    wish = {"do": "collect", "wallet_id": str(desk.wallet.pk), "what": "everything"}
    headers = {"Idempotency-Key": "plan"}
    before = program.post("/api/v1/allocations/preview", wish, headers=headers, **asked).json()
    assert [line["asset"] for line in before["lines"]] == ["USDT"]
    first = program.post(address, **asked).json()
    assert (first["is_done"], len(first["exits"]), len(first["open"])) == (False, 1, 1)
    again = program.post(address, **asked).json()  # nothing is sold twice
    assert (again["is_done"], again["exits"], again["open"][0]["order_id"]) == (False, [], first["exits"][0])
    carry_out(desk)
    assert program.post(address, **asked).json() == {"is_done": True, "exits": [], "open": []}
    assert desk.balance("BTC") == 0
    after = program.post("/api/v1/allocations/preview", wish, headers={"Idempotency-Key": "two"}, **asked).json()
    assert Decimal(after["lines"][0]["amount"]) == desk.balance("USDT") > Decimal(before["lines"][0]["amount"])


def test_the_page_says_what_would_be_sold_and_leads_on_when_it_is(desk: Desk, client: Client) -> None:
    client.force_login(desk.owner)
    page = reverse("trading:leave", args=(desk.master.pk,))
    assert page in client.get(reverse("wallets:wish", args=(desk.master.pk,)) + "?do=collect").content.decode()
    shown = client.get(page).content.decode()
    assert "Sell 1 position<" in shown
    assert "BTC/USDT" in shown
    assert "Exits on their way to the market: 1." in client.post(page, follow=True).content.decode()
    assert "Its exit is on its way" in client.post(page, follow=True).content.decode()
    carry_out(desk)
    assert not Position.objects.filter(closed_at=None).exists()
    done = client.get(page).content.decode()
    assert f"{reverse('wallets:wish', args=(desk.master.pk,))}?do=collect" in done
