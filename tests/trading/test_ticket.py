"""An order by hand is sized, reviewed as the gate sees it, and placed once; programs ask for the same review."""

from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.users.models import User
from markets.models import Instrument
from tests.programs import bearer
from tests.trading.desk import Desk, make_desk, set_price
from trading.models import Order, Position, RiskDecision
from wallets.models import Account, Connection

D = Decimal
PAGE = reverse("trading:ticket")


@pytest.fixture
def desk(owner: User, client: Client) -> Desk:
    desk = make_desk(owner, cash=D(10_000))
    set_price(desk.instrument, "100", bid=D(99), ask=D(101))
    client.force_login(owner)
    return desk


def asked(desk: Desk, **changes: str) -> dict[str, str]:
    given = {
        "wallet": str(desk.wallet.pk),
        "symbol": "BTC/USDT",
        "side": "buy",
        "sizing_by": "quantity",
        "how_much": "2",
    }
    return given | {"exit_stop": "", "exit_target": "", "exit_trail": "", "why": ""} | changes


def review(client: Client, desk: Desk, **changes: str) -> Any:
    answer = client.post(PAGE, asked(desk, **changes))
    assert answer.status_code == 200, answer.content.decode()
    return answer.context["review"]


def placing(desk: Desk, seen: Any, **more: str) -> dict[str, str]:
    return {"wallet": str(desk.wallet.pk), "step": "place", "order": seen.order, **more}


def test_the_review_is_the_gates_and_places_nothing_until_it_is_confirmed(client: Client, desk: Desk) -> None:
    seen = review(client, desk, exit_stop="95", exit_target="120", why="A hunch")
    preview = seen.preview
    assert (preview.order.quantity, preview.price, preview.notional) == (2, 101, 202)
    assert (preview.fee, preview.spread) == (D("0.202"), 2)
    assert (preview.position, preview.position_after) == (0, 2)
    assert (preview.free, preview.free_after) == (10_000, 10_000 - 202 - D("0.202"))
    assert (preview.risk, preview.value) == (12, 10_000)
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()
        assert not RiskDecision.objects.exists()
        assert not Account.objects.exclude(held=0).exists()
    first, again = (client.post(PAGE, placing(desk, seen)) for _ in range(2))
    assert first.status_code == 302
    assert again.url == first.url
    with tenancy.tenant(desk.owner.pk):
        order = Order.objects.get()
        assert (order.quantity, order.exit_stop, order.exit_target) == (2, 95, 120)
        assert (order.reason.exact, order.status) == ("A hunch", "submitting")


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({"sizing_by": "amount", "how_much": "1000"}, "9.900"),
        ({"sizing_by": "amount", "how_much": "1.010,50"}, "10.004"),
        ({"sizing_by": "share", "how_much": "50"}, "48.966"),  # with its fee and the cushion
        ({"sizing_by": "risk", "how_much": "1", "exit_stop": "96"}, "20.000"),
        ({"side": "sell", "sizing_by": "share", "how_much": "50"}, "1.500"),
    ],
)
def test_a_size_is_said_in_whatever_the_trader_thinks_in(
    client: Client, desk: Desk, changes: dict[str, str], quantity: str
) -> None:
    if "," in changes["how_much"]:
        User.objects.filter(pk=desk.owner.pk).update(number_format="1.234,56")
    if changes.get("side") == "sell":
        desk.trade("buy", "3")
    assert review(client, desk, **changes).preview.order.quantity == D(quantity)


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        ({"type": "limit", "limit_price": "90"}, "90"),
        ({"type": "stop", "trigger_price": "110"}, "110"),
        ({"type": "trailing_stop", "trail": "9"}, "110"),
        ({"type": "stop_limit", "trigger_price": "110", "limit_price": "112"}, "112"),
    ],
)
def test_what_rests_or_waits_is_sized_by_the_price_that_it_is_to_be_filled_at(
    client: Client, desk: Desk, changes: dict[str, str], entry: str
) -> None:
    at_risk = review(client, desk, sizing_by="risk", how_much="1", exit_stop="80", **changes).preview
    assert at_risk.order.quantity == (100 / (D(entry) - 80)).quantize(D("0.001"), ROUND_DOWN)
    assert at_risk.risk_share <= D("0.01")
    whole = review(client, desk, sizing_by="share", how_much="100", **changes).preview
    assert whole.verdict.allowed, whole.verdict.explanation


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbol": "NO/SUCH"}, "symbol"),
        ({"how_much": "0"}, "how_much"),
        ({"how_much": "0.0001", "sizing_by": "amount"}, "how_much"),
        ({"how_much": "101", "sizing_by": "share"}, "how_much"),
        ({"how_much": "1", "sizing_by": "risk"}, "exit_stop"),
        ({"how_much": "1", "sizing_by": "risk", "exit_stop": "101"}, "exit_stop"),
        ({"exit_stop": "99"}, "exit_stop"),
        ({"exit_target": "99"}, "exit_target"),
        ({"exit_trail": "99"}, "exit_trail"),
        ({"side": "sell", "exit_stop": "90"}, "exit_stop"),
        ({"side": "hold"}, "side"),
        ({"sizing_by": "moon"}, "sizing_by"),
    ],
)
def test_what_makes_no_order_is_said_at_its_field(
    client: Client, desk: Desk, changes: dict[str, str], field: str
) -> None:
    answer = client.post(PAGE, asked(desk, **changes))
    assert (answer.status_code, answer.context["review"]) == (422, None)
    assert field in answer.context["form"].errors


def test_a_refusal_is_seen_before_anything_is_placed(client: Client, desk: Desk) -> None:
    seen = review(client, desk, how_much="1000")
    assert (seen.preview.verdict.allowed, seen.preview.verdict.limit) == (False, "maximum_notional")
    page = client.post(PAGE, asked(desk, how_much="1000")).content.decode()
    assert "Refused" in page
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()


def test_live_money_asks_for_the_name(client: Client, desk: Desk) -> None:
    with tenancy.tenant(desk.owner.pk):
        Connection.objects.filter(pk=desk.connection.pk).update(is_paper=False)
    seen = review(client, desk)
    refused = client.post(PAGE, placing(desk, seen, typed="Agen"))
    assert (refused.status_code, "Type Agent" in refused.content.decode()) == (422, True)
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()
    client.post(PAGE, placing(desk, refused.context["review"], typed="Agent"))
    with tenancy.tenant(desk.owner.pk):
        assert Order.objects.count() == 1


def test_somebody_elses_wallet_is_none(client: Client, desk: Desk, other_owner: User) -> None:
    client.force_login(other_owner)
    assert client.post(PAGE, asked(desk)).status_code == 404
    assert client.get(PAGE, {"wallet": str(desk.wallet.pk)}).status_code == 404
    assert client.get(PAGE, {"wallet": "no id"}).status_code == 404
    assert desk.wallet.name not in client.get(PAGE).content.decode()


def test_programs_see_what_the_page_shows(client: Client, desk: Desk) -> None:
    body = {
        "wallet_id": str(desk.wallet.pk),
        "symbol": "BTC/USDT",
        "side": "buy",
        "quantity": "2",
        "exit_stop": "95",
        "exit_trail": "4",
    }
    headers = bearer(desk.owner, "read")
    answer = client.post("/api/v1/orders/preview", body, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    found, shown = answer.json(), review(client, desk, exit_stop="95", exit_trail="4").preview
    for name in ("price", "notional", "fee", "spread", "position", "position_after", "free", "free_after", "risk"):
        assert D(found[name]) == getattr(shown, name), name
    assert (found["allowed"], found["limit"]) == (True, "")
    assert "Allowed" in found["explanation"]
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()


def test_without_a_price_it_says_so_and_refuses(client: Client, desk: Desk) -> None:
    Instrument.objects.get(pk=desk.instrument.pk).ticker.delete()
    assert review(client, desk).preview.verdict.limit == "price_age"
    answer = client.post(PAGE, asked(desk, sizing_by="amount", how_much="100"))
    assert (answer.status_code, "no price" in answer.content.decode()) == (422, True)


def test_what_was_reviewed_is_placed_whatever_else_is_sent_and_however_numbers_are_written_by_then(
    client: Client, desk: Desk
) -> None:
    seen = review(client, desk, how_much="1.234", exit_stop="95.5")
    User.objects.filter(pk=desk.owner.pk).update(number_format="1.234,56")
    other = placing(desk, seen, how_much="3", sizing_by="amount", exit_stop="1", side="sell")
    assert client.post(PAGE, other).status_code == 302
    with tenancy.tenant(desk.owner.pk):
        order = Order.objects.get()
        assert (order.side, order.quantity, order.exit_stop) == ("buy", D("1.234"), D("95.5"))


@pytest.mark.parametrize("order", ["", "nonsense", "forged"])
def test_what_was_not_reviewed_is_not_placed(client: Client, desk: Desk, order: str) -> None:
    order = signing.dumps({"wallet": str(desk.wallet.pk)}, salt="another") if order == "forged" else order
    answer = client.post(PAGE, {"wallet": str(desk.wallet.pk), "step": "place", "order": order}, follow=True)
    assert "Nothing was placed" in answer.content.decode()
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()


def test_a_review_of_one_wallet_places_nothing_in_another(client: Client, desk: Desk) -> None:
    seen = review(client, desk)
    client.post(PAGE, placing(desk, seen) | {"wallet": str(desk.farm.pk)})
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()


def test_a_stop_that_follows_is_part_of_the_review(client: Client, desk: Desk) -> None:
    preview = review(client, desk, exit_stop="90", exit_trail="4").preview
    assert (preview.stop, preview.risk) == (95, 12)  # behind the bid of 99


def test_a_later_buy_widens_no_trail(desk: Desk) -> None:
    for trail in ("4", "9", "3"):
        desk.trade("buy", "1", exit_trail=D(trail))
        with tenancy.tenant(desk.owner.pk):
            assert Position.objects.get().exit_trail == min(D(4), D(trail))


def test_a_limit_order_is_reviewed_with_its_limit_and_placed_as_it_was_reviewed(client: Client, desk: Desk) -> None:
    limit = {"type": "limit", "limit_price": "95", "time_in_force": "gtd", "expires_at": "2099-01-01T10:00"}
    seen = review(client, desk, **limit, post_only="on", sizing_by="share", how_much="50")
    assert (seen.preview.price, seen.preview.spread, seen.preview.market_price) == (95, 0, 101)
    assert seen.preview.order.quantity == D("52.578")  # 5,000 at 95 and its fee, without a cushion
    answer = client.post(PAGE, placing(desk, seen))
    assert answer.status_code == 302
    with tenancy.tenant(desk.owner.pk):
        order = Order.objects.get()
        assert (order.type, order.limit_price, order.time_in_force, order.post_only) == ("limit", 95, "gtd", True)
        assert order.expires_at is not None
        assert order.expires_at.year == 2099
    page = client.get(answer["Location"]).content.decode()
    assert "Until a moment" in page
    assert "it only rests" in page
    assert "Limit, GTD, only rests" in client.get(reverse("trading:orders")).content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "limit"}, "limit_price"),
        ({"type": "limit", "limit_price": "0"}, "limit_price"),
        ({"type": "limit", "limit_price": "95.001"}, "limit_price"),
        ({"limit_price": "95"}, "limit_price"),
        ({"post_only": "on"}, "post_only"),
        ({"type": "limit", "limit_price": "95", "time_in_force": "gtd"}, "expires_at"),
        ({"type": "limit", "limit_price": "95", "expires_at": "2099-01-01T10:00"}, "expires_at"),
        ({"type": "limit", "limit_price": "95", "time_in_force": "fok", "post_only": "on"}, "time_in_force"),
        ({"type": "moon"}, "type"),
    ],
)
def test_what_makes_no_limit_is_said_at_its_field(
    client: Client, desk: Desk, changes: dict[str, str], field: str
) -> None:
    answer = client.post(PAGE, asked(desk, **changes))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()


def test_programs_place_and_preview_a_limit_order(client: Client, desk: Desk) -> None:
    def post(path: str, body: dict[str, Any], **headers: str) -> Any:
        given = bearer(desk.owner) | headers
        return client.post(f"/api/v1/orders{path}", body, content_type="application/json", headers=given)

    body = {"wallet_id": str(desk.wallet.pk), "symbol": "BTC/USDT", "side": "buy", "quantity": "2", "type": "limit"}
    told = post("/preview", body | {"limit_price": "95"}).json()
    assert (told["allowed"], told["price"], told["notional"]) == (True, "95", "190")
    for changes, field in (
        ({}, "limit_price"),
        ({"limit_price": "95.001"}, "limit_price"),
        ({"limit_price": "95", "time_in_force": "gtd", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"type": "market", "limit_price": "95"}, "limit_price"),
    ):
        answer = post("/preview", body | changes)
        assert answer.status_code == 422
        assert field in answer.content.decode()
    given = body | {"limit_price": "95", "post_only": True}
    placed = post("", given, **{"Idempotency-Key": "one"})
    assert placed.status_code == 201, placed.json()
    said = placed.json()
    assert (said["type"], said["limit_price"], said["time_in_force"], said["post_only"]) == ("limit", "95", "gtc", True)
    assert post("", given, **{"Idempotency-Key": "one"}).json()["id"] == said["id"]


def test_a_quantity_between_two_lots_is_refused_and_what_is_worked_out_is_rounded(client: Client, desk: Desk) -> None:
    answer = client.post(PAGE, asked(desk, how_much="1.23456"))
    assert answer.status_code == 422
    said = str(answer.context["form"].errors["how_much"])
    assert "1.234" in said
    assert "1.235" in said
    assert review(client, desk, sizing_by="amount", how_much="1000").preview.order.quantity == D("9.900")


@pytest.mark.parametrize("page", ["portfolio:home", "wallets:wallet"])
def test_the_ticket_is_a_click_away_with_its_wallet(client: Client, desk: Desk, page: str) -> None:
    args = (desk.wallet.pk,) if page.startswith("wallets") else ()
    shown = client.get(reverse(page, args=args), {} if args else {"wallet": str(desk.wallet.pk)}).content.decode()
    address = f"{PAGE}?wallet={desk.wallet.pk}"
    assert f'href="{address}"' in shown
    assert client.get(address).context["wallet"] == desk.wallet


def test_a_market_that_was_chosen_first_is_kept_while_the_wallet_is_chosen(client: Client, desk: Desk) -> None:
    shown = client.get(PAGE, {"symbol": "BTC/USDT"}).content.decode()
    assert '<input type="hidden" name="symbol" value="BTC/USDT">' in shown
    form = client.get(PAGE, {"symbol": "BTC/USDT", "wallet": str(desk.wallet.pk)}).context["form"]
    assert form.initial["symbol"] == "BTC/USDT"
