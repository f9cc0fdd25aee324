"""Orders that somebody places at the venue are known here: adopted into the unassigned wallet, and booked once.

Real ccxt over real HTTP against simulated exchanges, whose account somebody else uses too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import stamina
from django.test import Client

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from markets.models import Instrument
from tests.simulators.account import Account, Market, Placed
from tests.simulators.server import Exchanges
from tests.trading.desk import Desk, assert_books_prove_themselves
from tests.trading.exchange_desk import desk_at
from tests.wallets.books import balance
from tests.wallets.keys import key_of
from trading import services, tasks
from trading.models import Fill, Order, Position
from trading.orders import adopting, leases
from trading.orders.terms import Limit
from wallets.models import Connection, Reconciliation, SyncRun, Wallet
from wallets.services import assign_suspense, claim
from wallets.sync.runs import sync_connection
from wallets.venues.accounts import set_connection_state
from wallets.venues.base import OrderReport
from wallets.venues.credentials import store_credentials
from wallets.venues.obligations import open_under
from wallets.venues.registry import open_venue

D = Decimal


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@dataclass
class Place:
    """A desk at an exchange at whose account somebody trades by hand; 50,000 USDT and 2 BTC are nobody's."""

    desk: Desk
    slug: str
    account: Account
    exchanges: Exchanges

    @property
    def market(self) -> Market:
        return next(iter(self.account.markets.values()))

    def hand(self, side: str = "buy", quantity: str = "0.01", price: str = "", name: str = "hand") -> Placed:
        """Place an order at the exchange, at the market or at a price."""
        return self.account.place(
            client_id=name,
            market_id=self.market.id,
            side=side,
            kind="limit" if price else "market",
            quantity=D(quantity),
            price=D(price) if price else None,
        )

    def sync(self, connection: Connection | None = None) -> SyncRun:
        chosen = connection or self.desk.connection
        return sync_connection(owner_id=self.desk.owner.pk, connection_id=chosen.pk)

    def compare(self, connection: Connection | None = None) -> int:
        chosen = connection or self.desk.connection
        Connection.objects.filter(pk=chosen.pk).update(orders_due_at=None)
        return services.compare_orders(owner_id=self.desk.owner.pk, connection_id=chosen.pk)

    def resolve(self, *orders: Order) -> None:
        """What the sweeper does with orders that are due."""
        own = {"owner_id": self.desk.owner.pk, "connection_id": self.desk.connection.pk}
        for order in orders:
            self.desk.fall_due(order)
        services.resolve_together(**own, order_ids=[order.pk for order in orders])

    @property
    def spare(self) -> Wallet:
        return Wallet.objects.get(connection=self.desk.connection, role=Wallet.Role.UNASSIGNED)

    def agrees(self) -> bool:
        """Venue and books, to the last digit, without anything unexplained."""
        run = self.sync()
        rows = Reconciliation.objects.filter(run=run)
        assert_books_prove_themselves(self.desk)
        return run.status == SyncRun.Status.OK and not any(row.drift or row.suspense for row in rows)


def place_at(exchanges: Exchanges, owner: User, slug: str) -> Place:
    desk = desk_at(exchanges, owner, slug)
    account = exchanges.wires[slug].account
    account.deposit("USDT", 50_000)
    account.deposit("BTC", 2)
    place = Place(desk, slug, account, exchanges)
    assert place.sync().status == SyncRun.Status.OK
    assert place.compare() == 0
    return place


@pytest.fixture(
    params=[
        "binance",
        "okx",
        *(pytest.param(slug, marks=pytest.mark.slow) for slug in ("bybit", "coinbase", "kraken")),
    ]
)
def place(request: pytest.FixtureRequest, as_owner: User, exchanges: Exchanges) -> Place:
    return place_at(exchanges, as_owner, request.param)


@pytest.fixture
def binance(as_owner: User, exchanges: Exchanges) -> Place:
    return place_at(exchanges, as_owner, "binance")


def test_an_open_order_by_hand_is_adopted_once_and_its_fills_are_the_unassigned_wallets(place: Place) -> None:
    hand = place.hand("buy", "0.01", "40000")
    assert (place.compare(), place.compare()) == (1, 0)
    order = Order.objects.get()
    assert (order.origin, order.wallet, order.status, order.side) == ("external", place.spare, "open", "buy")
    assert (order.type, order.limit_price, order.quantity) == ("limit", 40_000, D("0.01"))
    place.account.fill(hand, "0.004", "40000")
    place.resolve(order)
    assert (place.desk.fresh(order).status, order.fills.count()) == ("partially_filled", 1)
    assert place.agrees()
    place.account.fill(hand, "0.006", "40000")
    assert place.agrees(), "the sync finds the rest itself"
    assert (place.desk.fresh(order).status, order.fills.count(), Order.objects.count()) == ("filled", 2, 1)
    assert balance(place.spare, "BTC") == place.account.total("BTC")
    assert place.desk.balance("USDT") == 100_000
    assert not Position.objects.exists()
    assert Alert.objects.get(kind="external").level == "info"
    assert not Alert.objects.filter(kind="drift").exists()


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_an_order_that_was_filled_by_hand_is_found_by_its_trades_and_leaves_no_difference(
    place: Place, side: str
) -> None:
    place.hand(side)
    assert place.agrees()
    order = Order.objects.get()
    assert (order.origin, order.status, order.filled_quantity) == ("external", "filled", D("0.01"))
    assert (place.compare(), Order.objects.count(), Fill.objects.count()) == (0, 1, 1)
    assert not Alert.objects.filter(kind__in=("drift", "order")).exists()


def test_what_was_filled_of_an_order_that_was_cancelled_by_hand_is_booked(place: Place) -> None:
    hand = place.hand("buy", "0.01", "40000")
    place.account.fill(hand, "0.003", "40000")
    place.account.cancel(hand)
    assert place.agrees()
    order = Order.objects.get()
    assert (order.status, order.filled_quantity, order.quantity) == ("cancelled", D("0.003"), D("0.01"))
    assert place.compare() == 0


def test_an_order_of_ours_that_is_cancelled_by_hand_ends_and_says_so(place: Place) -> None:
    order = place.desk.trade("buy", "0.01", limit=Limit(D(40_000)))
    assert order.status == "open"
    place.account.cancel(place.account.orders[-1])
    place.resolve(order)
    order = place.desk.fresh(order)
    assert (order.status, place.desk.held("USDT")) == ("cancelled", 0)
    assert "at the venue" in order.events.last().detail.exact
    assert "was cancelled at" in str(Alert.objects.get(kind="external"))
    assert place.agrees()


def test_one_that_we_had_cancelled_is_not_said_to_be_somebody_elses_doing(place: Place) -> None:
    order = place.desk.trade("buy", "0.01", limit=Limit(D(40_000)))
    services.request_cancellation(owner_id=place.desk.owner.pk, order_id=order.pk)
    services.cancel_order(owner_id=place.desk.owner.pk, order_id=order.pk)
    assert place.desk.fresh(order).status == "cancelled"
    assert not Alert.objects.filter(kind="external").exists()


def test_of_an_order_whose_sending_is_uncertain_the_client_id_decides_that_it_is_ours(place: Place) -> None:
    """Beside it somebody places one that looks the same; each is recorded as what it is, whoever finds it first."""
    ours = place.desk.trade("buy", "0.01", limit=Limit(D(40_000)))
    Order.objects.filter(pk=ours.pk).update(status="uncertain", venue_order_id="")  # its answer was lost
    hand = place.hand("buy", "0.01", "40000")
    assert (place.compare(), place.compare()) == (1, 0)
    theirs = Order.objects.get(origin="external")
    assert (theirs.wallet, place.desk.fresh(ours).status) == (place.spare, "uncertain")
    for order in place.account.orders:
        place.account.fill(order, "0.01", "40000")
    venue = open_venue(place.desk.connection)
    trades = venue.trades_since(clock.now() - timedelta(hours=1))
    assert adopting.explain(venue=venue, connection=place.desk.connection, trades=trades)
    assert not adopting.explain(venue=venue, connection=place.desk.connection, trades=trades)
    for order, wallet in ((ours, place.desk.wallet), (theirs, place.spare)):
        order = place.desk.fresh(order)
        assert (order.status, order.filled_quantity, order.wallet) == ("filled", D("0.01"), wallet)
    assert (hand.state, Fill.objects.count(), place.desk.wallet.positions.get().quantity > 0) == ("filled", 2, True)
    assert place.agrees()


def test_an_order_of_ours_that_the_venue_forgets_is_not_ended_and_a_person_is_told(binance: Place) -> None:
    order = binance.desk.trade("buy", "0.01", limit=Limit(D(40_000)))
    binance.account.orders.clear()
    binance.resolve(order)
    assert binance.desk.fresh(order).status == "open"
    assert "no longer knows" in str(Alert.objects.get(kind="order"))
    assert binance.compare() == 0


def test_an_order_that_ended_here_and_is_open_there_is_cancelled_there(binance: Place) -> None:
    """It was given up as never having arrived, and had."""
    order = binance.desk.place("buy", "0.01", limit=Limit(D(40_000)))
    binance.desk.execute(order)
    Order.objects.filter(pk=order.pk).update(status="uncertain")
    Order.objects.filter(pk=order.pk).update(status="expired", due_at=None, closed_at=clock.now(), hold=None)
    assert binance.compare() == 1
    assert binance.account.orders[-1].state == "cancelled"
    assert binance.desk.fresh(order).status == "expired"
    assert Alert.objects.filter(kind="order").exists()
    assert (binance.compare(), Order.objects.count()) == (0, 1)


def test_one_that_the_venue_does_not_end_keeps_no_other_from_being_adopted(binance: Place) -> None:
    """A no about one order is nothing about the account: its owner is told if it stays."""
    order = binance.desk.place("buy", "0.01", limit=Limit(D(40_000)))
    binance.desk.execute(order)
    Order.objects.filter(pk=order.pk).update(status="uncertain")
    Order.objects.filter(pk=order.pk).update(status="expired", due_at=None, closed_at=clock.now(), hold=None)
    binance.hand("buy", "0.01", "40000", name="sound")
    no = '{"code": -2011, "msg": "Unknown order sent."}'
    binance.exchanges.fail("/api/v3/order", "answer", method="DELETE", status=400, body=no, times=3)
    assert [binance.compare() for _ in range(3)] == [0, 0, 0]
    assert Order.objects.filter(origin="external", status="open").count() == 1
    assert Alert.objects.filter(kind="failing", resolved_at=None).exists()
    assert binance.compare() == 1
    assert binance.account.orders[0].state == "cancelled"
    assert not Alert.objects.filter(kind="failing", resolved_at=None).exists()


def test_two_connections_of_one_account_each_book_what_it_holds_and_once(binance: Place, as_owner: User) -> None:
    wire = binance.exchanges.wires["binance"]
    other = Connection.objects.create(
        owner=as_owner, platform=binance.desk.connection.platform, name="again", venue="binance", is_paper=False
    )
    store_credentials(connection=other, values=key_of(wire))
    binance.sync(other)
    ours = binance.desk.trade("buy", "0.02")
    hand = binance.hand("buy", "0.01", "40000")
    binance.account.fill(hand, "0.01", "40000")
    for connection in (binance.desk.connection, other):
        assert binance.sync(connection).status == SyncRun.Status.OK
        assert binance.compare(connection) == 0
    assert ours.origin == "moniqo"
    known = Order.objects.filter(connection=other)
    assert [one.origin for one in known] == ["external", "external"], "what the one placed is by hand to the other"
    assert Order.objects.filter(connection=binance.desk.connection).count() == 2
    assert not Alert.objects.filter(kind="drift").exists()


def test_trades_on_many_pages_are_all_booked(as_owner: User, exchanges: Exchanges) -> None:
    place = place_at(exchanges, as_owner, "okx")
    for number in range(3):
        hand = place.hand("buy", "0.4", "40000", name=f"hand{number}")
        for _ in range(40):
            place.account.fill(hand, "0.01", "40000")
    assert place.agrees()
    assert (Order.objects.filter(status="filled").count(), Fill.objects.count()) == (3, 120)


def test_what_was_traded_before_the_account_was_connected_is_not_booked_again(
    as_owner: User, exchanges: Exchanges
) -> None:
    desk = desk_at(exchanges, as_owner, "binance")
    account = exchanges.wires["binance"].account
    account.deposit("USDT", 50_000)
    place = Place(desk, "binance", account, exchanges)
    place.hand("buy", "0.02")
    hand = place.hand("buy", "0.05", "40000")
    account.fill(hand, "0.01", "40000")
    for one in account.orders:
        for fill in one.fills:
            fill.at_ms -= 1000
    place.sync()
    assert place.compare() == 1
    order = Order.objects.get()
    assert (order.quantity, order.filled_quantity, order.status) == (D("0.04"), 0, "open")
    account.fill(hand, "0.04", "40000")
    assert place.agrees()
    assert (place.desk.fresh(order).status, Fill.objects.count()) == ("filled", 1)


def test_a_quantity_that_is_changed_at_the_venue_is_changed_here(binance: Place) -> None:
    hand = binance.hand("buy", "0.01", "40000")
    binance.compare()
    order = Order.objects.get()
    hand.quantity = D("0.03")
    binance.account.fill(hand, "0.02", "40000")
    binance.resolve(order)
    order = binance.desk.fresh(order)
    assert (order.quantity, order.filled_quantity, order.status) == (D("0.03"), D("0.02"), "partially_filled")
    assert binance.agrees()


def test_money_of_wallets_that_was_spent_by_hand_stands_in_suspense_until_its_owner_says_whose_it_was(
    binance: Place, as_owner: User
) -> None:
    claim(
        owner_id=as_owner.pk, connection_id=binance.desk.connection.pk, asset="USDT", wallet_id=binance.desk.master.pk,
        key="all of it",
    )  # fmt: skip
    binance.hand("buy", "0.01")
    run = binance.sync()
    assert run.status == SyncRun.Status.OK
    row = Reconciliation.objects.get(run=run, asset="USDT")
    assert (row.drift, row.suspense < -500) == (0, True)
    assert balance(binance.spare, "BTC") == binance.account.total("BTC")
    assert "was spent at binance by hand" in str(Alert.objects.get(kind="order"))
    assign_suspense(
        owner_id=as_owner.pk, connection_id=binance.desk.connection.pk, asset="USDT", key="mine",
        wallet_id=binance.desk.master.pk,
    )  # fmt: skip
    assert binance.agrees()


def test_a_difference_that_was_written_down_before_its_trades_were_told_ends_when_they_are(
    binance: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = binance.hand("buy", "0.01")
    late = list(hand.fills)
    hand.fills.clear()
    assert binance.sync().status == SyncRun.Status.DRIFT
    assert Alert.objects.filter(kind="drift", resolved_at=None).count() == 2
    hand.fills.extend(late)
    assert binance.sync().status in (SyncRun.Status.OK, SyncRun.Status.DRIFT)
    assert binance.agrees()
    assert not Alert.objects.filter(kind="drift", resolved_at=None).exists()
    assert Fill.objects.count() == 1


def test_an_order_by_hand_is_cancelled_here_like_any_other(place: Place) -> None:
    hand = place.hand("buy", "0.01", "40000")
    place.compare()
    order = Order.objects.get()
    services.request_cancellation(owner_id=place.desk.owner.pk, order_id=order.pk)
    assert services.cancel_order(owner_id=place.desk.owner.pk, order_id=order.pk).status == "cancelled"
    assert hand.state == "cancelled"
    assert place.agrees()


def test_many_open_ones_are_asked_about_in_one_question(binance: Place) -> None:
    for number in range(3):
        binance.hand("buy", "0.01", "40000", name=f"hand{number}")
    assert binance.compare() == 3
    asked = len(binance.exchanges.asked)
    binance.resolve(*Order.objects.all())
    assert [one for one in binance.exchanges.asked[asked:] if "rder" in one] == ["GET /api/v3/openOrders"]


def test_one_that_breaks_keeps_no_other_from_being_adopted_and_a_person_is_told(
    binance: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("broken", "sound"):
        binance.hand("buy", "0.01", "40000", name=name)
    adopted = adopting._adopted

    def breaks(connection: Connection, instrument: Instrument, report: OrderReport) -> Order | None:
        order = adopted(connection, instrument, report)
        if report.client_order_id == "broken":
            raise ValueError("Nobody thought of this order.")
        return order

    monkeypatch.setattr(adopting, "_adopted", breaks)
    Connection.objects.update(orders_compared_at=None)
    assert [binance.compare() for _ in range(3)] == [0, 0, 0]
    assert Order.objects.get().origin == "external", "the sound one, once"
    assert Connection.objects.filter(orders_compared_at=None).exists(), "not all of them were compared"
    failing = Alert.objects.get(kind="failing", resolved_at=None)
    assert "Nobody thought of this order" in failing.story()
    monkeypatch.setattr(adopting, "_adopted", adopted)
    assert binance.compare() == 1
    assert not Alert.objects.filter(kind="failing", resolved_at=None).exists()


def test_an_archived_account_is_not_held_up_by_orders_of_others(as_owner: User, exchanges: Exchanges) -> None:
    desk = desk_at(exchanges, as_owner, "binance")
    place = Place(desk, "binance", exchanges.wires["binance"].account, exchanges)
    place.sync()
    place.hand("buy", "0.01", "40000")
    assert place.compare() == 1
    assert open_under([desk.connection.pk])[desk.connection.pk].words == ""


def test_an_account_whose_orders_nobody_has_compared_buys_nothing_until_somebody_has(
    binance: Place, exchanges: Exchanges
) -> None:
    bought = binance.desk.trade("buy", "0.01")
    assert bought.status == "filled"
    old = clock.now() - timedelta(minutes=16)
    Connection.objects.filter(pk=binance.desk.connection.pk).update(orders_compared_at=old)
    exchanges.fail("openOrders", "answer", times=1)
    assert binance.compare() == 0
    refused = binance.desk.trade("buy", "0.01")
    assert (refused.status, refused.is_refused) == ("rejected", True)
    assert "have not been compared" in refused.refusal.exact
    assert binance.desk.trade("sell", "0.005").status == "filled", "what only reduces is never wrong"
    binance.compare()
    assert binance.desk.trade("buy", "0.01").status == "filled"


def test_the_accounts_that_are_due_are_looked_at_once(binance: Place) -> None:
    own = (binance.desk.owner.pk, binance.desk.connection.pk)
    assert adopting.accounts_to_compare(5) == [], "it was compared a moment ago"
    Connection.objects.filter(pk=own[1]).update(orders_due_at=leases.now())
    assert adopting.accounts_to_compare(5) == [own]
    binance.hand("buy", "0.01", "40000")
    assert tasks.compare_orders_of(*map(str, own)) == 1
    binance.hand("buy", "0.01", "40000", name="another")
    assert tasks.compare_orders_of(*map(str, own)) == 0, "somebody has just looked"


def test_what_a_venue_tells_of_an_order_that_nobody_here_knows_has_the_account_looked_at(binance: Place) -> None:
    later = leases.start(adopting.EVERY)
    Connection.objects.filter(pk=binance.desk.connection.pk).update(orders_due_at=later)
    own = {"owner_id": binance.desk.owner.pk, "connection_id": binance.desk.connection.pk}
    services.look_at_orders(**own, names=["hand"], numbers=["4711"])
    assert Connection.objects.get(pk=binance.desk.connection.pk).orders_due_at <= leases.now()


def test_no_order_of_ours_is_placed_in_the_unassigned_wallet(binance: Place) -> None:
    binance.hand("buy", "0.01")
    binance.sync()
    for side in ("buy", "sell"):
        order = binance.desk.place(side, "0.001", wallet=binance.spare)
        assert order.is_refused
        assert "Nothing is traded from" in order.refusal.exact


def test_page_and_api_tell_where_an_order_came_from(binance: Place, client: Client) -> None:
    binance.hand("buy", "0.01", "40000")
    binance.compare()
    binance.desk.place("buy", "0.01")
    client.force_login(binance.desk.owner)
    told = client.get("/api/v1/orders").json()["items"]
    assert {one["origin"] for one in told} == {"external", "moniqo"}
    page = client.get("/trading/orders/").content.decode()
    assert page.count("External") == 1
    order = Order.objects.get(origin="external")
    detail = client.get(f"/trading/orders/{order.pk}/").content.decode()
    assert "Somebody at the venue" in detail
    assert "No limit was asked" in detail


@pytest.mark.parametrize("asks", ["hold_connection", "open_unassigned", "record_report", "note"])
def test_whoever_dies_while_an_order_is_adopted_leaves_all_of_it_or_nothing(
    binance: Place, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    class DiedError(BaseException):
        """As a killed process leaves: nothing is caught, nothing is tidied."""

    hand = binance.hand("buy", "0.01", "40000")
    binance.account.fill(hand, "0.004", "40000")
    real = getattr(adopting, asks)

    def dies(*given: Any, **named: Any) -> Any:
        real(*given, **named)
        raise DiedError

    monkeypatch.setattr(adopting, asks, dies)
    with pytest.raises(DiedError):
        binance.compare()
    assert (Order.objects.count(), Fill.objects.count()) == (0, 0)
    monkeypatch.setattr(adopting, asks, real)
    assert (binance.compare(), Order.objects.count(), Fill.objects.count()) == (1, 1, 1)
    assert binance.agrees()


def test_others_see_nothing_of_it(binance: Place, other_owner: User) -> None:
    binance.hand("buy", "0.01", "40000")
    binance.compare()
    with tenancy.tenant(other_owner.pk):
        assert not Order.objects.exists()
    with tenancy.tenant(binance.desk.owner.pk):
        set_connection_state(owner_id=binance.desk.owner.pk, connection_id=binance.desk.connection.pk, state="paused")
        assert binance.compare() == 0
