"""Which opposite orders are crossed and how much of each: whole lots, and a rest that its venue still takes."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import clock
from markets.models import Instrument
from trading.models import Order
from trading.orders.crossing import Cross, find
from trading.orders.recording import with_crossed
from trading.orders.sending import request_of
from wallets.venues.base import OrderReport

pytestmark = pytest.mark.offline
D = Decimal
MARKET = Instrument(
    pk=1, symbol="BTC/USDT", base="BTC", quote="USDT", lot_size=D("0.001"), tick_size=D("0.01"), minimum_notional=D(10)
)
ACCOUNT = uuid4()
MIDDLES = {1: D(100)}


def order(side: str, quantity: str, *, account: UUID = ACCOUNT, **given: Any) -> Order:
    usual: dict[str, Any] = {
        "status": "submitting",
        "instrument": MARKET,
        "connection_id": account,
        "wallet_id": uuid4(),
    }
    return Order(side=side, quantity=D(quantity), **usual | given)


def crossed(*orders: Order) -> list[str]:
    return [str(cross.quantity) for cross in find(orders, MIDDLES)]


def test_the_smaller_is_crossed_and_the_rest_of_the_larger_is_left() -> None:
    assert crossed(order("buy", "2"), order("sell", "3")) == ["2"]
    assert crossed(order("sell", "3"), order("buy", "3")) == ["3"]
    assert crossed(order("buy", "2"), order("buy", "3")) == []


def test_one_meets_several_in_their_order() -> None:
    orders = [order("sell", "5"), order("buy", "2"), order("buy", "1"), order("buy", "4")]
    assert [(cross.buy.quantity, cross.quantity) for cross in find(orders, MIDDLES)] == [(2, 2), (1, 1), (4, 2)]


def test_a_rest_that_is_too_small_for_the_venue_is_made_large_enough() -> None:
    """Of 10 USDT at least: 0.102 with what the price may move, and a lot."""
    assert crossed(order("buy", "2"), order("sell", "2.05")) == ["1.898"]
    assert crossed(order("buy", "0.1"), order("sell", "0.15")) == []


def test_what_is_elsewhere_waits_or_is_no_spot_is_not_crossed() -> None:
    others: tuple[dict[str, Any], ...] = (
        {"account": uuid4()},
        {"instrument": Instrument(pk=2, lot_size=D(1), minimum_notional=D(0))},
        {"status": "waiting"},
        {"status": "rejected"},
        {"type": "limit", "limit_price": D(100)},
        {"leverage": D(2)},
    )
    for other in others:
        assert crossed(order("buy", "2"), order("sell", "2", **other)) == []
    assert find([order("buy", "2"), order("sell", "2")], {}) == []


quantities = st.integers(min_value=102, max_value=5_000).map(lambda lots: D(lots) / 1000)


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), quantities), max_size=8))
def test_nobody_gives_more_than_it_has_and_no_rest_is_too_small(wishes: list[tuple[str, Decimal]]) -> None:
    orders = [order(side, str(quantity)) for side, quantity in wishes]
    left = {one.pk: one.quantity for one in orders}
    for cross in find(orders, MIDDLES):
        assert (cross.buy.side, cross.sell.side, cross.price) == ("buy", "sell", 100)
        assert cross.quantity > 0
        for one in (cross.buy, cross.sell):
            left[one.pk] -= cross.quantity
    assert all(rest == 0 or rest * 100 >= MARKET.minimum_notional for rest in left.values())
    assert all(rest == rest.quantize(MARKET.lot_size) for rest in left.values())


def test_the_venue_is_asked_for_the_rest_and_what_it_says_is_about_the_whole() -> None:
    one = order("buy", "5", crossed_quantity=D(2), client_order_id="a", time_in_force="")
    assert request_of(one).quantity == 3
    said = OrderReport(
        client_order_id="a", venue_order_id="1", symbol="BTC/USDT", side="buy", quantity=D(3), filled_quantity=D(1),
        status="open", trades=(), at=clock.now(),
    )  # fmt: skip
    told = with_crossed(one, said)
    assert (told.quantity, told.filled_quantity) == (5, 3)
    assert with_crossed(order("buy", "5"), said) is said


def test_its_trades_have_names_that_fit() -> None:
    cross = Cross(order("buy", "1"), order("sell", "1"), D(1), D(1))
    assert len(f"fill:{cross.buy.pk.hex}:{cross.name}:sell") <= 120
    assert len(f"{cross.name}:sell") <= 80
