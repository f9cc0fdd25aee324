"""What the review of an order says of its slippage is what the paper exchange then fills it with."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.users.models import User
from tests.programs import bearer
from tests.trading.desk import Desk, make_desk, set_price
from tests.trading.perpetual_desk import make_perpetual_desk
from trading import services
from trading.orders.intents import Terms
from trading.orders.terms import Limit, Trigger

D = Decimal
ALIKE = ("slippage", "slippage_bps")


@pytest.fixture
def desk(owner: User) -> Desk:
    """With ten bitcoin, so that there is something to sell."""
    desk = make_desk(owner, cash=D(100_000))
    desk.trade("buy", "10")
    set_price(desk.instrument, "100", bid=D("99.90"), ask=D("100.20"))
    return desk


def preview(desk: Desk, side: str, quantity: str, **terms: Any) -> services.Preview:
    with tenancy.tenant(desk.owner.pk):
        given = Terms(side, D(quantity), "A test.", **terms)
        return services.preview_order(wallet=desk.wallet, instrument=desk.instrument, terms=given)


@pytest.mark.parametrize(("side", "quantity"), [("buy", "0.5"), ("buy", "200"), ("sell", "0.5"), ("sell", "9")])
def test_the_estimate_is_the_paper_fill_of_the_same_order(desk: Desk, side: str, quantity: str) -> None:
    seen = preview(desk, side, quantity)
    order = desk.trade(side, quantity)
    with tenancy.tenant(desk.owner.pk):
        fills = list(order.fills.order_by("pk").values_list("quantity", "price"))
    assert seen.estimate is not None
    assert (fills, seen.slippage_by, seen.walked_at) == (list(seen.estimate.parts), "model", None)
    middle, sign = D("100.05"), 1 if side == "buy" else -1
    paid = sum((sign * (price - middle) * size for size, price in fills), D(0))
    assert seen.slippage == paid
    assert seen.slippage_bps == (paid / (D(quantity) * middle) * 10_000).quantize(D("0.01"))
    assert seen.slippage >= seen.spread


def test_that_of_a_perpetual_is_too(owner: User) -> None:
    desk = make_perpetual_desk(owner, slippage=True)
    for side, quantity in (("sell", "3"), ("buy", "5")):  # which turns it round
        seen = preview(desk, side, quantity)
        order = desk.trade(side, quantity)
        with tenancy.tenant(owner.pk):
            fills = list(order.fills.order_by("pk").values_list("quantity", "price"))
        assert seen.estimate is not None
        assert fills == list(seen.estimate.parts)


@pytest.mark.parametrize("terms", [{"limit": Limit(D(90))}, {"trigger": Trigger("stop", price=D(120))}])
def test_what_rests_or_waits_has_none(desk: Desk, terms: dict[str, Any]) -> None:
    seen = preview(desk, "buy", "1", **terms)
    assert (seen.slippage, seen.slippage_bps, seen.slippage_by) == (None, None, "")


def test_page_and_program_say_the_same(client: Client, desk: Desk) -> None:
    client.force_login(desk.owner)
    said = {"wallet_id": str(desk.wallet.pk), "symbol": "BTC/USDT", "side": "buy", "quantity": "2"}
    headers = bearer(desk.owner, "read")
    told = client.post("/api/v1/orders/preview", said, content_type="application/json", headers=headers).json()
    asked = {"wallet": str(desk.wallet.pk), "symbol": "BTC/USDT", "side": "buy", "sizing_by": "quantity"}
    page = client.post(reverse("trading:ticket"), asked | {"how_much": "2"})
    shown = page.context["review"].preview
    assert [D(told[name]) for name in ALIKE] == [getattr(shown, name) for name in ALIKE]
    assert (told["slippage_by"], told["walked_at"]) == (shown.slippage_by, shown.walked_at) == ("model", None)
    assert "participation model" in page.content.decode()
