"""Markets as exchanges listed them once, read as they are read today: steps, limits, kinds, to the last digit.

The recordings are of 2021 and 2022; what has a field less since then is read all the same.
"""

import gzip
from decimal import Decimal

import pytest

from markets.exchanges import forget_markets
from tests.shared_data import recording
from tests.simulators.server import Exchanges
from tests.wallets.venues.ccxt_venues import venue_of
from wallets.venues.base import MarketReport

pytestmark = pytest.mark.offline
D = Decimal


def recorded(exchanges: Exchanges, slug: str, file: str, path: str, *addresses: str) -> dict[str, MarketReport]:
    """The markets of a recording, by symbol: requests of `path` are answered by those of the `addresses`, in order."""
    with gzip.open(recording(f"venues/{file}.0.gz"), "rt") as lines:
        answers = [line.rstrip("\n").split(" -> ", 1) for line in lines if " -> " in line]
    for address in addresses:
        body = next(told for asked, told in answers if address in asked).split(": ", 1)[1]
        exchanges.fail(path, "answer", status=200, body=body)
    forget_markets()
    wire = exchanges.wires["binance" if slug == "binanceusdm" else slug]
    markets = {market.symbol: market for market in venue_of(wire, slug).markets()}
    forget_markets()
    assert all(market.tick_size > 0 and market.lot_size > 0 for market in markets.values())
    return markets


def test_binance(exchanges: Exchanges) -> None:
    markets = recorded(exchanges, "binance", "BINANCE", "exchangeInfo", "exchangeInfo")
    assert len(markets) > 1_500
    btc = markets["BTC/USDT"]
    assert (btc.tick_size, btc.lot_size, btc.minimum_notional) == (D("0.01"), D("0.00001"), 10)
    assert (btc.kind, btc.settle, btc.max_leverage) == ("spot", "", None)
    assert (markets["SHIB/USDT"].lot_size, markets["SHIB/USDT"].tick_size) == (1, D("0.00000001"))


def test_binance_futures(exchanges: Exchanges) -> None:
    markets = recorded(exchanges, "binanceusdm", "BINANCE_FUTURES", "exchangeInfo", "exchangeInfo")
    btc = markets["BTC/USDT:USDT"]
    assert (btc.kind, btc.settle, btc.contract_size) == ("perpetual", "USDT", 1)
    assert (btc.tick_size, btc.lot_size) == (D("0.01"), D("0.001"))
    assert {market.kind for market in markets.values()} == {"perpetual", "future"}


def test_kraken(exchanges: Exchanges) -> None:
    markets = recorded(exchanges, "kraken", "KRAKEN", "AssetPairs", "AssetPairs")
    aave, doge = markets["AAVE/ETH"], markets["DOGE/BTC"]
    assert (aave.base, aave.quote, aave.tick_size, aave.lot_size) == ("AAVE", "ETH", D("0.0001"), D("0.00000001"))
    assert (aave.minimum_quantity, doge.base, doge.quote) == (D("0.05"), "DOGE", "BTC")


def test_okx(exchanges: Exchanges) -> None:
    asked = [f"instType={kind}" for kind in ("SPOT", "SWAP", "FUTURES")]
    markets = recorded(exchanges, "okx", "OKX", "/public/instruments", *asked)
    spot, linear, inverse = (markets[symbol] for symbol in ("BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC"))
    assert (spot.tick_size, spot.lot_size, spot.minimum_quantity) == (D("0.1"), D("0.00000001"), D("0.00001"))
    assert (linear.kind, linear.settle, linear.contract_size, linear.max_leverage) == (
        "perpetual",
        "USDT",
        D("0.01"),
        125,
    )
    assert (inverse.settle, inverse.contract_size, inverse.lot_size) == ("BTC", 100, 1)
    assert {market.kind for market in markets.values()} == {"spot", "perpetual", "future"}
