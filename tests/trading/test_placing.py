"""An intent becomes a row, with its decision and its hold, or a row that says why not."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from kit import clock, tenancy
from kit.errors import InvalidInputError, NotFoundError
from kit.users.models import User
from markets.models import Instrument
from tests.trading.desk import SYMBOL, Desk, make_desk, set_price
from trading import services
from trading.models import Order, RiskDecision
from trading.orders import placing
from trading.orders.intents import client_order_id
from wallets.models import Wallet


@pytest.fixture
def desk(owner: User) -> Iterator[Desk]:
    with tenancy.tenant(owner.pk):
        yield make_desk(owner)


def refused(order: Order, limit: str) -> bool:
    decision = RiskDecision.objects.get(order=order)
    return (order.status, decision.allowed, decision.limit) == ("rejected", False, limit) and bool(order.refusal)


def test_a_buy_waits_for_its_worker_with_its_funds_held(desk: Desk) -> None:
    order = desk.place("buy", "2.00059")
    assert (order.status, order.quantity) == ("submitting", Decimal("2.000"))
    assert desk.held("USDT") == Decimal("2.000") * 100 * Decimal("1.011")
    assert [event.to_status for event in order.events.all()] == ["submitting"]
    decision = RiskDecision.objects.get(order=order)
    assert decision.allowed
    assert decision.numbers["notional"] == "200"
    assert decision.numbers["maximum_notional"] == "50000"


def test_the_same_key_and_body_return_the_first_order(desk: Desk) -> None:
    first = desk.place("buy", "1", key="same")
    assert desk.place("buy", "1", key="same").pk == first.pk
    assert desk.held("USDT") == Decimal("101.1")


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal(2)},
        {"quantity": Decimal("1.0000001")},  # the same lots
        {"side": "sell"},
        {"reduce_only": True},
        {"exit_stop": Decimal(95)},
        {"reason": "Another one."},
    ],
)
def test_the_same_key_with_another_body_is_refused(desk: Desk, change: dict[str, object]) -> None:
    desk.place("buy", "1", key="same", reason="The first.")
    with pytest.raises(services.OrderConflictError, match="another order"):
        desk.place(**{"side": "buy", "quantity": "1", "key": "same", "reason": "The first.", **change})  # type: ignore[arg-type]
    assert desk.place("buy", "1.0", key="same", reason="The first.").pk == Order.objects.get().pk


def test_a_refused_order_keeps_its_key_and_its_answer(desk: Desk) -> None:
    desk.wallet.trading_state = Wallet.TradingState.HALTED
    desk.wallet.save()
    first = desk.place("buy", "1", key="halted")
    assert refused(first, "trading_state")
    assert desk.place("buy", "1", key="halted").pk == first.pk


def test_the_client_order_id_is_the_same_for_ever_and_safe_for_venues(desk: Desk) -> None:
    name = client_order_id(desk.owner.pk, "run:1")
    assert name == client_order_id(desk.owner.pk, "run:1") != client_order_id(desk.owner.pk, "run:2")
    assert len(name) <= 32
    assert name.isascii()
    assert name.isalnum()


def test_without_limits_on_the_path_nothing_is_allowed(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner, limits=False)
        order = desk.place()
        assert refused(order, "allowed_symbols")
        assert desk.held("USDT") == 0
        services.set_limits(on=desk.master, allowed_symbols=[SYMBOL], maximum_notional=None)
        assert refused(desk.place(), "maximum_notional")


def test_the_tightest_limit_on_the_path_applies(desk: Desk) -> None:
    services.set_limits(on=desk.farm, allowed_symbols=None, maximum_notional=Decimal(500))
    assert refused(desk.place("buy", "6"), "maximum_notional")
    services.set_limits(on=desk.wallet, allowed_symbols=["ETH/USDT"], maximum_notional=None)
    assert refused(desk.place("buy", "1"), "allowed_symbols")


@pytest.mark.parametrize("level", ["master", "farm", "wallet"])
def test_a_halt_anywhere_on_the_path_refuses(desk: Desk, level: str) -> None:
    Wallet.objects.filter(pk=getattr(desk, level).pk).update(trading_state="halted")
    assert refused(desk.place(), "trading_state")


def test_a_path_that_only_reduces_lets_sales_through(desk: Desk) -> None:
    desk.trade("buy", "1")
    Wallet.objects.filter(pk=desk.farm.pk).update(trading_state="reducing")
    assert refused(desk.place("buy", "1"), "trading_state")
    assert desk.place("sell", "1", reduce_only=True).status == "submitting"


def test_a_stale_price_refuses(desk: Desk) -> None:
    set_price(desk.instrument, "100", at=clock.now() - timedelta(seconds=61))
    order = desk.place()
    assert refused(order, "price_age")
    assert "61 s old" in str(order.refusal)


def test_no_price_at_all_refuses(desk: Desk) -> None:
    desk.instrument.ticker.delete()
    assert refused(desk.place(), "price_age")


def test_less_than_a_lot_and_less_than_the_minimum_are_refused(desk: Desk) -> None:
    assert refused(desk.place("buy", "0.0009"), "lot_size")
    assert refused(desk.place("buy", "0.09"), "minimum_notional")


def test_spot_cannot_be_sold_short(desk: Desk) -> None:
    order = desk.place("sell", "1")
    assert refused(order, "position")
    assert "short" in str(order.refusal)
    desk.trade("buy", "1")
    assert refused(desk.place("sell", "1.001"), "position")
    assert refused(desk.place("buy", "1", reduce_only=True), "position")


def test_an_exit_is_never_too_large_to_leave(desk: Desk) -> None:
    desk.trade("buy", "1")
    services.set_limits(on=desk.connection, allowed_symbols=[], maximum_notional=Decimal(50))
    assert desk.place("sell", "1").status == "submitting"


def test_a_second_order_in_the_instrument_waits_for_the_first(desk: Desk) -> None:
    desk.place()
    assert refused(desk.place(), "unfinished_order")


def test_books_that_disagree_with_the_position_allow_to_leave_and_nothing_else(desk: Desk) -> None:
    desk.trade("buy", "1")
    desk.wallet.positions.update(quantity=Decimal("1.5"))
    for side, quantity in (("buy", "1"), ("sell", "1.001")):
        order = desk.place(side, quantity)
        assert refused(order, "reconciliation")
        assert "disagree" in str(order.refusal)
    assert desk.place("sell", "1").status == "submitting"


def test_too_little_money_is_a_refusal_with_the_numbers(desk: Desk) -> None:
    services.set_limits(on=desk.connection, allowed_symbols=[SYMBOL], maximum_notional=Decimal(10**9))
    order = desk.place("buy", "1000")
    assert refused(order, "funds")
    assert "101100 USDT" in order.refusal.exact
    assert desk.held("USDT") == 0


def test_an_instrument_of_another_venue_is_refused(desk: Desk) -> None:
    fields = {"base": "BTC", "quote": "USDT", "tick_size": 1, "lot_size": 1}
    elsewhere = Instrument.objects.create(venue="kraken", symbol=SYMBOL, **fields)
    assert refused(desk.place(instrument=elsewhere), "instrument")


@pytest.mark.parametrize(
    "change", [{"side": "short"}, {"quantity": Decimal(-1)}, {"quantity": Decimal("NaN")}, {"key": ""}]
)
def test_nonsense_is_no_order(desk: Desk, change: dict[str, object]) -> None:
    body = {"side": "buy", "quantity": Decimal(1), "key": "key", **change}
    with pytest.raises(InvalidInputError):
        services.place_order(wallet=desk.wallet, instrument=desk.instrument, reason="", **body)
    assert not Order.objects.exists()


def test_another_owners_wallet_cannot_be_traded(desk: Desk, other_owner: User) -> None:
    with tenancy.tenant(other_owner.pk), pytest.raises(NotFoundError):
        services.place_order(
            wallet=desk.wallet, instrument=desk.instrument, side="buy", quantity=Decimal(1), key="theft", reason=""
        )


def test_placing_and_executing_takes_a_fixed_number_of_queries(desk: Desk) -> None:
    desk.trade("buy", "1")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(
            database,
        ) as queries:
            desk.trade("buy", "1")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 60


@pytest.mark.offline
def test_open_pages_are_told_of_their_owners_orders_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[UUID, list[str]] = {}
    monkeypatch.setattr(
        placing,
        "publish_each",
        lambda *, owner_id, event, data: told.update({owner_id: [one["order"] for one in data]}),
    )
    one, other = uuid4(), uuid4()
    orders = [Order(owner_id=owner_id) for owner_id in (one, other, one)]
    placing._tell(orders)
    assert told == {one: [str(orders[0].pk), str(orders[2].pk)], other: [str(orders[1].pk)]}
