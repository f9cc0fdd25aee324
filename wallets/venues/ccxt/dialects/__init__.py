"""What is particular about each exchange; one that is not here needs nothing special."""

from typing import Final

from wallets.venues.ccxt.dialects.base import Dialect
from wallets.venues.ccxt.dialects.binance import Binance, BinanceFutures
from wallets.venues.ccxt.dialects.bybit import Bybit
from wallets.venues.ccxt.dialects.coinbase import Coinbase
from wallets.venues.ccxt.dialects.kraken import Kraken
from wallets.venues.ccxt.dialects.okx import Okx

DIALECTS: Final[dict[str, Dialect]] = {
    "binance": Binance(),
    "binanceusdm": BinanceFutures(),
    "okx": Okx(),
    "bybit": Bybit(),
    "coinbase": Coinbase(),
    "kraken": Kraken(),
}


def dialect_of(exchange_id: str) -> Dialect:
    """The exchange's own, or that of one that needs nothing special."""
    return DIALECTS.get(exchange_id, Dialect())
