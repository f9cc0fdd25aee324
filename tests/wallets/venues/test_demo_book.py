"""Limit orders at the demo exchange: what is taken at once, what rests, what the market fills later, and what ends."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wallets.venues.test_demo_venue import BTC, NO_SLIPPAGE, NOW, TICKER, MemoryBooks, exchange
from wallets.venues.base import OrderReport, OrderRequest, Side, TickerReport, VenueRejectedError
from wallets.venues.demo.floor import Costs
from wallets.venues.demo.resting import Bar

pytestmark = pytest.mark.offline
LATER = NOW + timedelta(minutes=1)
THIN = Costs(slippage_bps=Decimal(0), impact_bps=Decimal(0), depth=Decimal(10_000))


def limit(price: str, quantity: str = "0.1", side: Side = "buy", key: str = "l-1", **more: Any) -> OrderRequest:
    return OrderRequest(key, "BTC/USDT", side, Decimal(quantity), type="limit", price=Decimal(price), **more)


def at(price: str, moment: Any = LATER) -> TickerReport:
    """A market with a spread of two."""
    middle = Decimal(price)
    return TickerReport("BTC/USDT", middle, middle - 1, middle + 1, moment)


def known(books: MemoryBooks, key: str = "l-1") -> OrderReport:
    return books.orders[key]


def test_a_limit_that_the_market_has_met_takes_at_its_limit_or_better_and_pays_the_taker() -> None:
    books = MemoryBooks(USDT=10_000)
    report = exchange(books).submit(limit("50010"))
    assert (report.status, report.average_price, report.trades[0].liquidity) == ("filled", 50_001, "taker")
    slipping = Costs(slippage_bps=Decimal(100), impact_bps=Decimal(0))
    report = exchange(MemoryBooks(USDT=10_000), costs=slipping).submit(limit("50010"))
    assert report.average_price == 50_010, "slippage ends at the limit"


def test_one_that_it_has_not_rests_and_is_filled_at_its_limit_by_a_later_price_for_the_makers_fee() -> None:
    books = MemoryBooks(USDT=10_000)
    venue = exchange(books)
    assert venue.submit(limit("49000")).status == "open"
    assert venue.match() == (), "the price has not moved"
    later = exchange(books, price=at("48000"), now=LATER)
    assert later.match() == ("l-1",)
    report = known(books)
    assert (report.status, report.trades[0].price, report.trades[0].liquidity) == ("filled", 49_000, "maker")
    assert report.trades[0].fee == Decimal(4900) * NO_SLIPPAGE.maker
    assert books.totals == {"USDT": Decimal(10_000) - 4_900 - report.trades[0].fee, "BTC": Decimal("0.1")}
    assert later.match() == ()


def test_a_sale_rests_above_and_is_filled_by_the_bid() -> None:
    books = MemoryBooks(BTC=1)
    exchange(books).submit(limit("51000", side="sell"))
    assert exchange(books, price=at("51000"), now=LATER).match() == (), "its ask is there, and no bid"
    assert exchange(books, price=at("51001"), now=LATER).match() == ("l-1",)
    assert books.totals["USDT"] == 5_100 * (1 - NO_SLIPPAGE.maker)


def test_who_queues_is_served_when_the_price_has_gone_through_its_limit() -> None:
    queueing = replace(NO_SLIPPAGE, queue=Decimal(1))
    for side, at_it, beyond in (("buy", "48999", "48998"), ("sell", "51001", "51002")):
        price = "49000" if side == "buy" else "51000"
        for costs, met in ((NO_SLIPPAGE, ("l-1",)), (queueing, ())):
            books = MemoryBooks(USDT=10_000, BTC=1)
            exchange(books, costs=costs).submit(limit(price, side=side))  # type: ignore[arg-type]
            assert exchange(books, costs=costs, price=at(at_it), now=LATER).match() == met
            if not met:
                assert exchange(books, costs=costs, price=at(beyond), now=LATER).match() == ("l-1",)
                assert known(books).trades[0].price == Decimal(price)


def test_what_rests_reserves_what_it_may_need() -> None:
    books = MemoryBooks(USDT=10_000)
    venue = exchange(books)
    venue.submit(limit("49000"))
    (usdt,) = venue.balances()
    assert (usdt.total, usdt.available) == (10_000, 10_000 - 4_900 * (1 + NO_SLIPPAGE.dearest))
    with pytest.raises(VenueRejectedError) as refusal:
        venue.submit(limit("49000", "0.11", key="l-2"))
    assert refusal.value.reason == "funds"
    venue.cancel("l-1", "BTC/USDT")
    assert venue.submit(limit("49000", "0.11", key="l-3")).status == "open"


def test_at_most_the_depth_is_filled_for_each_price_in_whole_lots_and_never_twice_for_one() -> None:
    books = MemoryBooks(USDT=100_000)
    venue = exchange(books, costs=THIN)
    report = venue.submit(limit("50001", "0.5"))
    part = Decimal("0.19999")  # 10,000 at 50,001, in lots
    assert (report.status, report.filled_quantity) == ("partially_filled", part)
    assert venue.match() == (), "the same price has no more"
    assert exchange(books, costs=THIN, price=at("50000"), now=LATER).match() == ("l-1",)
    assert [trade.quantity for trade in known(books).trades] == [part, part]
    assert [trade.liquidity for trade in known(books).trades] == ["taker", "maker"]
    end = LATER + timedelta(minutes=1)
    exchange(books, costs=THIN, price=at("50000", end), now=end).match()
    assert (known(books).status, known(books).filled_quantity) == ("filled", Decimal("0.5"))


def test_a_price_of_a_thin_market_fills_one_lot_at_least() -> None:
    books = MemoryBooks(USDT=100_000)
    lotless = Costs(slippage_bps=Decimal(0), impact_bps=Decimal(0), depth=Decimal(1))
    assert exchange(books, costs=lotless).submit(limit("50001", "0.01")).filled_quantity == BTC.lot_size


def test_ioc_takes_what_is_there_and_ends_with_the_rest() -> None:
    books = MemoryBooks(USDT=100_000)
    report = exchange(books, costs=THIN).submit(limit("50001", "0.5", time_in_force="ioc"))
    assert (report.status, report.filled_quantity) == ("cancelled", Decimal("0.19999"))
    assert exchange(books).submit(limit("49000", key="l-2", time_in_force="ioc")).status == "cancelled"
    assert exchange(books).open_orders() == ()


def test_fok_is_filled_as_a_whole_or_not_at_all() -> None:
    books = MemoryBooks(USDT=100_000)
    report = exchange(books, costs=THIN).submit(limit("50001", "0.5", time_in_force="fok"))
    assert (report.status, report.trades) == ("cancelled", ())
    assert exchange(books).submit(limit("50001", "0.5", key="l-2", time_in_force="fok")).status == "filled"


def test_post_only_is_turned_down_where_it_would_take_and_rests_elsewhere() -> None:
    books = MemoryBooks(USDT=100_000)
    venue = exchange(books)
    with pytest.raises(VenueRejectedError) as refusal:
        venue.submit(limit("50001", post_only=True))
    assert refusal.value.reason == "post_only"
    assert books.totals == {"USDT": 100_000}
    assert venue.submit(limit("50000", key="l-2", post_only=True)).status == "open"


def test_a_price_that_is_too_old_fills_nothing() -> None:
    books = MemoryBooks(USDT=100_000)
    old = {"price": at("48000", NOW - timedelta(minutes=6)), "maximum_quote_age": timedelta(minutes=5)}
    assert exchange(books, **old).submit(limit("49000")).status == "open"  # type: ignore[arg-type]
    assert exchange(books, **old).match() == ()  # type: ignore[arg-type]
    assert exchange(books, price=None).match() == ()


def bar(minute: int, low: str, high: str = "50000") -> Bar:
    opened = NOW + timedelta(minutes=minute)
    return Bar(opened, opened + timedelta(minutes=1), Decimal(low), Decimal(high))


def test_a_bar_that_went_beyond_the_limit_while_nobody_looked_fills_it() -> None:
    """What touched the limit does not: others stood there before."""
    books = MemoryBooks(USDT=100_000)
    exchange(books).submit(limit("49000"))
    now = NOW + timedelta(minutes=10)
    assert exchange(books, bars=[bar(1, "49000")], now=now).match() == ()
    assert exchange(books, bars=[bar(-1, "48000")], now=now).match() == (), "that was before it came"
    assert exchange(books, bars=[bar(1, "49000"), bar(2, "48999.99")], now=now).match() == ("l-1",)
    assert known(books).trades[0].price == 49_000
    assert exchange(books, bars=[bar(1, "49000"), bar(2, "48999.99")], now=now).match() == ()


def test_the_moment_that_it_was_good_until_ends_it_with_what_had_been_filled_by_then() -> None:
    until = NOW + timedelta(minutes=5)
    books = MemoryBooks(USDT=100_000)
    exchange(books, costs=THIN).submit(limit("49000", "0.5", time_in_force="gtd", expires_at=until))
    assert exchange(books, now=until - timedelta(seconds=1)).match() == ()
    bars = [bar(2, "48000"), bar(5, "48000")]
    now = NOW + timedelta(minutes=9)
    assert exchange(books, costs=THIN, bars=bars, price=at("48000", now), now=now).match() == ("l-1",)
    assert (known(books).status, known(books).filled_quantity) == ("expired", Decimal("0.20408"))
    with pytest.raises(VenueRejectedError):
        exchange(books, now=now).submit(limit("49000", key="l-2", time_in_force="gtd", expires_at=until))


def test_a_cancellation_ends_what_is_left_and_repeats_itself() -> None:
    books = MemoryBooks(USDT=100_000)
    venue = exchange(books, costs=THIN)
    venue.submit(limit("50001", "0.5"))
    report = venue.cancel("l-1", "BTC/USDT")
    assert (report.status, report.filled_quantity) == ("cancelled", Decimal("0.19999"))
    assert venue.cancel("l-1", "BTC/USDT") == report
    assert exchange(books, price=at("40000"), now=LATER).match() == ()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (limit("50000.001"), "price"),
        (limit("10", "0.1"), "minimum_notional"),
        (limit("50000", "0.000001"), "lot_size"),
        (limit("50000", "3"), "funds"),
        (limit("50000", side="sell"), "funds"),
    ],
)
def test_it_says_no_with_a_reason(request_: OrderRequest, reason: str) -> None:
    books = MemoryBooks(USDT=100_000)
    with pytest.raises(VenueRejectedError) as refusal:
        exchange(books).submit(request_)
    assert refusal.value.reason == reason
    assert books.totals == {"USDT": 100_000}


orders = st.lists(
    st.tuples(
        st.sampled_from(("buy", "sell")),
        st.integers(40_000, 60_000),
        st.integers(1, 300),
        st.sampled_from(("gtc", "ioc", "fok")),
    ),
    min_size=1,
    max_size=8,
)


@given(orders, st.lists(st.integers(40_000, 60_000), max_size=8))
def test_no_market_overdraws_the_account_or_fills_beyond_the_limit_or_the_quantity(
    asked: list[tuple[Side, int, int, Any]], path: list[int]
) -> None:
    books = MemoryBooks(USDT=100_000, BTC=1)
    for number, (side, price, quantity, how) in enumerate(asked):
        terms = limit(str(price), str(Decimal(quantity) / 100), side, f"o-{number}", time_in_force=how)
        with suppress(VenueRejectedError):  # of funds, or too small
            exchange(books, costs=THIN).submit(terms)
    for number, price in enumerate(path, 1):
        now = NOW + timedelta(minutes=number)
        exchange(books, costs=THIN, price=at(str(price), now), now=now).match()
        assert all(total >= 0 for total in books.totals.values())
    spent = {"USDT": Decimal(100_000), "BTC": Decimal(1)}
    for order in books.orders.values():
        terms = books.requests[order.client_order_id].request
        assert order.filled_quantity == sum(trade.quantity for trade in order.trades) <= order.quantity
        sign = 1 if order.side == "buy" else -1
        for trade in order.trades:
            assert sign * (trade.price - (terms.price or 0)) <= 0
            assert trade.quantity % BTC.lot_size == 0
            spent["USDT"] -= sign * trade.price * trade.quantity + trade.fee
            spent["BTC"] += sign * trade.quantity
    assert books.totals == spent
    assert TICKER.ask == 50_001
