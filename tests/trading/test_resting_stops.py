"""The stop of a position rests at its venue where that keeps stops, and never sells beside another exit.

Real ccxt over real HTTP against simulated exchanges. `work` does what the tasks do, without a broker.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import stamina
from django.test import Client

from kit.alerts.models import Alert
from kit.errors import ConflictError
from kit.users.models import User
from tests.simulators.account import Account, Placed
from tests.simulators.server import Exchanges
from tests.trading.desk import Desk, assert_books_prove_themselves, set_price
from tests.trading.exchange_desk import desk_at
from trading import services
from trading.models import Cancellation, Order, Position
from trading.orders import leases, resting
from trading.orders.terms import Limit, Trigger
from wallets.models import Connection
from wallets.venues.ccxt.adapter import CcxtVenue
from wallets.venues.registry import open_venue

D = Decimal


class DiedError(BaseException):
    """As a killed worker leaves: nothing is caught, nothing is tidied."""


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@dataclass
class Held:
    """A desk with half a bitcoin, bought at 50,000 with a stop at 45,000."""

    desk: Desk
    account: Account
    exchanges: Exchanges

    def work(self) -> None:
        """Look at the prices, cancel what was asked for, send what is new, and ask about the rest."""
        own = self.desk.owner.pk
        services.keep_protection(owner_id=own)
        for pk in list(Cancellation.objects.filter(closed_at=None).values_list("order", flat=True)):
            Cancellation.objects.filter(order=pk).update(due_at=leases.now())
            services.cancel_order(owner_id=own, order_id=pk)
        for order in Order.objects.unfinished().exclude(status="waiting").order_by("created_at"):
            self.desk.fall_due(order)
            self.desk.resolve(order)

    def price(self, at: str) -> None:
        """The market is there: at the venue, and here."""
        self.account.reach(at)
        set_price(self.desk.instrument, at)

    @property
    def position(self) -> Position:
        return Position.objects.get()

    @property
    def stops(self) -> list[Placed]:
        """Those that rest at the exchange."""
        return [order for order in self.account.orders if order.trigger and order.state == "open"]

    @property
    def stop(self) -> Order:
        return Order.objects.unfinished().get(type="stop")

    def sold(self) -> Decimal:
        """All that was sold at the exchange."""
        return sum((order.filled for order in self.account.orders if order.side == "sell"), D(0))

    def is_left(self) -> bool:
        """Whether all is sold once, nothing rests or is held any more, and books and venue agree."""
        assert_books_prove_themselves(self.desk)
        assert not Order.objects.unfinished().exists()
        assert self.stops == []
        assert not Alert.objects.filter(kind="order", resolved_at=None).exists()
        return self.position.closed_at is not None and self.desk.held("BTC") == 0 and self.desk.books_agree()


def held_at(exchanges: Exchanges, owner: User, slug: str) -> Held:
    desk = desk_at(exchanges, owner, slug)
    held = Held(desk, exchanges.wires[slug].account, exchanges)
    held.account.fee_in_base = False
    assert desk.trade("buy", "0.5", exit_stop=D(45_000)).status == "filled"
    return held


# The first two keep stops in two ways; the others are like the first.
VENUES = [
    "binance", "okx", *(pytest.param(slug, marks=pytest.mark.slow) for slug in ("bybit", "coinbase", "kraken")),
]  # fmt: skip
OTHERS = ("okx", "bybit", "coinbase", "kraken")


@pytest.fixture(params=VENUES)
def held(request: pytest.FixtureRequest, as_owner: User, exchanges: Exchanges) -> Held:
    """Its stop rests at the exchange."""
    held = held_at(exchanges, as_owner, request.param)
    held.work()
    held.work()
    return held


def test_the_stop_rests_there_once_for_what_is_held(held: Held) -> None:
    (there,) = held.stops
    assert (there.trigger, there.quantity, there.side) == (45_000, D("0.5"), "sell")
    assert (held.stop.status, held.stop.protects, held.desk.held("BTC")) == ("open", held.position, D("0.5"))
    before = len(held.account.orders)
    held.work()
    assert len(held.account.orders) == before


def test_page_and_api_say_who_keeps_the_stop(held: Held, client: Client) -> None:
    client.force_login(held.desk.owner)
    pk = held.position.pk
    assert client.get(f"/api/v1/positions/{pk}").json()["stop_rests"] is True
    assert "it rests there" in client.get(f"/trading/positions/{pk}/").content.decode()
    held.account.cancel(held.stops[0])
    held.work()
    assert client.get(f"/api/v1/positions/{pk}").json()["stop_rests"] is False
    assert "Moniqo, which has to run for that" in client.get(f"/trading/positions/{pk}/").content.decode()


def test_what_the_venue_sells_is_our_exit_and_nothing_is_sold_beside_it(held: Held) -> None:
    set_price(held.desk.instrument, "44000")  # here it is seen first
    held.work()
    assert len(held.account.orders) == 2, "the venue carries it out"
    held.price("44000")
    held.work()
    held.work()
    assert held.is_left()
    assert held.sold() == D("0.5")
    assert held.position.exits.get(filled_quantity__gt=0).type == "stop"


def test_a_stop_that_is_moved_moves_there(held: Held) -> None:
    services.move_levels(owner_id=held.desk.owner.pk, position_id=held.position.pk, levels={"exit_stop": D(47_000)})
    held.work()
    held.work()
    held.work()
    (there,) = held.stops
    assert (there.trigger, held.stop.trigger_price, held.desk.held("BTC")) == (47_000, 47_000, D("0.5"))


def test_a_stop_that_is_taken_away_goes_there(held: Held) -> None:
    services.move_levels(owner_id=held.desk.owner.pk, position_id=held.position.pk, levels={"exit_stop": None})
    held.work()
    assert (held.stops, held.desk.held("BTC")) == ([], 0)


def test_who_sells_a_part_is_sent_when_the_stop_has_made_way_and_the_rest_has_one_again(held: Held) -> None:
    sale = held.desk.place("sell", "0.2")
    assert (sale.status, sale.hold, held.desk.held("BTC")) == ("waiting", None, D("0.5"))
    held.work()
    held.work()
    held.work()
    assert (held.desk.fresh(sale).status, held.sold()) == ("filled", D("0.2"))
    (there,) = held.stops
    assert (there.quantity, held.position.quantity, held.desk.held("BTC")) == (D("0.3"), D("0.3"), D("0.3"))


def test_who_closes_the_position_leaves_no_stop_behind(held: Held) -> None:
    sale = services.close_position(owner_id=held.desk.owner.pk, position_id=held.position.pk, key="now")
    assert sale.status == "waiting"
    held.work()
    held.work()
    assert held.is_left()
    assert held.sold() == D("0.5")


def test_everything_is_left_although_stops_rest(held: Held) -> None:
    for _ in range(3):
        closing = services.close_all(owner_id=held.desk.owner.pk, wallet_ids=[held.desk.master.pk], reason="Enough.")  # type: ignore[arg-type]
        held.work()
    assert closing.is_done
    assert held.is_left()


def test_a_target_makes_the_stop_go_first(held: Held) -> None:
    services.move_levels(owner_id=held.desk.owner.pk, position_id=held.position.pk, levels={"exit_target": D(55_000)})
    held.price("55100")
    for _ in range(3):
        held.work()
    assert held.is_left()
    assert held.sold() == D("0.5")


def test_a_sale_that_waits_is_never_sent_when_the_stop_was_filled_first(held: Held) -> None:
    sale = held.desk.place("sell", "0.5")
    held.price("44000")
    for _ in range(3):
        held.work()
    sale = held.desk.fresh(sale)
    assert (sale.status, sale.attempts, sale.fills.count()) == ("expired", 0, 0)
    assert "has sold what it was to sell" in sale.refusal.exact
    assert held.is_left()
    assert held.sold() == D("0.5")


def test_a_trigger_that_is_reached_before_the_stop_has_made_way_sends_nothing_until_then(held: Held) -> None:
    """Both would sell the same. That it was reached is remembered, wherever the price goes."""
    trigger = Trigger("oco", price=D(47_000), target=D(60_000))
    order = held.desk.place("sell", "0.2", trigger=trigger, reduce_only=True)
    for at in ("46900", "48000"):
        held.price(at)
        services.keep_protection(owner_id=held.desk.owner.pk)
    waiting = held.desk.fresh(order)
    assert (waiting.status, waiting.triggered_at is not None, held.sold()) == ("waiting", True, 0)
    with pytest.raises(ConflictError):
        services.amend_order(owner_id=held.desk.owner.pk, order_id=order.pk, key="late", quantity=D("0.1"))
    for _ in range(3):
        held.work()
    assert (held.desk.fresh(order).status, held.sold(), held.desk.books_agree()) == ("filled", D("0.2"), True)
    assert (held.stop.quantity, held.position.quantity) == (D("0.3"), D("0.3"))


def test_a_part_that_the_venue_sold_before_the_stop_made_way_is_not_sold_again(held: Held) -> None:
    sale = held.desk.place("sell", "0.5")
    (there,) = held.stops
    held.account.fill(there, "0.1", "45000")
    held.work()
    assert held.desk.fresh(sale).status == "expired"
    held.work()
    held.work()
    (there,) = held.stops
    assert (held.sold(), there.quantity, held.position.quantity) == (D("0.1"), D("0.4"), D("0.4"))


def test_one_that_is_cancelled_by_hand_is_told_of_and_watched_here(held: Held) -> None:
    held.account.cancel(held.stops[0])
    held.work()
    held.work()
    assert held.stops == []
    assert "does not rest at the venue" in str(Alert.objects.get(kind="unrested", resolved_at=None))
    set_price(held.desk.instrument, "44000")
    held.work()
    held.work()
    assert held.sold() == D("0.5")
    assert held.position.closed_at is not None


REJECTIONS = {
    "binance": ("/api/v3/order", 400, '{"code": -1013, "msg": "Filter failure: STOP"}'),
    "okx": ("/trade/order-algo", 200, (
        '{"code": "1", "msg": "", "data": [{"algoClOrdId": "", "algoId": "", "clOrdId": "", "sCode": "51280", '
        '"sMsg": "SL trigger price must be less than the last price", "tag": ""}]}'
    )),
    "okx in a row": ("/trade/order-algo", 200, (
        '{"code": "0", "msg": "", "data": [{"algoClOrdId": "", "algoId": "", "sCode": "51280", "sMsg": "Too high"}]}'
    )),
    "bybit": ("/order/create", 200, (
        '{"retCode": 170134, "retMsg": "Order price has too many decimals.", "result": {}, "retExtInfo": {}, "time": 1}'
    )),
    "coinbase": ("/brokerage/orders", 200, (
        '{"success": false, "failure_reason": "UNKNOWN_FAILURE_REASON", "order_id": "", "error_response": {"error": '
        '"PREVIEW_LIMIT_PRICE_TOO_FAR_FROM_MARKET", "message": "limit price is too far", "error_details": ""}}'
    )),
    "kraken": ("/AddOrder", 200, '{"error": ["EOrder:Invalid price"]}'),
}  # fmt: skip


@pytest.mark.parametrize("slug", [*VENUES, pytest.param("okx in a row", marks=pytest.mark.slow)])
def test_one_that_the_venue_rejects_is_told_of_and_not_tried_with_every_price(
    as_owner: User, exchanges: Exchanges, slug: str
) -> None:
    held = held_at(exchanges, as_owner, slug.split()[0])
    path, status, body = REJECTIONS[slug]
    exchanges.fail(path, "answer", method="POST", times=9, status=status, body=body)
    for _ in range(4):
        held.work()
    assert Order.objects.filter(type="stop").count() == 1
    assert Alert.objects.filter(kind="unrested", resolved_at=None).count() == 1
    exchanges.faults.clear()
    set_price(held.desk.instrument, "44000")
    held.work()
    held.work()
    assert held.sold() == D("0.5")


@pytest.mark.parametrize("slug", VENUES)
@pytest.mark.parametrize(
    "fault", ["cut_after", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("truncated", "lost_after"))]
)
def test_one_whose_answer_is_lost_is_found_by_its_client_id_and_placed_once(
    as_owner: User, exchanges: Exchanges, slug: str, fault: str
) -> None:
    held = held_at(exchanges, as_owner, slug)
    exchanges.fail(REJECTIONS[slug][0], fault, method="POST")
    for _ in range(3):
        held.work()
    assert (len(held.stops), held.stop.status) == (1, "open")
    assert held.stop.events.filter(to_status="uncertain").exists()
    held.price("44000")
    held.work()
    assert held.is_left()
    assert held.sold() == D("0.5")


@pytest.mark.parametrize("slug", VENUES)
def test_one_that_was_lost_on_its_way_is_sent_again_under_its_name(
    as_owner: User, exchanges: Exchanges, slug: str
) -> None:
    held = held_at(exchanges, as_owner, slug)
    exchanges.fail(REJECTIONS[slug][0], "answer", method="POST", status=502, body="")
    held.work()
    order = held.stop
    assert (held.stops, order.status) == ([], "uncertain")
    Order.objects.filter(pk=order.pk).update(due_at=leases.now())
    held.work()
    held.work()
    assert (len(held.stops), held.desk.fresh(order).status) == (1, "open")


def test_what_the_venue_holds_for_it_is_said(held: Held) -> None:
    """OKX freezes nothing for a stop; the others hold what it would sell, as the books do everywhere."""
    (row,) = (one for one in open_venue(held.desk.connection).balances() if one.asset == "BTC")
    frozen = 0 if held.desk.connection.venue == "okx" else D("0.5")
    assert (row.total, row.total - row.available, held.desk.held("BTC")) == (D("0.5"), frozen, D("0.5"))


def test_where_a_venue_keeps_no_stops_none_is_sent(
    as_owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resting, "RESTING_STOPS", frozenset())
    held = held_at(exchanges, as_owner, "okx")
    held.work()
    assert not Order.objects.filter(type="stop").exists()
    set_price(held.desk.instrument, "44000")
    held.work()
    held.work()
    assert held.sold() == D("0.5")


def test_a_limit_that_sells_stands_where_the_stop_stood_for_as_much(held: Held) -> None:
    sale = held.desk.place("sell", "0.2", limit=Limit(D(60_000)))
    for _ in range(3):
        held.work()
    assert held.desk.fresh(sale).status == "open"
    assert [order.quantity for order in held.stops] == [D("0.3")]
    assert held.desk.held("BTC") == D("0.5")


def test_an_account_that_only_watches_sends_none(as_owner: User, exchanges: Exchanges) -> None:
    held = held_at(exchanges, as_owner, "binance")
    Connection.objects.filter(pk=held.desk.connection.pk).update(state="paused")
    services.keep_protection(owner_id=as_owner.pk)
    assert not Order.objects.filter(type="stop").exists()


STEPS = ("before submit", "after submit", "before cancel", "after cancel", "before order", "after order")


def dies(monkeypatch: pytest.MonkeyPatch, step: str, number: int) -> Callable[[], None]:
    """Have the worker die at that call of the venue; returns what ends it."""
    when, name = step.split()
    real, calls = getattr(CcxtVenue, name), [0]

    def call(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == number and when == "before":
            raise DiedError
        answer = real(*given, **named)
        if calls[0] == number:
            raise DiedError
        return answer

    monkeypatch.setattr(CcxtVenue, name, call)
    return lambda: monkeypatch.setattr(CcxtVenue, name, real)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("slug", ["binance", *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)])
def test_whoever_dies_while_a_position_with_a_resting_stop_is_closed_it_is_sold_once(
    as_owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch, slug: str, step: str, number: int,
    falls: bool,
) -> None:  # fmt: skip
    """The stop is placed, makes way for the sale, or is filled before it can; somebody dies at a call of the venue."""
    held = held_at(exchanges, as_owner, slug)
    ends = dies(monkeypatch, step, number)
    died = False
    for turn in range(8):
        try:
            if turn == 2 and held.position.closed_at is None:
                services.close_position(owner_id=as_owner.pk, position_id=held.position.pk, key="now")
                if falls:
                    held.price("44000")
            held.work()
        except DiedError:
            died = True
            ends()
    ends()
    for _ in range(3):
        held.work()
    assert died or step.endswith("cancel") or (falls and number == 2), "the step was never reached"
    if held.position.closed_at is None:  # the sale was given up: whoever wanted it asks again
        services.close_position(owner_id=as_owner.pk, position_id=held.position.pk, key="again")
        for _ in range(4):
            held.work()
    assert held.is_left()
    assert held.sold() == D("0.5")
