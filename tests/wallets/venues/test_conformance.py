"""The same questions to the paper exchange and to real ccxt in front of six simulated exchanges: the same answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.simulators.server import Exchanges
from tests.wallets.venues.ccxt_venues import ALL, stand_at
from tests.wallets.venues.test_demo_venue import MemoryBooks, exchange
from wallets.venues.base import OrderReport, OrderRequest, Venue, VenueRejectedError, totals

pytestmark = pytest.mark.offline
FIRST, SECOND = "mq" + "a" * 25, "mq" + "b" * 25


@dataclass
class Asked:
    """A venue with 100,000 USDT in it, and the market that is traded there."""

    venue: Venue
    symbol: str

    @property
    def moves_base(self) -> bool:
        """Whether a trade moves the base asset; a derivative's does not."""
        return ":" not in self.symbol

    def order(self, quantity: str = "0.01", side: str = "buy", key: str = FIRST, symbol: str = "") -> OrderRequest:
        return OrderRequest(key, symbol or self.symbol, "sell" if side == "sell" else "buy", Decimal(quantity))


@pytest.fixture(params=["demo", *ALL])
def asked(request: pytest.FixtureRequest, exchanges: Exchanges) -> Iterator[Asked]:
    if request.param == "demo":
        books = MemoryBooks(USDT=100_000)
        yield Asked(exchange(books), "BTC/USDT")
    else:
        stand = stand_at(exchanges, request.param)
        yield Asked(stand.venue, stand.symbol)


def held(asked: Asked) -> dict[str, Decimal]:
    return totals(asked.venue.balances())


def moved(report: OrderReport, *, base: bool) -> dict[str, Decimal]:
    """What an order's executions did to the account."""
    sign = 1 if report.side == "buy" else -1
    changes = {"BTC": Decimal(0), "USDT": Decimal(0)}
    for trade in report.trades:
        if base:
            changes["BTC"] += sign * trade.quantity
            changes["USDT"] -= sign * trade.quantity * trade.price
        changes[trade.fee_asset] -= trade.fee
    return {asset: change for asset, change in changes.items() if change}


def test_the_market_is_listed_with_its_steps(asked: Asked) -> None:
    market = next(one for one in asked.venue.markets() if one.symbol == asked.symbol)
    assert (market.base, market.quote) == ("BTC", "USDT")
    assert market.tick_size > 0
    assert market.lot_size > 0
    assert (market.kind, market.settle) == (("spot", "") if asked.moves_base else ("perpetual", "USDT"))


def test_it_has_a_price_and_leaves_out_what_has_none(asked: Asked) -> None:
    (ticker,) = asked.venue.tickers([asked.symbol, "NOT/THERE"])
    assert (ticker.symbol, ticker.price) == (asked.symbol, 50_000)


def test_balances_are_what_was_paid_in(asked: Asked) -> None:
    assert [(row.asset, row.total, row.available) for row in asked.venue.balances()] == [("USDT", 100_000, 100_000)]
    assert asked.venue.positions() == ()


def test_an_order_at_the_market_is_filled_and_paid_for_to_the_last_digit(asked: Asked) -> None:
    report = asked.venue.submit(asked.order())
    assert (report.status, report.quantity, report.filled_quantity) == ("filled", Decimal("0.01"), Decimal("0.01"))
    assert (report.client_order_id, report.symbol, report.side) == (FIRST, asked.symbol, "buy")
    assert sum(trade.quantity for trade in report.trades) == report.filled_quantity
    assert all(trade.fee > 0 and trade.client_order_id == FIRST for trade in report.trades)
    expected = {"USDT": Decimal(100_000)}
    for asset, change in moved(report, base=asked.moves_base).items():
        expected[asset] = expected.get(asset, Decimal(0)) + change
    assert held(asked) == expected


def test_what_was_bought_can_be_sold(asked: Asked) -> None:
    asked.venue.submit(asked.order())
    report = asked.venue.submit(asked.order("0.005", "sell", SECOND))
    assert (report.side, report.status, report.filled_quantity) == ("sell", "filled", Decimal("0.005"))
    assert report.trades[0].fee_asset == "USDT"


def test_the_same_client_id_is_the_same_order_however_often_it_is_sent(asked: Asked) -> None:
    first = asked.venue.submit(asked.order())
    before = held(asked)
    assert asked.venue.submit(asked.order()) == first
    assert asked.venue.order(FIRST, asked.symbol) == first
    assert held(asked) == before


def test_a_client_id_cannot_name_two_orders(asked: Asked) -> None:
    asked.venue.submit(asked.order())
    before = held(asked)
    with pytest.raises(VenueRejectedError) as refusal:
        asked.venue.submit(asked.order("0.02"))
    assert refusal.value.reason == "duplicate"
    assert held(asked) == before


def test_an_unknown_order_is_none_and_cannot_be_cancelled(asked: Asked) -> None:
    assert asked.venue.order(SECOND, asked.symbol) is None
    with pytest.raises(VenueRejectedError):
        asked.venue.cancel(SECOND, asked.symbol)


def test_an_order_that_is_over_is_told_when_it_shall_be_cancelled(asked: Asked) -> None:
    report = asked.venue.submit(asked.order())
    assert asked.venue.cancel(FIRST, asked.symbol) == report


@pytest.mark.parametrize(
    ("quantity", "side", "symbol", "reason"),
    [
        ("0.000000001", "buy", "", "lot_size"),
        ("0", "buy", "", "lot_size"),
        ("50", "buy", "", "funds"),
        ("50", "sell", "", "funds"),
        ("1", "buy", "DOGE/MARS", "symbol"),
    ],
)
def test_it_says_no_with_a_reason_and_moves_nothing(
    asked: Asked, quantity: str, side: str, symbol: str, reason: str
) -> None:
    quantity = "5000" if quantity == "50" and not asked.moves_base else quantity
    with pytest.raises(VenueRejectedError) as refusal:
        asked.venue.submit(asked.order(quantity, side, symbol=symbol))
    assert refusal.value.reason == reason
    assert held(asked) == {"USDT": 100_000}


def test_an_order_that_is_too_small_is_refused_by_the_venue(asked: Asked) -> None:
    market = next(one for one in asked.venue.markets() if one.symbol == asked.symbol)
    with pytest.raises(VenueRejectedError) as refusal:
        asked.venue.submit(asked.order(f"{market.lot_size:f}"))
    assert refusal.value.reason in ("minimum_notional", "lot_size")
    assert held(asked) == {"USDT": 100_000}


def test_trades_are_told_since_a_moment(asked: Asked) -> None:
    report = asked.venue.submit(asked.order())
    asked.venue.submit(asked.order("0.005", "sell", SECOND))
    told = asked.venue.trades_since(report.trades[0].at - timedelta(seconds=2))
    assert [(trade.side, trade.quantity) for trade in told] == [("buy", Decimal("0.01")), ("sell", Decimal("0.005"))]
    assert told[0].trade_id == report.trades[0].trade_id
    assert asked.venue.trades_since(datetime.now(UTC) + timedelta(minutes=1)) == ()
    assert asked.venue.trades_since(report.trades[0].at, asked.symbol)[0].symbol == asked.symbol


def test_nothing_is_open_after_an_order_at_the_market(asked: Asked) -> None:
    asked.venue.submit(asked.order())
    assert asked.venue.open_orders() == ()


def test_the_key_may_trade_and_not_withdraw(asked: Asked) -> None:
    told = asked.venue.check_credentials()
    assert (told.can_trade, told.can_withdraw) == (True, False)
    assert told.detail
