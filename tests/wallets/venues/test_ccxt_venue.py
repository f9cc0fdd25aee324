"""What the exchanges can do beyond the paper exchange: orders that rest, positions, several accounts, long lists."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from kit.errors import InvalidInputError
from markets import exchanges as sessions
from markets.exchanges import BURST, Access, forget_markets, open_session
from tests.simulators.account import Market
from tests.simulators.server import Exchanges
from tests.wallets.venues.ccxt_venues import ALL, DERIVATIVES, PERPETUAL, PERPETUALS, SPOT, stand_at, venue_of
from wallets.models import Platform
from wallets.venues.base import OrderRequest, VenueRejectedError, totals
from wallets.venues.ccxt.opening import open_platform

pytestmark = pytest.mark.offline
NAME, OTHER = "mq" + "a" * 25, "mq" + "b" * 25
D = Decimal


def resting(symbol: str, quantity: str = "0.03", name: str = NAME, price: str = "40000") -> OrderRequest:
    return OrderRequest(name, symbol, "buy", D(quantity), "limit", price=D(price))


@pytest.mark.parametrize("slug", ALL)
def test_a_limit_order_rests_fills_in_parts_and_is_cancelled(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    report = stand.venue.submit(resting(stand.symbol))
    assert (report.status, report.filled_quantity, report.trades) == ("open", 0, ())
    stand.account.fill(stand.account.orders[0], "0.01", "40000")
    (listed,) = stand.venue.open_orders()
    assert (listed.client_order_id, listed.symbol) == (NAME, stand.symbol)
    assert (listed.status, listed.filled_quantity) == ("partially_filled", D("0.01"))
    assert [(trade.price, trade.quantity, trade.liquidity) for trade in listed.trades] == [(40_000, D("0.01"), "maker")]
    assert listed == stand.venue.order(NAME, stand.symbol)
    ended = stand.venue.cancel(NAME, stand.symbol)
    assert (ended.status, ended.filled_quantity, ended.trades) == ("cancelled", D("0.01"), listed.trades)
    assert stand.venue.open_orders() == ()
    assert stand.venue.cancel(NAME, stand.symbol) == ended


@pytest.mark.parametrize("slug", SPOT)
def test_what_an_order_reserves_is_not_available(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.venue.submit(resting(stand.symbol))
    (balance,) = stand.venue.balances()
    assert (balance.total, balance.available) == (100_000, 100_000 - 1_200)


@pytest.mark.parametrize("slug", ALL)
def test_a_price_between_two_ticks_is_refused_before_anything_is_sent(exchanges: Exchanges, slug: str) -> None:
    """ccxt would move it to a tick without a word."""
    stand = stand_at(exchanges, slug)
    with pytest.raises(VenueRejectedError) as refusal:
        stand.venue.submit(resting(stand.symbol, price="40000.00001"))
    assert refusal.value.reason == "price"
    assert "USDT" in str(refusal.value)
    assert stand.account.orders == []


def test_a_quantity_between_two_lots_is_refused_in_the_markets_own_unit(exchanges: Exchanges) -> None:
    for slug, told in (("okx", "0.01 contracts"), ("binanceusdm", "0.001 BTC")):
        stand = stand_at(exchanges, slug)
        with pytest.raises(VenueRejectedError) as refusal:
            stand.venue.submit(OrderRequest(NAME, PERPETUAL, "buy", D("0.0005")))
        assert refusal.value.sentence.exact == f"Order a positive multiple of {told}."


def test_an_amount_of_eighteen_decimals_arrives_as_it_was_meant(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "binance")
    fine = Market("FINEUSDT", "FINE", "USDT", D("50000"), D("1e-18"), D("1e-18"), minimum=D("1e-18"))
    stand.account.markets["FINEUSDT"] = fine
    forget_markets()
    quantity = D("1.123456789012345678")
    report = stand.venue.submit(OrderRequest(NAME, "FINE/USDT", "buy", quantity))
    forget_markets()
    assert stand.account.orders[0].quantity == quantity
    assert (report.quantity, report.filled_quantity, report.trades[0].quantity) == (quantity, quantity, quantity)
    assert report.trades[0].price == D("50000.000000000000000001")
    assert totals(stand.venue.balances())["FINE"] == quantity - quantity * D("0.001")


@pytest.mark.parametrize("slug", DERIVATIVES)
def test_a_position_in_a_derivative(exchanges: Exchanges, slug: str) -> None:
    """Its profit is told with it and is no part of the balance; quantities count contracts."""
    stand = stand_at(exchanges, slug)
    market = stand.account.markets[PERPETUALS[slug]]
    stand.venue.submit(OrderRequest(NAME, PERPETUAL, "sell", D("0.5")))
    paid = stand.account.total("USDT")
    market.price = D(49_000)
    (position,) = stand.venue.positions()
    assert (position.symbol, position.side, position.quantity) == (PERPETUAL, "short", D("0.5"))
    assert (position.contract_size, position.settle) == (market.size, "USDT")
    assert position.entry_price == D(50_000) - market.tick
    assert position.mark_price == 49_000
    assert position.unrealized_pnl == (position.entry_price - 49_000) * D("0.5") * market.size
    # Of a unified account Bybit does not say it.
    assert (position.leverage, position.margin_mode) == (market.leverage, None if slug == "bybit" else "cross")
    assert totals(stand.venue.balances()) == {"USDT": paid}
    listed = next(one for one in stand.venue.markets() if one.symbol == PERPETUAL)
    assert (listed.kind, listed.settle, listed.contract_size) == ("perpetual", "USDT", market.size)


@pytest.mark.parametrize("slug", DERIVATIVES)
def test_a_reducing_order_closes_the_position(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.venue.submit(OrderRequest(NAME, PERPETUAL, "buy", D("0.5")))
    stand.venue.submit(OrderRequest(OTHER, PERPETUAL, "sell", D("0.5"), reduce_only=True))
    assert [order.reduce_only for order in stand.account.orders] == [False, True]
    assert stand.venue.positions() == ()


@pytest.mark.parametrize(("slug", "names"), [("binance", ("funding", "spot")), ("okx", ("funding", "trading")),
                                             ("bybit", ("funding", "unified"))])  # fmt: skip
def test_accounts_are_told_apart_and_add_up(exchanges: Exchanges, slug: str, names: tuple[str, str]) -> None:
    stand = stand_at(exchanges, slug)
    stand.wire.key.rights.add("transfer")
    stand.account.deposit("USDT", "0.000000000000000001", "funding")
    balances = stand.venue.balances()
    assert {row.account for row in balances} == set(names)
    assert totals(balances) == {"USDT": D("100000.000000000000000001")}


def test_a_key_of_bybit_that_may_not_transfer_sees_the_unified_account(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "bybit")
    stand.account.deposit("USDT", 5, "funding")
    assert totals(stand.venue.balances()) == {"USDT": 100_000}


def test_what_earns_at_kraken_is_held_and_cannot_be_spent(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "kraken")
    stand.account.deposit("ETH", 2, "earn")
    rows = {(row.account, row.asset): (row.total, row.available) for row in stand.venue.balances()}
    assert rows == {("spot", "USDT"): (100_000, 100_000), ("earn", "ETH"): (2, 0)}


@pytest.mark.parametrize("slug", ALL)
def test_a_long_list_of_trades_is_turned_over(exchanges: Exchanges, slug: str) -> None:
    """More than a page of any venue; the last ones in one order, which has more than one page of them too."""
    stand = stand_at(exchanges, slug)
    stand.venue.submit(resting(stand.symbol, "1.2"))
    (order,) = stand.account.orders
    for number in range(1_200):
        fill = stand.account.fill(order, "0.001", "40000")
        fill.at_ms += number - 1_200  # one after the other, and none in the future
    told = stand.venue.trades_since(datetime.now(UTC) - timedelta(minutes=5))
    assert len({trade.trade_id for trade in told}) == len(told) == 1_200
    assert sum(trade.quantity for trade in told) == D("1.2")


@pytest.mark.parametrize("slug", ["okx", "bybit", "coinbase", "kraken"])
def test_an_order_of_many_fills_is_told_whole(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.venue.submit(resting(stand.symbol, "0.3"))
    for _ in range(300):
        stand.account.fill(stand.account.orders[0], "0.001", "40000")
    report = stand.venue.order(NAME, stand.symbol)
    assert report is not None
    assert (report.status, len(report.trades)) == ("filled", 300)


@pytest.mark.parametrize("slug", [slug for slug in ALL if slug != "kraken"])
def test_candles_are_fetched_in_as_many_requests_as_it_takes(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    since = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1_500)
    bars = stand.venue.candles(stand.symbol, "1m", since, 1_300)
    assert [bar.at for bar in bars] == [since + timedelta(minutes=number) for number in range(1_300)]
    assert (bars[0].open, bars[0].volume) == (50_000, D("1.5"))


def test_kraken_has_the_last_720_candles_only(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "kraken")
    bars = stand.venue.candles(stand.symbol, "1m", datetime.now(UTC) - timedelta(minutes=1_500), 1_300)
    assert 719 <= len(bars) <= 720
    assert bars[-1].at > datetime.now(UTC) - timedelta(minutes=2)


def test_a_timeframe_that_the_exchange_has_not_is_refused(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "coinbase")
    with pytest.raises(VenueRejectedError, match="Choose another timeframe"):
        stand.venue.candles(stand.symbol, "3d", datetime.now(UTC), 1)


def test_okx_forgets_an_order_that_ended_unfilled_and_its_history_does_not(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "okx")
    stand.venue.submit(resting(stand.symbol))
    stand.venue.cancel(NAME, stand.symbol)
    exchanges.okx().forgets_after_two_hours = True
    found = stand.venue.order(NAME, stand.symbol)
    assert found is not None
    assert found.status == "cancelled"


def test_a_purchase_at_coinbase_that_the_market_runs_away_from_ends_unfilled(exchanges: Exchanges) -> None:
    """It is sent as a limit order one per cent above the ask, which is filled at once or not at all."""
    stand = stand_at(exchanges, "coinbase")
    stand.venue.markets()
    market = stand.account.markets["BTC-USDT"]
    body = '{"trades": [{"product_id": "BTC-USDT", "price": "45000", "time": "2026-01-01T00:00:00Z", "side": "BUY"}],'
    exchanges.fail("/ticker", "answer", status=200, body=body + '"best_bid": "44999.99", "best_ask": "45000.01"}')
    report = stand.venue.submit(OrderRequest(NAME, stand.symbol, "buy", D("0.01")))
    assert market.ask == D("50000.01")
    assert stand.account.orders[0].price == D("45450.02")  # 45,000.01 and one per cent, up to the next tick
    assert (report.status, report.filled_quantity) == ("cancelled", 0)


def test_an_order_in_another_accounts_hand_is_told_by_its_own_name(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "kraken")
    stand.account.place(
        client_id="", market_id="XBTUSDT", side="buy", kind="limit", quantity=D("0.01"), price=D(40_000)
    )
    (listed,) = stand.venue.open_orders()
    assert (listed.client_order_id, listed.symbol, listed.status) == ("", "BTC/USDT", "open")


@pytest.mark.parametrize("slug", ALL)
def test_markets_are_asked_for_once_per_process(exchanges: Exchanges, slug: str) -> None:
    """A sync of every connection must not load megabytes each time."""
    stand = stand_at(exchanges, slug)
    forget_markets()
    stand.venue.balances()
    first = len(exchanges.asked)
    exchanges.asked.clear()
    again = venue_of(stand.wire, slug)
    again.balances()
    assert len(exchanges.asked) < first
    assert not [one for one in exchanges.asked if "nstrument" in one or "xchangeInfo" in one or "AssetPairs" in one
                or "market/products" in one]  # fmt: skip
    assert again.markets() == stand.venue.markets()
    assert again._exchange.markets is stand.venue._exchange.markets


def test_an_exchange_that_needs_nothing_special_is_a_row_and_no_code(exchanges: Exchanges) -> None:
    """Any other of ccxt's: here one whose family we know how to answer for."""
    wire = exchanges.binance()
    platform = Platform(slug="binanceus", adapter="ccxt", options={"fetchMarkets": {"types": ["spot"]}})
    wire.hosts = ("api.binance.us",)  # type: ignore[misc]
    wire.account.deposit("USDT", 100)
    venue = open_platform(platform, {"api_key": wire.key.key, "secret": wire.key.secret}, symbols=tuple)
    assert [(row.asset, row.total) for row in venue.balances()] == [("USDT", 100)]
    assert venue.submit(OrderRequest(NAME, "BTC/USDT", "buy", D("0.001"))).status == "filled"
    assert venue.order(NAME, "BTC/USDT") == venue.submit(OrderRequest(NAME, "BTC/USDT", "buy", D("0.001")))
    assert venue.check_credentials().is_told is False


@pytest.mark.parametrize("slug", ["nowhere", "Exchange", "__init__"])
def test_an_exchange_that_ccxt_does_not_know_is_refused(slug: str) -> None:
    with pytest.raises(InvalidInputError, match="ccxt knows no"):
        open_session(Access(slug))


def test_a_few_requests_are_not_slowed_down_and_many_are(exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch) -> None:
    """ccxt would wait seconds between the requests of one order. No time passes here but what is waited."""
    waits: list[float] = []
    monkeypatch.setattr(sessions, "time", SimpleNamespace(monotonic=lambda: sum(waits), sleep=waits.append))
    wire = exchanges.okx()
    access = Access(
        "okx",
        credentials={"apiKey": wire.key.key, "secret": wire.key.secret, "password": wire.key.password},
        base_url=exchanges.url,
    )
    session = open_session(access)
    session.rateLimit = 40
    for _ in range(BURST + 8):
        session.privateGetAccountConfig()  # costs four
    assert waits == pytest.approx([4 * 0.04] * 8)


def test_a_region_is_a_host_of_its_own(exchanges: Exchanges) -> None:
    wire = exchanges.okx()
    wire.hosts = ("my.okx.com",)  # type: ignore[misc]
    wire.account.deposit("USDT", 1)
    platform = Platform(slug="okx", adapter="ccxt", options={"hostname": "my.okx.com"})
    credentials = {"api_key": wire.key.key, "secret": wire.key.secret, "password": wire.key.password}
    assert totals(open_platform(platform, credentials, symbols=tuple).balances()) == {"USDT": 1}


def test_an_exchange_without_a_sandbox_has_none() -> None:
    with pytest.raises(InvalidInputError, match="has no sandbox"):
        open_session(Access("kraken", is_sandbox=True))
    assert "testnet" in open_session(Access("binance", is_sandbox=True)).urls["api"]["private"]
