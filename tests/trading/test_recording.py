"""What the venue says becomes fills, entries and a position: in parts, with odd fees, too much, too late, twice."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.users.models import User
from tests.trading.desk import SYMBOL, Desk, assert_books_prove_themselves, fail_with, fund, make_desk
from trading import services
from trading.models import Fill, Order
from wallets.models import Posting
from wallets.venues.base import OrderReport, Status, TradeReport


@pytest.fixture
def desk(as_owner: User) -> Desk:
    return make_desk(as_owner)


ZERO = Decimal(0)


def trade(number: int, quantity: str, price: str = "100", fee: str = "0", fee_asset: str = "USDT") -> TradeReport:
    return TradeReport(
        f"T{number}",
        "",
        SYMBOL,
        "buy",
        Decimal(price),
        Decimal(quantity),
        Decimal(fee),
        fee_asset,
        "taker",
        clock.now(),
    )


def tell(
    desk: Desk,
    order: Order,
    status: Status,
    trades: Sequence[TradeReport] = (),
    reason: str = "",
    filled: str | None = None,
) -> Order:
    """The venue's word; `filled` is its own count where that differs from the trades it tells."""
    told = sum((trade.quantity for trade in trades), Decimal(0))
    count = told if filled is None else Decimal(filled)
    report = OrderReport(
        order.client_order_id, "V1", SYMBOL, "buy", order.quantity, count, status, tuple(trades), clock.now(), reason
    )
    return services.record_report(owner_id=desk.owner.pk, order_id=order.pk, report=report)


def test_fills_in_parts_use_the_hold_in_parts(desk: Desk) -> None:
    order = desk.place("buy", "10")
    hold = desk.held("USDT")
    first, second = trade(1, "4", fee="0.4"), trade(2, "6", fee="0.6")
    order = tell(desk, order, "partially_filled", [first])
    assert (order.status, order.filled_quantity) == ("partially_filled", 4)
    assert desk.held("USDT") == hold - 400 - Decimal("0.4")
    order = tell(desk, order, "filled", [first, second])
    assert (order.status, order.average_price, desk.held("USDT")) == ("filled", 100, 0)
    assert desk.balance("USDT") == 100_000 - 1000 - 1
    assert Fill.objects.count() == 2
    assert_books_prove_themselves(desk)


def test_several_fills_in_one_answer_are_recorded_one_by_one(desk: Desk) -> None:
    order = tell(desk, desk.place("buy", "10"), "filled", [trade(n, "2", str(99 + n), "0.2") for n in range(5)])
    assert (order.status, order.average_price, desk.held("USDT")) == ("filled", 101, 0)
    assert desk.wallet.positions.get().entry_price == 101
    assert Posting.objects.filter(kind="trade").count() == 5


def test_an_order_cancelled_half_way_keeps_what_was_filled_and_frees_the_rest(desk: Desk) -> None:
    order = tell(desk, desk.place("buy", "10"), "cancelled", [trade(1, "4")])
    assert (order.status, order.filled_quantity, desk.held("USDT")) == ("cancelled", 4, 0)
    assert desk.balance("BTC") == 4


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_an_order_ends_only_when_the_trades_that_the_venue_counts_are_told(desk: Desk, status: Status) -> None:
    order = desk.place("buy", "10")
    hold = desk.held("USDT")
    order = tell(desk, order, status, filled="4")
    assert (order.status, order.due_at is not None, desk.held("USDT")) == ("open", True, hold)
    order = tell(desk, order, status, [trade(1, "3")], filled="4")
    assert (order.status, desk.held("USDT")) == ("partially_filled", hold - 300)
    assert "has told 3 BTC of it" in str(order.events.order_by("-id")[0].detail).replace("\u00a0", " ")
    order = tell(desk, order, status, [trade(1, "3"), trade(2, "1")], filled="4")
    assert (order.status, order.filled_quantity, desk.held("USDT")) == (status, 4, 0)
    assert_books_prove_themselves(desk)


def test_trades_that_stay_away_are_told_to_a_person(desk: Desk) -> None:
    order = desk.place("buy", "10")
    with clock.at(clock.now() + timedelta(minutes=11)):
        tell(desk, order, "cancelled", filled="4")
        assert Alert.objects.get().key == f"order:{order.pk}:untold"
        tell(desk, order, "cancelled", [trade(1, "4")], filled="4")
    assert Alert.objects.get().resolved_at is not None


def test_an_open_order_keeps_its_hold_and_is_asked_about_again(desk: Desk) -> None:
    order = desk.place("buy", "10")
    held = desk.held("USDT")
    order = tell(desk, order, "open")
    assert (order.status, desk.held("USDT")) == ("open", held)
    events = order.events.count()
    order = tell(desk, order, "open")
    assert order.due_at is not None
    assert order.events.count() == events


def test_filled_is_not_believed_before_every_trade_is_told(desk: Desk) -> None:
    order = tell(desk, desk.place("buy", "10"), "filled", [trade(1, "4")])
    assert order.status == "partially_filled"
    assert desk.held("USDT") > 0


def test_a_fee_in_the_base_asset_makes_position_and_books_smaller_alike(desk: Desk) -> None:
    tell(desk, desk.place("buy", "10"), "filled", [trade(1, "10", fee="0.01", fee_asset="BTC")])
    position = desk.wallet.positions.get()
    assert position.quantity == desk.balance("BTC") == Decimal("9.99")
    assert (position.fees, position.realized_pnl) == (1, -1)
    assert desk.place("sell", "9.99").status == "submitting"  # the books reconcile


def test_a_fee_in_a_third_asset_is_taken_from_its_own_account(desk: Desk) -> None:
    fund(desk, "BNB", Decimal(1))
    order = tell(desk, desk.place("buy", "10"), "filled", [trade(1, "10", fee="0.02", fee_asset="BNB")])
    assert desk.balance("BNB") == Decimal("0.98")
    assert "no price" in " ".join(map(str, order.events.values_list("detail", flat=True)))


def test_a_rebate_is_money_that_comes_in(desk: Desk) -> None:
    order = desk.place("buy", "10")
    hold = desk.held("USDT")
    first, second = trade(1, "4", fee="-0.2"), trade(2, "6", fee="-0.3")
    tell(desk, order, "partially_filled", [first])
    assert desk.held("USDT") == hold - 400
    tell(desk, order, "filled", [first, second])
    position = desk.wallet.positions.get()
    assert (position.fees, position.realized_pnl) == (Decimal("-0.5"), Decimal("0.5"))
    assert (desk.balance("USDT"), desk.held("USDT")) == (99_000 + Decimal("0.5"), 0)
    assert_books_prove_themselves(desk)


def test_a_fill_beyond_the_hold_is_paid_from_what_else_there_is(desk: Desk) -> None:
    tell(desk, desk.place("buy", "10"), "filled", [trade(1, "10", price="150")])
    assert (desk.balance("USDT"), desk.held("USDT")) == (98_500, 0)


def test_a_fill_nobody_can_pay_for_stands_in_suspense_with_an_alert(as_owner: User) -> None:
    desk = make_desk(as_owner, cash=Decimal(1020))
    order = tell(desk, desk.place("buy", "10"), "filled", [trade(1, "10", price="150")])
    assert order.status == "filled"
    assert desk.balance("BTC") == 10
    assert (desk.balance("USDT"), desk.balance("USDT", "suspense")) == (0, 1020 - 1500)
    assert Alert.objects.get().level == Alert.Level.CRITICAL
    assert_books_prove_themselves(desk)


def test_a_venue_that_buys_twice_what_was_ordered_is_booked_in_full_with_an_alert(
    as_owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(as_owner)
    fail_with(monkeypatch, "doubled")
    order = desk.trade("buy", "10")
    assert (order.status, order.filled_quantity, order.quantity) == ("filled", 20, 10)
    assert (order.hold, order.due_at, desk.held("USDT")) == (None, None, 0)
    assert desk.books_agree()
    assert desk.wallet.positions.get().quantity == desk.balance("BTC") == 20
    alert = Alert.objects.get()
    assert (alert.level, alert.key) == (Alert.Level.CRITICAL, f"order:{order.pk}:overfilled")
    assert "20\u00a0BTC instead of 10\u00a0BTC" in alert.story()
    assert desk.trade("sell", "20").status == "filled"  # the excess can be sold again
    assert_books_prove_themselves(desk)


def test_a_venue_that_buys_more_than_the_wallet_has_leaves_the_excess_in_suspense(as_owner: User) -> None:
    desk = make_desk(as_owner, cash=Decimal(1500))
    order = tell(desk, desk.place("buy", "10"), "filled", [trade(1, "10", fee="1"), trade(2, "10", fee="1")])
    assert (order.status, order.filled_quantity, desk.held("USDT")) == ("filled", 20, 0)
    assert (desk.balance("USDT"), desk.balance("USDT", "suspense")) == (0, 1500 - 2002)
    assert set(Alert.objects.values_list("key", flat=True)) == {
        f"order:{order.pk}:overfilled",
        f"order:{order.pk}:unpaid",
    }
    assert_books_prove_themselves(desk)


def test_a_venue_that_sells_more_than_the_position_closes_it_with_alerts(desk: Desk) -> None:
    desk.trade("buy", "5")
    order = desk.place("sell", "5")
    order = tell(desk, order, "filled", [trade(1, "5"), trade(2, "2")])
    assert (order.status, order.filled_quantity) == ("filled", 7)
    assert desk.wallet.positions.get().closed_at is not None
    assert (desk.balance("BTC"), desk.balance("BTC", "suspense")) == (0, -2)
    assert Alert.objects.filter(key=f"order:{order.pk}:overfilled", level=Alert.Level.CRITICAL).exists()
    assert_books_prove_themselves(desk)


def test_a_trade_told_after_the_end_is_recorded_and_reopens_nothing(desk: Desk) -> None:
    order = tell(desk, desk.place("buy", "10"), "cancelled", [trade(1, "4")])
    order = tell(desk, order, "cancelled", [trade(1, "4"), trade(2, "1")])
    assert (order.status, order.filled_quantity, desk.balance("BTC")) == ("cancelled", 5, 5)
    assert_books_prove_themselves(desk)


def test_dust_below_a_lot_ends_the_round_trip(desk: Desk) -> None:
    tell(desk, desk.place("buy", "10"), "filled", [trade(1, "10", fee="0.0005", fee_asset="BTC")])
    order = tell(desk, desk.place("sell", "9.999"), "filled", [trade(2, "9.999")])
    assert order.status == "filled"
    assert desk.wallet.positions.get().closed_at is not None
    assert desk.balance("BTC") == Decimal("0.0005")
    assert desk.place("buy", "1").status == "submitting"


_numbers = count(1)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    prices=st.lists(st.integers(95, 101), min_size=5, max_size=5),
    told=st.lists(st.integers(1, 5), max_size=4),
    ending=st.sampled_from(["filled", "cancelled", "expired"]),
)
def test_however_the_fills_are_told_the_books_and_the_position_agree(
    desk: Desk, parts: list[int], prices: list[int], told: list[int], ending: Status
) -> None:
    """Any split of an order into trades, told in any prefixes, in any order and repeatedly, comes to the same books."""
    before = desk.balance("USDT"), desk.balance("BTC")
    total = sum(parts) + (0 if ending == "filled" else 1)
    order = desk.place("buy", str(total))
    trades = [trade(next(_numbers), str(part), str(price), "0.1") for part, price in zip(parts, prices, strict=False)]
    for prefix in told:
        if trades[:prefix] != trades:
            order = tell(desk, order, "partially_filled", trades[:prefix])
    order = tell(desk, order, ending, trades)
    paid = sum(one.price * one.quantity + one.fee for one in trades)
    assert order.status == ending
    assert desk.balance("USDT") == before[0] - paid
    assert desk.balance("BTC") == before[1] + sum(parts)
    assert desk.held("USDT") == 0
    assert desk.wallet.positions.get(closed_at=None).quantity == desk.balance("BTC")
    assert_books_prove_themselves(desk)


def test_another_owner_cannot_record_anything(desk: Desk, other_owner: User) -> None:
    order = desk.place("buy", "1")
    report = OrderReport(order.client_order_id, "V1", SYMBOL, "buy", order.quantity, ZERO, "cancelled", (), clock.now())
    with pytest.raises(Order.DoesNotExist):
        services.record_report(owner_id=other_owner.pk, order_id=order.pk, report=report)
    with tenancy.tenant(desk.owner.pk):
        assert desk.fresh(order).status == "submitting"
