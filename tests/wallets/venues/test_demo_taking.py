"""Where the book of a real exchange is known, a paper order takes what stands there, price by price."""

from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wallets.venues.test_demo_venue import BTC, FEE, NO_SLIPPAGE, NOW, PERP, TICKER, MemoryBooks, order
from wallets.venues.base import OrderRequest, Side
from wallets.venues.demo.exchange import DemoVenue
from wallets.venues.demo.floor import OrderBook
from wallets.venues.demo.taking import crossed, taken, walk

D = Decimal
BOOK = OrderBook(
    bids=((D(49_999), D("0.3")), (D(49_990), D("0.5")), (D(49_900), D(2))),
    asks=((D(50_001), D("0.2")), (D(50_010), D("0.000004")), (D(50_020), D("0.5")), (D(50_100), D(1))),
)


def exchange(books: MemoryBooks, asked: list[str] | None = None) -> DemoVenue:
    def stands(symbol: str) -> OrderBook:
        if asked is not None:
            asked.append(symbol)
        return BOOK

    return DemoVenue(
        books=books, markets=lambda: (BTC, PERP), quote=lambda _: TICKER, clock=lambda: NOW, costs=NO_SLIPPAGE,
        stands=stands,
    )  # fmt: skip


def parts(books: MemoryBooks, request: OrderRequest) -> list[tuple[Decimal, Decimal]]:
    return [(trade.price, trade.quantity) for trade in exchange(books).submit(request).trades]


def at_limit(quantity: str, limit: str, how: Literal["gtc", "ioc", "fok"] = "gtc") -> OrderRequest:
    return OrderRequest("m-1", "BTC/USDT", "buy", D(quantity), type="limit", price=D(limit), time_in_force=how)


def test_a_market_order_takes_the_nearest_prices_first_and_pays_for_each_of_them() -> None:
    books = MemoryBooks(USDT=100_000)
    report = exchange(books).submit(order("0.5"))
    assert [(one.price, one.quantity) for one in report.trades] == [(D(50_001), D("0.2")), (D(50_020), D("0.3"))]
    paid = D("0.2") * 50_001 + D("0.3") * 50_020
    assert report.status == "filled"
    assert books.totals == {"USDT": 100_000 - paid * (1 + FEE), "BTC": D("0.5")}


def test_a_sale_takes_the_bids() -> None:
    assert parts(MemoryBooks(BTC=1), order("0.4", "sell")) == [(D(49_999), D("0.3")), (D(49_990), D("0.1"))]


def test_what_is_more_than_stands_there_goes_on_from_the_last_price() -> None:
    assert parts(MemoryBooks(USDT=1_000_000), order("2")) == [
        (D(50_001), D("0.2")), (D(50_020), D("0.5")), (D(50_100), D(1)), (D(50_100), D("0.3")),
    ]  # fmt: skip


def test_who_cannot_pay_for_the_farther_prices_gets_none_of_it() -> None:
    books = MemoryBooks(USDT=25_000)  # enough for half a coin at the nearest price less the fee, and not at the others
    (report,) = exchange(books).submit_many([order("0.5")])
    assert getattr(report, "reason", "") == "funds"
    assert books.totals == {"USDT": 25_000}


@pytest.mark.parametrize(
    ("request_", "found", "status"),
    [
        (at_limit("0.3", "50010"), [(D(50_001), D("0.2"))], "partially_filled"),
        (at_limit("0.3", "50020"), [(D(50_001), D("0.2")), (D(50_020), D("0.1"))], "filled"),
        (at_limit("0.3", "50010", "ioc"), [(D(50_001), D("0.2"))], "cancelled"),
        (at_limit("0.3", "50010", "fok"), [], "cancelled"),
        (at_limit("0.3", "50020", "fok"), [(D(50_001), D("0.2")), (D(50_020), D("0.1"))], "filled"),
        (at_limit("0.3", "50000"), [], "open"),
    ],
)
def test_a_limit_order_takes_no_price_beyond_its_limit(
    request_: OrderRequest, found: list[tuple[Decimal, Decimal]], status: str
) -> None:
    report = exchange(MemoryBooks(USDT=100_000)).submit(request_)
    assert ([(one.price, one.quantity) for one in report.trades], report.status) == (found, status)


def test_the_book_is_asked_for_once_a_message_and_not_for_what_only_rests() -> None:
    asked: list[str] = []
    venue = exchange(MemoryBooks(USDT=1_000_000), asked)
    venue.submit(at_limit("0.1", "49000"))
    assert asked == []
    venue.submit_many([order("0.1", key="a"), order("0.1", key="b")])
    assert asked == ["BTC/USDT"]


def test_a_perpetual_has_no_book_of_its_own() -> None:
    report = exchange(MemoryBooks(USDT=100_000)).submit(order("0.5", symbol=PERP.symbol))
    assert [(one.price, one.quantity) for one in report.trades] == [(D(50_001), D("0.5"))]


level = st.tuples(st.integers(1, 400), st.decimals("0.001", "9", places=5))


@given(
    st.lists(level, min_size=1, max_size=30, unique_by=lambda one: one[0]),
    st.decimals("0.01", "50", places=2),
    st.sampled_from(["buy", "sell"]),
    st.none() | st.integers(1, 400),
)
def test_what_is_taken_stands_there_and_nothing_nearer_is_left(
    rows: list[tuple[int, Decimal]], quantity: Decimal, side: Side, limit: int | None
) -> None:
    levels = tuple(sorted(((D(price), size) for price, size in rows), reverse=side == "sell"))
    book = OrderBook(bids=levels if side == "sell" else (), asks=levels if side == "buy" else ())
    lot = D("0.01")
    found = walk(book, side, quantity, lot=lot, limit=None if limit is None else D(limit))
    sizes = dict(crossed(book, side))

    def reaches(price: Decimal) -> bool:
        return limit is None or (price <= limit if side == "buy" else price >= limit)

    assert all(0 < part <= sizes[price] and part % lot == 0 and reaches(price) for part, price in found)
    assert [price for _, price in found] == sorted((price for _, price in found), reverse=side == "sell")
    there = sum((size // lot * lot for price, size in levels if reaches(price)), D(0))
    assert taken(found) == min(quantity, there)
