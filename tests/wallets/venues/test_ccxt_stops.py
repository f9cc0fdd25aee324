"""Stops that rest at exchanges, as each of them words, lists and ends them: real ccxt over real HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.account import Placed
from tests.simulators.server import Exchanges
from tests.wallets.venues.ccxt_venues import PERPETUAL, SPOT, Stand, stand_at
from wallets.venues.base import OrderReport, OrderRequest, VenueRejectedError
from wallets.venues.ccxt.dialects import DIALECTS

NAME = "mq" + "a" * 25
D = Decimal
pytestmark = pytest.mark.offline


def stop(symbol: str, trigger: str = "45000", quantity: str = "0.2") -> OrderRequest:
    return OrderRequest(NAME, symbol, "sell", D(quantity), type="stop", trigger_price=D(trigger))


def standing(exchanges: Exchanges, slug: str) -> tuple[Stand, Placed]:
    """A stop of ours at 45,000 for a fifth of a bitcoin."""
    stand = stand_at(exchanges, slug)
    stand.account.deposit("BTC", 1)
    stand.venue.submit(stop(stand.symbol))
    return stand, stand.account.orders[-1]


def known(stand: Stand) -> OrderReport:
    report = stand.venue.order(NAME, stand.symbol)
    assert report is not None
    return report


@pytest.mark.parametrize("slug", SPOT)
def test_one_that_is_set_off_is_the_same_order_by_its_name_and_its_number(exchanges: Exchanges, slug: str) -> None:
    stand, there = standing(exchanges, slug)
    before = known(stand)
    stand.account.fill(there, "0.05", "44990")
    part = known(stand)
    assert (part.status, part.filled_quantity, len(part.trades)) == ("partially_filled", D("0.05"), 1)
    assert [one.venue_order_id for one in stand.venue.open_orders()] == [before.venue_order_id]
    stand.account.reach("44000")
    after = known(stand)
    assert (after.status, after.filled_quantity, len(after.trades)) == ("filled", D("0.2"), 2)
    assert (after.venue_order_id, after.quantity) == (before.venue_order_id, D("0.2"))
    assert (after.kind, after.trigger_price) == (before.kind, 45_000)
    assert stand.venue.numbered(before.venue_order_id, stand.symbol) == after
    assert stand.venue.open_orders() == ()


@pytest.mark.parametrize("slug", SPOT)
@pytest.mark.parametrize("has_begun", [False, True])
def test_one_is_ended_by_its_name(exchanges: Exchanges, slug: str, has_begun: bool) -> None:
    stand, there = standing(exchanges, slug)
    if has_begun:
        stand.account.fill(there, "0.05", "44990")
    report = stand.venue.cancel(NAME, stand.symbol)
    assert (report.status, report.filled_quantity) == ("cancelled", D("0.05") if has_begun else 0)
    assert (there.state, stand.account.held("BTC")) == ("cancelled", 0)
    assert stand.venue.cancel(NAME, stand.symbol) == report


@pytest.mark.parametrize("slug", SPOT)
def test_one_above_the_market_is_turned_down(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.account.deposit("BTC", 1)
    with pytest.raises(VenueRejectedError) as caught:
        stand.venue.submit(stop(stand.symbol, "50100"))
    assert caught.value.reason == "price"
    assert stand.account.orders == []


def test_one_that_bybit_would_take_for_a_take_profit_is_ended(exchanges: Exchanges, monkeypatch: Any) -> None:
    """The market falls below it on its way there. Bybit is not told which way a stop of spot waits: that follows from
    the price of when it comes."""
    stand = stand_at(exchanges, "bybit")
    stand.account.deposit("BTC", 1)
    wire: Any = stand.wire
    tickers = wire.tickers

    def falls(request: Any) -> Any:
        told = tickers(request)
        stand.account.reach("44900")
        return told

    monkeypatch.setattr(wire, "tickers", falls)
    with pytest.raises(VenueRejectedError) as caught:
        stand.venue.submit(stop(stand.symbol))
    (there,) = stand.account.orders
    assert (caught.value.reason, there.state, stand.account.held("BTC")) == ("price", "cancelled", 0)


@pytest.mark.parametrize("slug", ["okx", "bybit"])
def test_of_derivatives_none_is_sent(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    with pytest.raises(VenueRejectedError, match="Let Moniqo watch"):
        stand.venue.submit(stop(PERPETUAL))
    assert stand.account.orders == []


def test_coinbase_gets_a_limit_in_whole_ticks_below_the_trigger(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "coinbase")
    stand.account.deposit("BTC", 1)
    stand.venue.submit(stop(stand.symbol, "45000.01"))
    assert (stand.account.orders[-1].trigger, stand.account.orders[-1].price) == (D("45000.01"), D("42750.00"))


def test_the_number_of_what_a_stop_at_okx_became_leads_to_the_stop(exchanges: Exchanges) -> None:
    stand, there = standing(exchanges, "okx")
    stand.account.reach("44000")
    assert there.child != there.number
    assert stand.venue.numbered(str(there.child), stand.symbol) == known(stand)


def test_a_trade_of_a_stop_at_okx_tells_the_name_of_the_stop(exchanges: Exchanges) -> None:
    stand, there = standing(exchanges, "okx")
    stand.account.place(client_id="", market_id="BTC-USDT", side="buy", kind="market", quantity=D("0.01"))
    stand.account.reach("44000")
    told = stand.venue.trades_since(datetime.now(UTC) - timedelta(minutes=5))
    assert [(trade.client_order_id, trade.venue_order_id) for trade in told] == [
        ("", str(stand.account.orders[-1].number)),
        (NAME, str(there.child)),
    ]


def test_it_is_the_same_where_what_a_stop_became_bears_its_name_too(exchanges: Exchanges) -> None:
    stand, there = standing(exchanges, "okx")
    there.child_name = there.client_id
    stand.account.reach("44000")
    report = known(stand)
    assert (report.status, report.venue_order_id, report.filled_quantity) == ("filled", str(there.number), D("0.2"))
    (trade,) = stand.venue.trades_since(datetime.now(UTC) - timedelta(minutes=5))
    assert trade.client_order_id == NAME


@pytest.mark.parametrize("ended", ["order_failed", "partially_failed"])
def test_a_stop_that_okx_could_not_carry_out_has_ended(
    exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    stand, there = standing(exchanges, "okx")
    stand.account.deposit("BTC", D("-0.9"))  # nothing was frozen for it, and somebody took it
    stand.account.reach("44000")
    assert there.state == "failed"
    wire: Any = exchanges.okx()
    (row,) = wire.algo(_asked(algoClOrdId=NAME))
    wire.answers["/api/v5/trade/order-algo"] = {"code": "0", "data": [{**row, "state": ended}], "msg": ""}
    report = known(stand)
    assert (report.status, report.filled_quantity, report.trades) == ("cancelled", 0, ())
    assert stand.venue.open_orders() == ()


@pytest.mark.parametrize("state", ["partially_effective", "live", "pause"])
def test_a_stop_at_okx_is_open_until_it_has_placed_all_of_it(exchanges: Exchanges, state: str) -> None:
    """A large one is placed in several orders: what the first has sold says nothing about the others."""
    stand, there = standing(exchanges, "okx")
    stand.account.fill(there, "0.05", "44990")
    there.quantity, there.state = D("0.05"), "filled"  # the order that it has placed so far
    wire: Any = exchanges.okx()
    (row,) = wire.algo(_asked(algoClOrdId=NAME))
    wire.answers["/api/v5/trade/order-algo"] = {"code": "0", "data": [{**row, "state": state, "sz": "0.2"}], "msg": ""}
    report = known(stand)
    assert (report.status, report.filled_quantity, report.quantity) == ("partially_filled", D("0.05"), D("0.2"))


def test_a_stop_at_okx_of_which_a_part_could_not_be_placed_is_open_as_long_as_the_other_is(
    exchanges: Exchanges,
) -> None:
    stand, there = standing(exchanges, "okx")
    stand.account.fill(there, "0.05", "44990")
    wire: Any = exchanges.okx()
    (row,) = wire.algo(_asked(algoClOrdId=NAME))
    told = {"code": "0", "data": [{**row, "state": "partially_failed"}], "msg": ""}
    wire.answers["/api/v5/trade/order-algo"] = told
    assert known(stand).status == "partially_filled"


def test_what_a_stop_at_okx_became_keeps_its_name_where_the_stop_is_not_told_any_more(exchanges: Exchanges) -> None:
    """Else it would be taken for an order that somebody placed by hand."""
    stand, there = standing(exchanges, "okx")
    stand.account.reach("44000")
    exchanges.okx().answers["/api/v5/trade/order-algo"] = {"code": "51603", "data": [], "msg": "Order does not exist"}
    report = stand.venue.numbered(str(there.child), stand.symbol)
    assert report is not None
    assert (report.client_order_id, report.filled_quantity) == (NAME, D("0.2"))


def test_of_a_stop_at_okx_that_counts_the_quote_coin_nobody_says_how_much_it_buys(exchanges: Exchanges) -> None:
    stand, _ = standing(exchanges, "okx")
    wire: Any = exchanges.okx()
    (row,) = wire.algo(_asked(algoClOrdId=NAME))
    hand = {
        **row, "side": "buy", "tgtCcy": "quote_ccy", "sz": "1000", "ordType": "trigger", "triggerPx": "55000",
        "ordPx": "-1", "slOrdPx": "", "slTriggerPx": "",
    }  # fmt: skip
    wire.answers["/api/v5/trade/orders-algo-pending"] = {"code": "0", "data": [hand], "msg": ""}
    assert {one.quantity for one in stand.venue.open_orders()} == {D(0)}


FORMS = {
    "trigger_bracket_gtc": {"base_size": "0.2", "limit_price": "60000", "stop_trigger_price": "45000"},
    "limit_limit_fok": {"base_size": "0.2", "limit_price": "60000"},
}


@pytest.mark.parametrize("form", FORMS)
def test_of_an_order_at_coinbase_the_quantity_is_read_in_every_form(
    exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """ccxt knows some of them; a bracket is what a person sets there as take profit and stop loss."""
    stand, _ = standing(exchanges, "coinbase")
    wire: Any = stand.wire
    (row,) = wire.orders(_asked())["orders"]
    kind = "BRACKET" if "bracket" in form else "LIMIT"
    told = {**row, "order_type": kind, "order_configuration": {form: FORMS[form]}}
    monkeypatch.setattr(wire, "orders", lambda request: {"orders": [told], "has_next": False, "cursor": ""})
    (report,) = stand.venue.open_orders()
    assert (report.quantity, report.status) == (D("0.2"), "open")


def test_a_stop_that_okx_tells_among_the_ended_ones_only_is_found_by_its_number(exchanges: Exchanges) -> None:
    stand, there = standing(exchanges, "okx")
    exchanges.okx().forgets_stops = True
    stand.account.cancel(there)
    report = stand.venue.numbered(str(there.number), stand.symbol)
    assert report is not None
    assert (report.status, report.client_order_id, report.filled_quantity) == ("cancelled", NAME, 0)
    assert stand.venue.numbered("77", stand.symbol) is None


def test_a_stop_at_okx_that_was_not_set_off_has_placed_nothing(exchanges: Exchanges) -> None:
    """Some rows say so with a zero."""
    stand, _ = standing(exchanges, "okx")
    wire: Any = exchanges.okx()
    (row,) = wire.algo(_asked(algoClOrdId=NAME))
    told = {"code": "0", "data": [{**row, "ordId": "0", "ordIdList": []}], "msg": ""}
    wire.answers["/api/v5/trade/order-algo"] = told
    assert known(stand).status == "open"


def test_of_a_stop_at_okx_that_placed_an_order_that_nobody_knows_nothing_is_said(exchanges: Exchanges) -> None:
    """It is denied then: that it is open, or has ended, would be made up."""
    stand, there = standing(exchanges, "okx")
    stand.account.reach("44000")
    wire: Any = exchanges.okx()
    (row,) = wire.algo(_asked(algoClOrdId=NAME))
    stand.account.orders.remove(there)
    wire.answers["/api/v5/trade/order-algo"] = {"code": "0", "data": [row], "msg": ""}
    assert stand.venue.order(NAME, stand.symbol) is None


def test_what_okx_sold_is_told_at_once_though_the_list_of_all_trades_lags(exchanges: Exchanges) -> None:
    stand, _ = standing(exchanges, "okx")
    exchanges.okx().lags = True
    stand.account.reach("44000")
    (trade,) = stand.venue.trades_since(datetime.now(UTC) - timedelta(minutes=5), stand.symbol)
    assert trade.quantity == D("0.2")


def test_older_trades_at_okx_come_from_the_list_of_all(exchanges: Exchanges) -> None:
    stand, _ = standing(exchanges, "okx")
    stand.account.reach("44000")
    fill = stand.account.orders[-1].fills[0]
    fill.at_ms -= 4 * 86_400_000
    (trade,) = stand.venue.trades_since(datetime.now(UTC) - timedelta(days=5))
    assert trade.trade_id == str(fill.number)
    assert stand.venue.trades_since(datetime.now(UTC) - timedelta(days=2)) == ()


def test_a_name_is_used_once_where_the_exchange_would_take_it_again(exchanges: Exchanges) -> None:
    """Nobody says for how long OKX remembers the name of a stop."""
    assert not DIALECTS["okx"].remembers(stop("BTC/USDT"))
    stand, there = standing(exchanges, "okx")
    stand.account.cancel(there)
    assert stand.venue.submit(stop(stand.symbol)).status == "cancelled"
    assert len(stand.account.orders) == 1


def test_bybit_says_in_which_coin_a_fee_was_paid(exchanges: Exchanges) -> None:
    """Also in a coin of its own, which neither side of the market is."""
    stand = stand_at(exchanges, "bybit")
    stand.account.pays_fees_in = ("MNT", D(2))
    report = stand.venue.submit(OrderRequest(NAME, stand.symbol, "buy", D("0.01")))
    (trade,) = report.trades
    assert (trade.fee, trade.fee_asset) == (trade.price * trade.quantity * D("0.001") / 2, "MNT")


def _asked(**fields: str) -> Any:
    class Asked:
        """A request, as far as a route reads it."""

    asked: Any = Asked()
    asked.fields = fields
    return asked
