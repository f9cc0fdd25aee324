"""What a person and a program see of a perpetual: the review, the position, and the stop that closes derivatives."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.users.models import User
from tests.programs import bearer
from tests.trading.perpetual_desk import PERPETUAL, PerpetualDesk, make_perpetual_desk
from trading import services
from trading.models import EmergencyStop, Order, Position

D = Decimal
TICKET = reverse("trading:ticket")


@pytest.fixture
def desk(owner: User, client: Client) -> PerpetualDesk:
    client.force_login(owner)
    return make_perpetual_desk(owner)


def asked(desk: PerpetualDesk, **changes: str) -> dict[str, str]:
    given = {"wallet": str(desk.wallet.pk), "symbol": PERPETUAL, "side": "sell", "sizing_by": "quantity"}
    levels = {"exit_stop": "", "exit_target": "", "exit_trail": ""}
    return given | {"how_much": "10", "leverage": "5", "why": ""} | levels | changes


class Program:
    """A client that carries a token."""

    def __init__(self, user: User) -> None:
        self.client = Client(headers=bearer(user))

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}").json()

    def order(self, desk: PerpetualDesk, path: str = "/orders", **changes: Any) -> Any:
        body = {"wallet_id": str(desk.wallet.pk), "symbol": PERPETUAL, "side": "sell", "quantity": "10", **changes}
        headers = {"Idempotency-Key": f"{path} {sorted(changes.items())}"}
        return self.client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)


def test_the_review_says_leverage_margin_and_where_it_would_be_liquidated(client: Client, desk: PerpetualDesk) -> None:
    answer = client.post(TICKET, asked(desk, exit_stop="105"))
    assert answer.status_code == 200
    preview = answer.context["review"].preview
    assert (preview.margin, preview.liquidation_price) == (200, D("118.811881188118811881"))
    assert (preview.position_after, preview.risk) == (-10, 50)
    assert preview.free_after == 100_000 - 200 - 1
    page = answer.content.decode()
    assert "118.81" in page
    placed = client.post(
        TICKET, {"wallet": str(desk.wallet.pk), "step": "place", "order": answer.context["review"].order}
    )
    assert placed.status_code == 302
    with tenancy.tenant(desk.owner.pk):
        order = Order.objects.get()
    assert (order.leverage, order.side, order.exit_stop) == (5, "sell", 105)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"leverage": "0.5"}, "Enter a leverage of 1 or more."),
        ({"leverage": "x"}, "number"),
        ({"symbol": "BTC/USDT", "side": "buy"}, "traded without leverage"),
    ],
)
def test_a_leverage_that_is_none_is_explained_at_its_field(
    client: Client, desk: PerpetualDesk, changes: dict[str, str], said: str
) -> None:
    answer = client.post(TICKET, asked(desk, **changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_the_size_by_percent_is_what_the_free_money_can_hold(client: Client, desk: PerpetualDesk) -> None:
    answer = client.post(TICKET, asked(desk, sizing_by="share", how_much="10", leverage="4"))
    order = answer.context["review"].preview.order
    # 10,000 of margin and fee, at 4 times, one percent dearer: 10,000 / (101 × 0.251)
    assert order.quantity == D("394.461")


def test_the_positions_page_shows_its_margin_and_its_distance_to_liquidation(
    client: Client, desk: PerpetualDesk
) -> None:
    desk.trade("sell", "10", leverage=D(5), exit_stop=D(110))
    position = desk.position()
    assert position is not None
    page = client.get(reverse("trading:position", args=(position.pk,))).content.decode()
    for words in ("Short BTC/USDT-PERP", "Liquidation price", "118.81", "isolated", "18.81", "Funding", "16:00 UTC"):
        assert words in page, words
    desk.trade("buy", "10")
    page = client.get(reverse("trading:position", args=(position.pk,))).content.decode()
    assert "Closed" in page


def test_programs_place_preview_and_read_it(desk: PerpetualDesk) -> None:
    program = Program(desk.owner)
    seen = program.order(desk, "/orders/preview", leverage="5").json()
    assert (seen["allowed"], D(seen["margin"])) == (True, 200)
    assert D(seen["liquidation_price"]).quantize(D("0.01")) == D("118.81")
    placed = program.order(desk, leverage="5")
    assert placed.status_code == 201
    assert placed.json()["leverage"] == "5"
    with tenancy.tenant(desk.owner.pk):
        order = Order.objects.get()
    desk.execute(order)
    (position,) = program.get("/positions")
    assert (position["direction"], position["margin_mode"], D(position["margin"])) == ("short", "isolated", 200)
    assert D(position["leverage"]) == 5
    one = program.get(f"/positions/{position['id']}")
    assert D(one["liquidation_price"]).quantize(D("0.01")) == D("118.81")


def test_programs_are_refused_in_words(desk: PerpetualDesk) -> None:
    program = Program(desk.owner)
    assert program.order(desk, leverage="0").status_code == 422
    assert program.order(desk, leverage="0.5").status_code == 422
    for changes, limit in (({"leverage": "21"}, "leverage"), ({"reduce_only": True}, "position")):
        answer = program.order(desk, **changes)
        assert (answer.status_code, answer.json()["outcome"]) == (201, "refused")
        preview = program.order(desk, "/orders/preview", **changes).json()
        assert (preview["allowed"], preview["limit"]) == (False, limit)
        assert answer.json()["refusal"] == preview["explanation"]


def test_an_emergency_stop_that_closes_derivatives_closes_them_and_keeps_what_is_spot(desk: PerpetualDesk) -> None:
    desk.trade("buy", "2", instrument=desk.spot)
    desk.trade("sell", "10", leverage=D(2))
    with tenancy.tenant(desk.owner.pk):
        given = {"owner_id": desk.owner.pk, "wallet_id": desk.wallet.pk, "policy": "close_derivatives"}
        assert [one.is_sold for one in services.preview_stop(**given).positions] == [True, False]
        stop = services.stop(**given)
        services.carry_out_stop(owner_id=desk.owner.pk, stop_id=stop.pk)
        (order,) = Order.objects.filter(key__startswith=Order.CLOSES_ALL)
    desk.execute(order)
    with tenancy.tenant(desk.owner.pk):
        done = services.carry_out_stop(owner_id=desk.owner.pk, stop_id=stop.pk)
    assert done.status == EmergencyStop.Status.DONE
    assert desk.position() is None
    assert desk.balance("BTC") == 2


def test_of_a_trade_that_turned_it_each_position_lists_its_part(client: Client, desk: PerpetualDesk) -> None:
    desk.trade("buy", "4", leverage=D(5))
    turning = desk.trade("sell", "10", leverage=D(5))
    (first,), second = desk.closed(), desk.position()
    assert second is not None
    for position, side, part in ((first, "exits", 4), (second, "entries", 6)):
        found = client.get(reverse("trading:position", args=(position.pk,))).context["found"]
        (fill,) = getattr(found, side)
        assert (fill.order_id, fill.quantity, fill.whole, fill.notional) == (turning.pk, part, 10, fill.price * part)
    with tenancy.tenant(desk.owner.pk):
        whole = turning.fills.get()
    parts = [position.fees for position in (first, second)]
    assert sum(parts) == whole.fee + desk_fee(desk, first)


def desk_fee(desk: PerpetualDesk, position: Position) -> Decimal:
    """What opening the first had cost."""
    with tenancy.tenant(desk.owner.pk):
        return Order.objects.get(side="buy").fills.get().fee


def test_the_ticket_asks_for_a_leverage_of_perpetuals_alone(client: Client, desk: PerpetualDesk) -> None:
    for symbol, is_asked in ((PERPETUAL, True), (desk.spot.symbol, False), ("", True)):
        form = client.get(TICKET, {"wallet": str(desk.wallet.pk), "symbol": symbol}).context["form"]
        assert ("leverage" in form.fields) == is_asked


def test_whoever_trades_at_a_master_is_not_called_its_agent(client: Client, desk: PerpetualDesk) -> None:
    desk.trade("buy", "1", leverage=D(5))
    position = desk.position()
    assert position is not None
    address = reverse("trading:position", args=(position.pk,))
    assert "Its agent" in client.get(address).content.decode()
    with tenancy.tenant(desk.owner.pk):
        desk.wallet.role = "farm"
        desk.wallet.save(update_fields=("role",))
    assert "Its agent" not in client.get(address).content.decode()


def test_closing_a_short_is_called_buying_back(client: Client, desk: PerpetualDesk) -> None:
    desk.trade("sell", "1", leverage=D(5))
    position = desk.position()
    assert position is not None
    address = reverse("trading:position-close", args=(position.pk,))
    assert "Buy all of it back at the market" in client.get(address).content.decode()
    answer = client.post(address, {"key": "k"}, follow=True)
    assert [str(said) for said in answer.context["messages"]] == [
        f"{PERPETUAL} is being bought back at the market: the order says how it goes."
    ]


def test_a_program_works_the_balance_out_from_the_fills(owner: User) -> None:
    """No base asset moves: what was realized is told with each fill, and whole with the position that was left."""
    desk = make_perpetual_desk(owner, slippage=True)
    program = Program(owner)
    for side, quantity, at in (("sell", "3", "100"), ("buy", "5", "90"), ("sell", "2", "95")):  # the second turns it
        desk.price(at)
        desk.trade(side, quantity, leverage=D(5))
    fills = program.get("/fills")["items"]
    made = sum(D(fill["realized"]) - D(fill["fee"]) for fill in fills)
    assert desk.balance("USDT") == 100_000 + made
    for closed in program.get("/positions/closed")["items"]:
        parts = program.get(f"/positions/{closed['id']}")["fills"]
        assert sum(D(part["realized"]) - D(part["fee"]) for part in parts) == D(closed["pnl"])
