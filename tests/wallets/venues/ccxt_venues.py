"""Venues to test with: real ccxt in front of the simulated exchanges."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tests.simulators.account import Account
from tests.simulators.server import Exchanges
from tests.simulators.wire import Wire
from wallets.models import Platform
from wallets.venues.ccxt.adapter import CcxtVenue
from wallets.venues.ccxt.opening import open_platform

SPOT: Final = ("binance", "okx", "bybit", "coinbase", "kraken")
ALL: Final = (*SPOT, "binanceusdm")
DERIVATIVES: Final = ("binanceusdm", "okx", "bybit")
# A perpetual of each, as the simulated exchange calls it, and as ccxt does.
PERPETUALS: Final = {"binanceusdm": "BTCUSDT", "okx": "BTC-USDT-SWAP", "bybit": "linear:BTCUSDT"}
PERPETUAL: Final = "BTC/USDT:USDT"


@dataclass
class Stand:
    """An exchange, our account there, and the venue that talks to it."""

    slug: str
    wire: Wire
    account: Account
    venue: CcxtVenue

    @property
    def symbol(self) -> str:
        """A market to trade."""
        return PERPETUAL if self.slug == "binanceusdm" else "BTC/USDT"


def stand_at(exchanges: Exchanges, slug: str, *, symbols: tuple[str, ...] = ("BTC/USDT", PERPETUAL)) -> Stand:
    """The venue `slug` with 100,000 USDT in the account that orders are paid from."""
    wire = exchanges.wires["binance" if slug == "binanceusdm" else slug]
    account = exchanges.binance().futures if slug == "binanceusdm" else wire.account
    account.deposit("USDT", Decimal(100_000))
    return Stand(slug, wire, account, venue_of(wire, slug, symbols=symbols))


def venue_of(wire: Wire, slug: str, *, symbols: tuple[str, ...] = ("BTC/USDT", PERPETUAL)) -> CcxtVenue:
    credentials = {"api_key": wire.key.key, "secret": wire.key.secret, "password": wire.key.password}
    return open_platform(Platform(slug=slug, adapter="ccxt"), credentials, symbols=lambda: symbols)
