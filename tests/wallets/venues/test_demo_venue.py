"""The demo exchange behaves like one: it charges, slips, says no with a reason, and knows an order by its id."""

import math
import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sentences import Told
from wallets.venues.base import (
    MarketReport,
    OrderReport,
    OrderRequest,
    Status,
    TickerReport,
    TradeReport,
    VenueRejectedError,
)
from wallets.venues.demo.books import Made
from wallets.venues.demo.exchange import DemoVenue
from wallets.venues.demo.floor import Costs
from wallets.venues.demo.perpetuals import Funding, Held, Key, Positions
from wallets.venues.demo.resting import Bar, Resting

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BTC = MarketReport("BTC/USDT", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"), Decimal(5))
PERP = MarketReport(
    "BTC/USDT:USDT", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"), Decimal(5), kind="perpetual", settle="USDT",
    max_leverage=Decimal(20), maintenance_margin=Decimal("0.01"),
)  # fmt: skip
FEE = Decimal("0.001")
TICKER = TickerReport("BTC/USDT", Decimal(50_000), Decimal(49_999), Decimal(50_001), NOW)
NO_SLIPPAGE = Costs(slippage_bps=Decimal(0), impact_bps=Decimal(0))


class MemoryBooks:
    """The books as a dictionary: the adapter needs no database."""

    def __init__(self, **totals: int) -> None:
        self.totals = {asset: Decimal(total) for asset, total in totals.items()}
        self.orders: dict[str, OrderReport] = {}
        self.requests: dict[str, Made] = {}
        self.held: dict[Key, Held] = {}
        self.fundings: list[Funding] = []

    @contextmanager
    def account(self) -> Iterator[None]:
        yield

    def balances(self) -> Mapping[str, Decimal]:
        return self.totals

    def find(self, client_order_ids: Collection[str]) -> Mapping[str, OrderReport]:
        return {key: self.orders[key] for key in client_order_ids if key in self.orders}

    def trades_since(self, since: datetime, symbol: str | None) -> tuple[TradeReport, ...]:
        trades = (trade for order in self.orders.values() for trade in order.trades)
        return tuple(trade for trade in trades if trade.at >= since and symbol in (None, trade.symbol))

    def resting(self) -> Sequence[Resting]:
        return [
            Resting(made.request, self.orders[name].filled_quantity, made.since)
            for name, made in self.requests.items()
            if not self.orders[name].is_final
        ]

    def move(self, client_order_id: str, status: Status, since: datetime, reason: Told = "") -> None:
        self.orders[client_order_id] = replace(self.orders[client_order_id], status=status, reason=reason)
        self.requests[client_order_id] = replace(self.requests[client_order_id], since=since)

    def execute(self, trades: Sequence[TradeReport], changes: Mapping[str, Decimal]) -> None:
        for trade in trades:
            order = self.orders[trade.client_order_id]
            filled = order.filled_quantity + trade.quantity
            self.orders[trade.client_order_id] = replace(
                order, filled_quantity=filled, trades=(*order.trades, replace(trade, trade_id=self._number()))
            )
        self._change(changes)

    def record(self, made: Sequence[Made], changes: Mapping[str, Decimal]) -> Sequence[OrderReport]:
        self._change(changes)
        return [self._record(one) for one in made]

    def positions(self) -> Mapping[Key, Held]:
        return self.held

    def keep(self, positions: Positions) -> None:
        self.held |= positions.changed
        self.fundings += positions.fundings

    def _change(self, changes: Mapping[str, Decimal]) -> None:
        for asset, change in changes.items():
            self.totals[asset] = self.totals.get(asset, Decimal(0)) + change

    def _number(self) -> str:
        return str(len(self.orders) + sum(len(order.trades) for order in self.orders.values()) + 1)

    def _record(self, made: Made) -> OrderReport:
        number, report = self._number(), made.report
        named = replace(
            report, venue_order_id=number, trades=tuple(replace(trade, trade_id=number) for trade in report.trades)
        )
        self.requests[report.client_order_id] = made
        self.orders[report.client_order_id] = named
        return named


def exchange(
    books: MemoryBooks,
    *,
    price: TickerReport | None = TICKER,
    costs: Costs = NO_SLIPPAGE,
    maximum_quote_age: timedelta | None = None,
    bars: Sequence[Bar] = (),
    now: datetime = NOW,
    markets: Sequence[MarketReport] = (BTC,),
) -> DemoVenue:
    return DemoVenue(
        books=books,
        markets=lambda: markets,
        quote=lambda symbol: price if symbol in {market.symbol for market in markets} else None,
        clock=lambda: now,
        costs=costs,
        maximum_quote_age=maximum_quote_age,
        bars=lambda symbol, since: [bar for bar in bars if bar.opened >= since and bar.closed <= now],
    )


def order(quantity: str, side: str = "buy", key: str = "m-1", symbol: str = "BTC/USDT") -> OrderRequest:
    return OrderRequest(key, symbol, "sell" if side == "sell" else "buy", Decimal(quantity))


def test_a_buy_pays_the_ask_and_the_takers_fee() -> None:
    books = MemoryBooks(USDT=10_000)
    report = exchange(books).submit(order("0.1"))
    assert (report.status, report.average_price, report.filled_quantity) == ("filled", 50_001, Decimal("0.1"))
    assert report.trades[0].fee == Decimal("5.0001")
    assert books.totals == {"USDT": Decimal(10_000) - Decimal("5000.1") - Decimal("5.0001"), "BTC": Decimal("0.1")}


def test_a_sell_gets_the_bid_less_the_fee() -> None:
    books = MemoryBooks(BTC=1)
    exchange(books).submit(order("0.5", "sell"))
    assert books.totals == {"BTC": Decimal("0.5"), "USDT": Decimal("24999.5") - Decimal("24.9995")}


def test_a_larger_order_slips_further_and_always_against_the_taker() -> None:
    costs = Costs(slippage_bps=Decimal(2), impact_bps=Decimal(5), depth=Decimal(50_001))
    books = MemoryBooks(USDT=1_000_000, BTC=20)
    small = exchange(books, costs=costs).submit(order("0.00020", key="a"))
    large = exchange(books, costs=costs).submit(order("1", key="b"))
    sold = exchange(books, costs=costs).submit(order("1", "sell", key="c"))
    assert small.average_price == Decimal("50011.01")  # 2 bp and a ten-thousandth of 5, up to the next cent
    assert large.average_price == Decimal("50036.01")  # 2 + 5 bp
    assert sold.average_price is not None
    assert sold.average_price < Decimal(49_999)


def test_slippage_is_bounded() -> None:
    assert Costs().slippage(Decimal(10) ** 12) == Decimal("0.05")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (order("0.000001"), "lot_size"),
        (order("0"), "lot_size"),
        (order("0.00001"), "minimum_notional"),
        (order("1"), "funds"),
        (order("0.1", "sell"), "funds"),
        (order("1", symbol="DOGE/USDT"), "symbol"),
    ],
)
def test_it_says_no_with_a_reason_and_moves_nothing(request_: OrderRequest, reason: str) -> None:
    books = MemoryBooks(USDT=10_000)
    with pytest.raises(VenueRejectedError) as refusal:
        exchange(books).submit(request_)
    assert refusal.value.reason == reason
    assert books.totals == {"USDT": Decimal(10_000)}


def test_a_refused_order_stays_known_and_stays_refused() -> None:
    books = MemoryBooks(USDT=10)
    with pytest.raises(VenueRejectedError):
        exchange(books).submit(order("1"))
    books.totals["USDT"] = Decimal(100_000)
    with pytest.raises(VenueRejectedError) as again:
        exchange(books).submit(order("1"))
    assert again.value.reason == "funds"
    found = exchange(books).order("m-1", "BTC/USDT")
    assert found is not None
    assert found.status == "rejected"


def test_the_same_client_id_is_the_same_order() -> None:
    books = MemoryBooks(USDT=10_000)
    first = exchange(books).submit(order("0.1"))
    assert exchange(books).submit(order("0.1")) == first
    assert exchange(books).order("m-1", "BTC/USDT") == first
    assert books.totals["BTC"] == Decimal("0.1")


def test_a_client_id_cannot_name_two_orders() -> None:
    books = MemoryBooks(USDT=10_000)
    exchange(books).submit(order("0.1"))
    with pytest.raises(VenueRejectedError) as refusal:
        exchange(books).submit(order("0.05"))
    assert refusal.value.reason == "duplicate"


def test_an_unknown_order_is_none_and_cannot_be_cancelled() -> None:
    venue = exchange(MemoryBooks())
    assert venue.order("never", "BTC/USDT") is None
    with pytest.raises(VenueRejectedError):
        venue.cancel("never", "BTC/USDT")


def test_without_a_fresh_price_nothing_is_filled() -> None:
    old = TickerReport("BTC/USDT", Decimal(1), Decimal(1), Decimal(1), NOW - timedelta(minutes=6))
    for price in (None, old):
        books = MemoryBooks(USDT=10_000)
        with pytest.raises(VenueRejectedError) as refusal:
            exchange(books, price=price, maximum_quote_age=timedelta(minutes=5)).submit(order("10"))
        assert refusal.value.reason == "price"


def test_balances_leave_out_what_is_zero() -> None:
    books = MemoryBooks(USDT=7, BTC=0)
    assert [(row.asset, row.total, row.available) for row in exchange(books).balances()] == [("USDT", 7, 7)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 30_000), st.integers(1, 10_000_000)), max_size=12
    )
)
def test_no_sequence_of_orders_makes_money_out_of_nothing(orders: list[tuple[str, int, int]]) -> None:
    """What the trades say and what the balances say is the same, and no balance is ever below zero."""
    books = MemoryBooks(USDT=50_000, BTC=1)
    for number, (side, lots, cents) in enumerate(orders):
        price = Decimal(cents) / 100
        venue = exchange(books, price=TickerReport("BTC/USDT", price, price, price, NOW), costs=Costs())
        request = order(str(lots * BTC.lot_size), side, key=str(number))
        try:
            venue.submit(request)
        except VenueRejectedError:
            continue
    usdt, btc = Decimal(50_000), Decimal(1)
    for trade in exchange(books).trades_since(NOW):
        direction = 1 if trade.side == "buy" else -1
        btc += direction * trade.quantity
        usdt -= direction * trade.quantity * trade.price + trade.fee
        assert trade.fee >= trade.quantity * trade.price * FEE
    assert books.totals == {"USDT": usdt, "BTC": btc}
    assert min(books.totals.values()) >= 0


def test_orders_of_one_message_are_matched_as_one_after_the_other_would_be() -> None:
    requests = [order("0.1", key="a"), order("9", key="b"), order("0.05", "sell", key="c"), order("1", key="d")]
    together, alone = MemoryBooks(USDT=70_000), MemoryBooks(USDT=70_000)
    answers = exchange(together).submit_many(requests)
    for request, answer in zip(requests, answers, strict=True):
        if isinstance(answer, OrderReport):
            assert exchange(alone).submit(request) == answer
        else:
            with pytest.raises(VenueRejectedError, match=re.escape(str(answer))):
                exchange(alone).submit(request)
    assert together.totals == alone.totals
    assert {type(answer) for answer in answers} == {OrderReport, VenueRejectedError}
    assert exchange(together).submit_many(requests[:1]) == answers[:1], "the same again is the same order"


def test_answers_take_a_time_around_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("wallets.venues.demo.exchange.time.sleep", slept.append)
    random.seed(5)

    def ask(spread: float, times: int) -> list[float]:
        slept.clear()
        venue = DemoVenue(
            books=MemoryBooks(), markets=lambda: [BTC], quote=lambda _: TICKER, clock=lambda: NOW, costs=NO_SLIPPAGE,
            latency=timedelta(milliseconds=100), latency_spread=spread,
        )  # fmt: skip
        for _ in range(times):
            venue.markets()
        return sorted(slept)

    assert set(ask(0.0, 20)) == {0.1}
    varied = ask(0.5, 2_000)
    assert varied[1_000] == pytest.approx(0.1, rel=0.05)
    assert varied[320] == pytest.approx(0.1 * math.exp(-0.5), rel=0.1)
    assert varied[1_680] == pytest.approx(0.1 * math.exp(0.5), rel=0.1)
    assert max(ask(2.0, 2_000)) == 1.0
