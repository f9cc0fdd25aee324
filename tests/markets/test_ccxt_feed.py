"""Real ccxt over real HTTP against a local server that answers with what Binance was recorded saying."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache

from kit import clock
from markets import feeds
from markets.exchanges import FeedError
from markets.feeds import ccxt as feed
from markets.models import Candle, Instrument, Ticker
from markets.tasks import collect_prices
from tests.shared_data import recording

# The minute after the recording ends: its last bar of NKN/USDT has closed.
MOMENT = datetime(2021, 10, 12, 0, 29, 5, tzinfo=UTC)
ADDRESS = "/api.binance.com/api/v3"


class Binance(ThreadingHTTPServer):
    """Speaks Binance's wire format, with the recorded markets, quotes and candles."""

    def __init__(self) -> None:
        rest, stream = recording("venues/BINANCE.0.gz"), recording("venues/BINANCE.ws.1.0.gz")  # skips before it binds
        super().__init__(("127.0.0.1", 0), _Handler)
        with gzip.open(rest, "rt") as lines:
            self.markets = json.loads(next(lines).split(": ", 1)[1])
        self.books: dict[str, dict[str, Any]] = {}
        self.klines: dict[str, dict[str, Any]] = {}
        with gzip.open(stream, "rt") as lines:
            for line in lines:
                _, _, frame = line.partition(": ")
                data = json.loads(frame).get("data", {}) if frame.startswith("{") else {}
                if data.get("e") == "kline":
                    self.klines[data["s"]] = data["k"]
                elif "A" in data:
                    self.books[data["s"]] = data
        self.asked: list[str] = []
        self.failures = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == f"{ADDRESS}/exchangeInfo":
            return self.markets
        if path == f"{ADDRESS}/ticker/24hr":
            return [self._ticker(symbol) for symbol in json.loads(query["symbols"][0])]
        if path == f"{ADDRESS}/klines":
            bar = self.klines.get(query["symbol"][0])
            fits = bar and query["interval"][0] == bar["i"] and int(query["startTime"][0]) <= bar["t"]
            return [[bar[key] for key in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")]] if fits else []
        return None

    def _ticker(self, symbol: str) -> dict[str, Any]:
        book = self.books[symbol]
        return {
            "symbol": symbol,
            "lastPrice": self.klines[symbol]["c"],
            "bidPrice": book["b"],
            "bidQty": book["B"],
            "askPrice": book["a"],
            "askQty": book["A"],
            "closeTime": 1_633_998_540_000,
        }


class _Handler(BaseHTTPRequestHandler):
    server: Binance

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.server.asked.append(address.path)
        answer = self.server.answer(address.path, parse_qs(address.query))
        status = 200 if answer is not None else 404
        if self.server.failures:
            self.server.failures -= 1
            status, answer = 503, {"msg": "Service unavailable."}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


@pytest.fixture
def binance(settings: Any, db: None) -> Iterator[Binance]:
    with Binance() as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        settings.FEED = "ccxt:binance"
        settings.CCXT_BASE_URL = server.url
        settings.FEED_SYMBOLS = ["NKN/USDT", "LRC/BTC", "NOT/THERE"]
        cache.delete("markets:ccxt:binance")
        yield server
        server.shutdown()


def test_instruments_take_their_steps_from_the_exchange(binance: Binance) -> None:
    with clock.at(MOMENT):
        feeds.collect()
    nkn = Instrument.objects.get(symbol="NKN/USDT")
    assert (nkn.venue, nkn.is_simulated) == ("binance", False)
    assert (nkn.tick_size, nkn.lot_size, nkn.minimum_notional) == (Decimal("0.0001"), 1, 10)
    assert set(Instrument.objects.values_list("symbol", flat=True)) == {"NKN/USDT", "LRC/BTC"}


def test_tickers_are_stored_as_the_exchange_wrote_them(binance: Binance) -> None:
    with clock.at(MOMENT):
        quoted = feeds.collect()
    ticker = Ticker.objects.get(instrument__symbol="NKN/USDT")
    book, bar = binance.books["NKNUSDT"], binance.klines["NKNUSDT"]
    assert (ticker.price, ticker.bid, ticker.ask) == (Decimal(bar["c"]), Decimal(book["b"]), Decimal(book["a"]))
    assert (ticker.source, ticker.at) == ("binance", datetime(2021, 10, 12, 0, 29, tzinfo=UTC))
    assert len(quoted) == 2


def test_a_bar_is_stored_when_it_has_closed_and_not_before(binance: Binance) -> None:
    with clock.at(MOMENT.replace(minute=28, second=30)):
        feeds.collect()
        assert not Candle.objects.exists()
    with clock.at(MOMENT):
        feeds.collect()
    bar = binance.klines["NKNUSDT"]
    stored = Candle.objects.get(instrument__symbol="NKN/USDT")
    assert (stored.timeframe, stored.ts) == ("1m", bar["t"])
    assert (stored.open, stored.high, stored.low, stored.close, stored.volume) == tuple(
        float(bar[key]) for key in "ohlcv"
    )


def test_what_is_stored_is_not_asked_for_again(binance: Binance) -> None:
    with clock.at(MOMENT):
        feeds.collect()
        before = binance.asked.count(f"{ADDRESS}/klines")
        feeds.collect()
        after = binance.asked.count(f"{ADDRESS}/klines")
    assert before == feed.REQUESTS
    assert after - before < feed.REQUESTS  # NKN/USDT has its minute; the other series are still empty
    assert binance.asked.count(f"{ADDRESS}/exchangeInfo") == 1


def test_a_short_failure_is_asked_again_and_a_long_one_is_said(binance: Binance) -> None:
    with clock.at(MOMENT):
        binance.failures = 1
        assert len(feeds.collect()) == 2
        binance.failures = 1_000
        with pytest.raises(FeedError, match="ExchangeNotAvailable"):
            feeds.collect()
        collect_prices()  # the task waits for better times instead of failing


def test_one_worker_at_a_time_asks_the_exchange(binance: Binance) -> None:
    cache.add("markets:ccxt:binance", 1, 60)
    assert feeds.collect() == []
    assert binance.asked == []
