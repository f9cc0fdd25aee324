"""The exchanges that tests talk to answer what the feed asks of them."""

import pytest

from kit import clock
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.exchanges import open_exchange
from tests.simulators.server import MAKERS, Exchanges


@pytest.mark.parametrize("slug", MAKERS)
def test_each_tells_bars_of_every_length_that_may_be_asked_for(exchanges: Exchanges, slug: str) -> None:
    exchange = open_exchange(slug, exchanges.url)
    exchange.load_markets()
    symbol = next(one["symbol"] for one in exchange.markets.values() if one["base"] == "BTC" and one["spot"])
    asked = {name: length for name, length in TIMEFRAME_MS.items() if name in exchange.timeframes}
    assert asked
    for timeframe, length in asked.items():
        since = (milliseconds(clock.now()) // length - 10) * length
        told = exchange.fetch_ohlcv(symbol, timeframe, since=since, limit=10)
        first, second, *_ = sorted(int(row[0]) for row in told)
        assert second - first == length
