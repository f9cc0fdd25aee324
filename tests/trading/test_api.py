"""Trading for programs."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kit import clock, tenancy
from kit.users.models import User
from markets.models import Instrument
from tests.programs import bearer
from tests.trading.desk import Desk, make_desk, set_price
from tests.wallets.books import fund
from trading import services
from trading.forms import FilterForm
from trading.models import Cancellation, EmergencyStop, Order, Position
from trading.orders.terms import Limit, Trigger
from wallets.models import Wallet
from wallets.venues.demo import account as demo

API = "/api/v1"


@pytest.fixture
def desk(owner: User) -> Desk:
    return make_desk(owner)


class Program:
    """A client that carries a token."""

    def __init__(self, user: User) -> None:
        self.client = Client(headers=bearer(user))

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(API + path, query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(API + path, body, content_type="application/json", headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.client.patch(API + path, body, content_type="application/json")


@pytest.fixture
def program(owner: User) -> Program:
    return Program(owner)


def order_in(desk: Desk, **changes: Any) -> dict[str, Any]:
    return {"wallet_id": str(desk.wallet.pk), "symbol": "BTC/USDT", "side": "buy", "quantity": "1.5", **changes}


def test_without_a_token_there_is_nothing(client: Client, db: None) -> None:
    for path in ("/orders", "/fills", "/positions", "/positions/closed"):
        assert client.get(API + path).status_code == 401


def test_an_order_is_placed_once_per_key(program: Program, desk: Desk) -> None:
    headers = {"Idempotency-Key": "mine-1"}
    first = program.post("/orders", order_in(desk), **headers)
    assert first.status_code == 201, first.content
    assert first.json()["status"] == "submitting"
    assert first.json()["quantity"] == "1.5"
    assert program.post("/orders", order_in(desk), **headers).json()["id"] == first.json()["id"]
    other = program.post("/orders", order_in(desk, quantity="2"), **headers)
    assert (other.status_code, other.json()["type"]) == (409, "urn:moniqo:problem:idempotency_conflict")
    with tenancy.tenant(desk.owner.pk):
        assert Order.objects.count() == 1


def test_an_order_without_a_key_is_refused(program: Program, desk: Desk) -> None:
    assert program.post("/orders", order_in(desk)).status_code == 422


def test_a_refused_order_answers_with_its_reason(program: Program, desk: Desk) -> None:
    answer = program.post("/orders", order_in(desk, side="sell"), **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["status"]) == (201, "rejected")
    assert "short" in answer.json()["refusal"]


def test_orders_are_filtered_by_whatever_the_page_filters_them_by(program: Program, desk: Desk) -> None:
    refused = desk.place("sell", "1")
    filled = desk.trade("buy", "1")
    with tenancy.tenant(desk.owner.pk):
        demo.credit(owner_id=desk.owner.pk, connection_id=desk.connection.pk, asset="USDT", amount=Decimal(-99_850))
    rejected = desk.trade("buy", "1")
    found = {
        status: [row["id"] for row in program.get("/orders", status=status).json()["items"]]
        for status, _ in FilterForm.STATUSES
    }
    there = {"refused": [str(refused.pk)], "rejected": [str(rejected.pk)], "filled": [str(filled.pk)]}
    assert found == {status: there.get(status, []) for status, _ in FilterForm.STATUSES}


@pytest.mark.parametrize("change", [{"quantity": "-1"}, {"quantity": "x"}, {"side": "short"}, {"symbol": "NO/NE"}])
def test_nonsense_is_a_problem_that_names_the_field(program: Program, desk: Desk, change: dict[str, str]) -> None:
    answer = program.post("/orders", order_in(desk, **change), **{"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert any(next(iter(change)) in name for name in answer.json()["fields"])


@pytest.mark.parametrize("path", ["/orders", "/orders/preview"])
def test_a_size_between_two_lots_is_refused_and_the_nearest_are_named(program: Program, desk: Desk, path: str) -> None:
    key = {"Idempotency-Key": "odd"}
    answer = program.post(path, order_in(desk, quantity="1.23456"), **key)
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["quantity"])
    assert "multiples of 0.001 BTC: give 1.234 BTC or 1.235 BTC." in answer.json()["detail"]
    small = program.post(path, order_in(desk, quantity="0.0004"), **key).json()["detail"]
    assert "give 0.001 BTC or more." in small
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()


def test_a_limit_between_two_ticks_is_refused(program: Program, desk: Desk) -> None:
    answer = program.post(
        "/orders", order_in(desk, type="limit", limit_price="99.0012345"), **{"Idempotency-Key": "odd"}
    )
    assert answer.status_code == 422
    assert "tick" in str(answer.json()) or "multiple" in str(answer.json())


def test_the_same_request_twice_is_one_where_no_key_is_asked_for(program: Program, desk: Desk) -> None:
    """A program whose answer was lost sends it again."""
    with tenancy.tenant(desk.owner.pk):
        desk.trade("buy", "1", exit_stop=Decimal(60))
        position = Position.objects.get()
        resting = desk.trade("buy", "1", limit=Limit(Decimal(90)))
    for _ in range(2):
        assert program.post(f"/orders/{resting.pk}/cancel", {}).status_code == 202
        assert program.patch(f"/positions/{position.pk}", {"exit_stop": "70"}).json()["exit_stop"] == "70"
    services.cancel_order(owner_id=desk.owner.pk, order_id=resting.pk)
    sold = [program.post(f"/wallets/{desk.wallet.pk}/close", {}).json()["exits"] for _ in range(2)]
    assert [len(exits) for exits in sold] == [1, 0]
    begun = [program.post(f"/wallets/{desk.wallet.pk}/stop", {"policy": "keep"}).json()["id"] for _ in range(2)]
    assert begun[0] == begun[1]
    ended = [program.post(f"/stops/{begun[0]}/call-off", {}).json()["status"] for _ in range(2)]
    assert ended == ["called_off", "called_off"]
    with tenancy.tenant(desk.owner.pk):
        assert (Cancellation.objects.count(), EmergencyStop.objects.count()) == (1, 1)
        assert Order.objects.filter(side="sell").count() == 1


def test_lists_come_in_pages_without_repeats(program: Program, desk: Desk) -> None:
    for _ in range(3):
        desk.trade("buy", "1")
    seen: list[str] = []
    cursor = None
    while True:
        page = program.get("/orders", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in page["items"]]
        if not (cursor := page["next"]):
            break
    assert len(seen) == len(set(seen)) == 3
    fills = program.get("/fills", limit=2).json()
    assert len(fills["items"]) == 2
    assert len(program.get("/fills", limit=2, cursor=fills["next"]).json()["items"]) == 1


def test_an_order_tells_its_life(program: Program, desk: Desk) -> None:
    order = desk.trade("buy", "1")
    told = program.get(f"/orders/{order.pk}").json()
    assert [event["to_status"] for event in told["events"]] == ["submitting", "filled"]
    assert told["decisions"][0]["allowed"]
    assert told["fills"][0]["quantity"] == "1"


def test_positions_open_and_closed(program: Program, desk: Desk) -> None:
    desk.trade("buy", "1")
    (position,) = program.get("/positions", wallet_id=desk.master.pk).json()
    assert (position["quantity"], position["mark"]) == ("1", "100")
    desk.trade("sell", "1")
    assert program.get("/positions").json() == []
    (trade,) = program.get("/positions/closed", symbol="BTC/USDT").json()["items"]
    assert trade["pnl"].startswith("-0.")


def test_a_position_is_closed_by_one_order_of_a_key_also_when_it_is_over(program: Program, desk: Desk) -> None:
    desk.trade("buy", "1")
    (position,) = program.get("/positions").json()
    resting = desk.place("sell", "0.4", reduce_only=True, trigger=Trigger("stop", Decimal(90)))
    told = program.get(f"/positions/{position['id']}").json()
    assert [order["side"] for order in told["orders"]] == ["buy", "sell"], "what rests and would close it stands there"
    address = f"/positions/{position['id']}/close"
    assert program.post(address).status_code == 422, "without a key"
    answer = program.post(address, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["side"], answer.json()["quantity"]) == (201, "sell", "1")
    with tenancy.tenant(desk.owner.pk):
        order = Order.objects.get(pk=answer.json()["id"])
    assert desk.fresh(resting).status == "cancelled"
    assert desk.execute(order).status == "filled"
    (trade,) = program.get("/positions/closed").json()["items"]
    told_before = Decimal(position["profit_if_left"])
    assert told_before - Decimal("0.1") < Decimal(trade["pnl"]) < told_before, "slippage comes on top of what was told"
    assert program.post(address, **{"Idempotency-Key": "k"}).json()["id"] == answer.json()["id"]
    assert program.post(address, **{"Idempotency-Key": "other"}).status_code == 404
    desk.trade("buy", "1")
    (second,) = program.get("/positions").json()
    assert program.post(f"/positions/{second['id']}/close", **{"Idempotency-Key": "k"}).status_code == 409


def test_orders_are_narrowed_by_status_and_wallet(program: Program, desk: Desk) -> None:
    desk.trade("buy", "1")
    assert len(program.get("/orders", status="filled").json()["items"]) == 1
    assert program.get("/orders", status="open").json()["items"] == []
    assert len(program.get("/orders", wallet_id=desk.farm.pk).json()["items"]) == 1


def test_what_no_order_can_be_is_said(program: Program) -> None:
    answer = program.get("/orders", status="nope")
    assert answer.status_code == 422
    assert "'partially_filled'" in answer.json()["fields"]["status"]


@pytest.mark.parametrize(
    "path", ["/orders", "/fills", "/positions", "/positions/closed", "/transfers", "/allocations", "/portfolio/summary"]
)
def test_a_filter_by_nobodys_wallet_finds_no_wallet(desk: Desk, other_owner: User, path: str) -> None:
    desk.trade("buy", "1")
    own, stranger = Program(desk.owner), Program(other_owner)
    assert own.get(path, wallet_id=desk.wallet.pk).status_code == 200
    assert stranger.get(path, wallet_id=desk.wallet.pk).status_code == 404
    assert own.get(path, wallet_id=UUID(int=1)).status_code == 404


def test_another_owner_reaches_nothing(desk: Desk, other_owner: User) -> None:
    order = desk.trade("buy", "1")
    stranger = Program(other_owner)
    assert stranger.get(f"/orders/{order.pk}").status_code == 404
    assert stranger.post(f"/orders/{order.pk}/cancel").status_code == 404
    assert stranger.post("/orders", order_in(desk), **{"Idempotency-Key": "k"}).status_code == 404
    for path in ("/orders", "/fills", "/positions/closed"):
        assert stranger.get(path).json()["items"] == []
    assert stranger.get("/positions").json() == []


def test_a_finished_order_cannot_be_cancelled(program: Program, desk: Desk) -> None:
    order = desk.trade("buy", "1")
    assert program.post(f"/orders/{order.pk}/cancel").status_code == 409


@pytest.mark.parametrize(
    "level", [{"exit_stop": "99999999"}, {"exit_target": "1"}, {"exit_stop": "NaN"}, {"exit_target": "Infinity"}]
)
def test_a_level_that_cannot_be_kept_is_no_order(program: Program, desk: Desk, level: dict[str, str]) -> None:
    answer = program.post("/orders", order_in(desk, **level), **{"Idempotency-Key": "k"})
    assert answer.status_code == 422, answer.content
    assert set(level) == {name.rpartition(".")[2] for name in answer.json()["fields"]}
    with tenancy.tenant(desk.owner.pk):
        assert not Order.objects.exists()


def test_one_position_is_told_open_and_closed(program: Program, desk: Desk) -> None:
    desk.trade("buy", "2")
    position = program.get("/positions").json()[0]
    told = program.get(f"/positions/{position['id']}").json()
    assert (told["quantity"], told["closed_at"], told["mark"]) == ("2", None, position["mark"])
    assert told["break_even"] == position["break_even"]
    assert [fill["order_id"] for fill in told["fills"]] == [order["id"] for order in told["orders"]]
    desk.trade("sell", "2")
    closed = program.get(f"/positions/{position['id']}").json()
    trade = program.get("/positions/closed").json()["items"][0]
    assert (closed["quantity"], closed["mark"], closed["pnl"]) == ("0", None, trade["pnl"])
    assert closed["closed_at"] == trade["closed_at"]
    assert [fill["side"] for fill in closed["fills"]] == ["buy", "sell"]


def in_pages(program: Program, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = program.get("/positions", limit=2, **query, **cursor).json()
        found += answer["items"]
        if answer["next"] is None:
            return found
        cursor = {"cursor": answer["next"]}


def test_pages_of_positions_are_the_list_of_them_and_read_no_more_than_they_tell(
    program: Program, desk: Desk, owner: User
) -> None:
    ether = Instrument.objects.create(
        venue=desk.instrument.venue, symbol="ETH/USDT", base="ETH", quote="USDT",
        tick_size=Decimal("0.01"), lot_size=Decimal("0.001"),
    )  # fmt: skip
    set_price(ether, "50")
    with tenancy.tenant(owner.pk):
        twins = [
            Wallet.objects.create(owner=owner, name=name, role="agent", parent=desk.farm, connection=desk.connection)
            for name in ("Twin", "Third")
        ]
        for twin in twins:
            fund(twin, 10_000)
        services.set_limits(on=desk.connection, allowed_symbols=None, maximum_notional=None)
        services.set_limits(on=desk.master, allowed_symbols=["BTC/USDT", "ETH/USDT"], maximum_notional=Decimal(9000))
    for number, wallet in enumerate([desk.wallet, *twins], start=1):
        desk.trade("buy", str(number), wallet=wallet)
        desk.trade("buy", str(number), wallet=wallet, instrument=ether)
    for narrow in (
        {}, {"symbol": "ETH/USDT"}, {"wallet_id": desk.farm.pk}, {"wallet_id": twins[0].pk, "symbol": "BTC/USDT"},
    ):  # fmt: skip
        with clock.pinned():
            whole = program.get("/positions", **narrow).json()
            assert whole
            assert in_pages(program, **narrow) == whole
    with CaptureQueriesContext(connection) as queries:
        program.get("/positions", limit=2)
    (read,) = [one["sql"] for one in queries if "entry_reason" in one["sql"]]
    assert "LIMIT 3" in read
