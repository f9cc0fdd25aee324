"""Real ccxt over real HTTP against a local server that answers with what Binance says: recorded, and made here."""

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import ccxt
import pytest
from django.core.cache import cache

from kit import clock, tenancy
from kit.users.models import User
from markets import feeds
from markets.exchanges import FeedError, open_exchange, steps
from markets.feeds import books
from markets.feeds import ccxt as feed
from markets.feeds.books import order_book
from markets.models import Candle, Instrument, Ticker
from markets.tasks import collect_prices
from tests.shared_data import MADE, RECORDED, recording
from wallets.venues.accounts import create_demo_connection
from wallets.venues.base import OrderRequest
from wallets.venues.demo import account as demo
from wallets.venues.demo.estimating import estimate
from wallets.venues.registry import open_venue

# The minute after the recording ends: its last bar of NKN/USDT has closed.
MOMENT = datetime(2021, 10, 12, 0, 29, 5, tzinfo=UTC)
ADDRESS = "/api.binance.com/api/v3"
MINUTE_MS = 60_000
BAR_MS = 1_633_998_480_000
INVALID = {"code": -1121, "msg": "Invalid symbol."}


def market(base: str, quote: str, *, tick: str, minimum: str) -> dict[str, Any]:
    """A market as Binance lists it; whole coins are traded."""
    return {
        "symbol": f"{base}{quote}",
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000.00000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": "1.00000000", "maxQty": "9000000.00000000", "stepSize": "1.00000000"},
            {"filterType": "MIN_NOTIONAL", "minNotional": minimum, "applyToMarket": True, "avgPriceMins": 5},
        ],
        "permissions": ["SPOT"],
    }


def kline(prices: str, volume: str) -> dict[str, Any]:
    """The minute that opens at BAR_MS, as Binance's stream tells it; `prices` are open, high, low, close."""
    opened, high, low, close = prices.split()
    others = {"T": BAR_MS + MINUTE_MS - 1, "i": "1m", "n": 1, "q": "1.0", "V": "1.0", "Q": "1.0", "B": "0"}
    return {"t": BAR_MS, "o": opened, "h": high, "l": low, "c": close, "v": volume, **others}


MARKETS = {
    "timezone": "UTC",
    "serverTime": BAR_MS,
    "rateLimits": [],
    "exchangeFilters": [],
    "symbols": [
        market("NKN", "USDT", tick="0.00010000", minimum="10.00000000"),
        market("LRC", "BTC", tick="0.00000001", minimum="0.00010000"),
    ],
}
BOOKS = {
    "NKNUSDT": {"b": "0.35270000", "B": "7246.00000000", "a": "0.35310000", "A": "152.00000000"},
    "LRCBTC": {"b": "0.00000637", "B": "6500.00000000", "a": "0.00000638", "A": "2285.00000000"},
}
KLINES = {
    "NKNUSDT": kline("0.35270000 0.35280000 0.35220000 0.35280000", "25877.00000000"),
    "LRCBTC": kline("0.00000638 0.00000638 0.00000638 0.00000638", "177.00000000"),
}


class Binance(ThreadingHTTPServer):
    """Speaks Binance's wire format, with the recorded markets, quotes and candles."""

    def __init__(self, source: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.markets: dict[str, Any] = MARKETS
        self.books: dict[str, dict[str, Any]] = BOOKS
        self.klines: dict[str, dict[str, Any]] = KLINES
        if source == RECORDED:
            self._load(recording("venues/BINANCE.0.gz"), recording("venues/BINANCE.ws.1.0.gz"))
        self.asked: list[str] = []
        self.failures = 0
        self.answers: dict[tuple[str, str], list[list[Any]]] = {}
        self.prices: dict[str, dict[str, str]] = {}
        self.refused: set[str] = set()
        self.more_asks: list[list[str]] = []
        self.hangs = 0.0

    def _load(self, rest: Path, stream: Path) -> None:
        self.books, self.klines = {}, {}
        with gzip.open(rest, "rt") as lines:
            self.markets = json.loads(next(lines).split(": ", 1)[1])
        with gzip.open(stream, "rt") as lines:
            for line in lines:
                _, _, frame = line.partition(": ")
                data = json.loads(frame).get("data", {}) if frame.startswith("{") else {}
                if data.get("e") == "kline":
                    self.klines[data["s"]] = data["k"]
                elif "A" in data:
                    self.books[data["s"]] = data

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if self.refused & {*query.get("symbol", ()), *json.loads(query.get("symbols", ["[]"])[0])}:
            return INVALID
        if path == f"{ADDRESS}/exchangeInfo":
            return self.markets
        if path == f"{ADDRESS}/ticker/24hr":
            return [self._ticker(symbol) for symbol in json.loads(query["symbols"][0])]
        if path == f"{ADDRESS}/klines":
            if rows := self.answers.get((query["symbol"][0], query["interval"][0])):
                return rows
            bar = self.klines.get(query["symbol"][0])
            fits = bar and query["interval"][0] == bar["i"] and int(query["startTime"][0]) <= bar["t"]
            return [[bar[key] for key in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")]] if fits else []
        if path == f"{ADDRESS}/depth":
            book = self.books[query["symbol"][0]]
            if self.hangs:
                time.sleep(self.hangs)
            return {
                "lastUpdateId": 1,
                "bids": [[book["b"], book["B"]]],
                "asks": [[book["a"], book["A"]], *self.more_asks],
            }
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
            **self.prices.get(symbol, {}),
        }


class _Handler(BaseHTTPRequestHandler):
    server: Binance

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.server.asked.append(address.path)
        answer = self.server.answer(address.path, parse_qs(address.query))
        status = 400 if answer == INVALID else 200 if answer is not None else 404
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


@pytest.fixture(params=[MADE, RECORDED])
def binance(request: pytest.FixtureRequest, settings: Any, db: None) -> Iterator[Binance]:
    if request.param == RECORDED:
        recording("venues/BINANCE.0.gz")  # skips before anything is bound
    with Binance(request.param) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        settings.FEED = "ccxt:binance"
        settings.CCXT_BASE_URL = server.url
        settings.FEED_SYMBOLS = ["NKN/USDT", "LRC/BTC", "NOT/THERE"]
        # The collectors' lock is shared by all workers, and so would be that of another process of these tests.
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        cache.clear()
        open_exchange.cache_clear()
        books._alone.clear()
        yield server
        server.shutdown()


def test_the_book_is_what_the_exchange_wrote_or_is_done_without(
    binance: Binance, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, more = binance.books["NKNUSDT"], ["0.99990000", "1234567.12345678"]
    binance.more_asks = [more, ["0.99995000", "0.00000000"]]
    bids, asks = order_book("binance", "NKN/USDT") or ((), ())
    assert bids == ((Decimal(first["b"]), Decimal(first["B"])),)
    assert asks == ((Decimal(first["a"]), Decimal(first["A"])), (Decimal(more[0]), Decimal(more[1])))
    assert order_book("okx", "NKN/USDT") is None, "prices come from elsewhere"
    assert order_book("binance", "NOT/THERE") is None
    binance.more_asks = [["0.00000001", "5"]]
    assert order_book("binance", "NKN/USDT") is None, "who offers below what is bid makes no sense"
    binance.more_asks = []
    assert order_book("binance", "NKN/USDT") is not None
    monkeypatch.setattr(books, "SECONDS", 0.2)
    binance.hangs = 0.4
    assert order_book("binance", "NKN/USDT") is None
    binance.hangs = 0.0
    assert order_book("binance", "NKN/USDT") is None, "who did not answer is left alone for a while"
    books._alone.clear()
    assert order_book("binance", "NKN/USDT") is not None
    binance.failures = 1
    assert order_book("binance", "NKN/USDT") is None


def test_who_comes_while_another_asks_for_a_book_waits_no_longer_than_for_the_book(
    binance: Binance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "SECONDS", 0.1)
    with ThreadPoolExecutor(1) as second:
        with books._asking:
            told = second.submit(order_book, "binance", "NKN/USDT")
            done, _ = wait([told], timeout=10)
        assert done
        assert told.result() is None


def test_a_paper_order_takes_what_stands_there(binance: Binance, owner: User) -> None:
    """Through the paper account of somebody who trades at Binance's prices."""
    with clock.at(MOMENT):
        feeds.collect()
    first = binance.books["NKNUSDT"]
    binance.more_asks = [["0.40000000", "99999999.00000000"]]
    with tenancy.tenant(owner.pk):
        connection = create_demo_connection(owner_id=owner.pk, venue="binance")
        demo.credit(owner_id=owner.pk, connection_id=connection.pk, asset="USDT", amount=Decimal(100_000))
        Ticker.objects.update(at=clock.now())
        size = Decimal(first["A"]) + 50
        told = estimate(connection, "NKN/USDT", "buy", size)
        report = open_venue(connection).submit(OrderRequest("m-1", "NKN/USDT", "buy", size))
    assert [(one.price, one.quantity) for one in report.trades] == [
        (Decimal(first["a"]), Decimal(first["A"])), (Decimal("0.4"), 50),
    ]  # fmt: skip
    assert told is not None
    assert list(told.parts) == [(one.quantity, one.price) for one in report.trades], "it walks the same book"
    middle = (Decimal(first["a"]) + Decimal(first["b"])) / 2
    assert told.walked_at is not None
    assert told.slippage == sum((one.price - middle) * one.quantity for one in report.trades)


def test_instruments_take_their_steps_from_the_exchange(binance: Binance) -> None:
    with clock.at(MOMENT):
        feeds.collect()
    nkn = Instrument.objects.get(symbol="NKN/USDT")
    assert (nkn.venue, nkn.is_simulated) == ("binance", False)
    assert (nkn.tick_size, nkn.lot_size, nkn.minimum_notional) == (Decimal("0.0001"), 1, 10)
    assert (nkn.base, nkn.quote, nkn.settle, nkn.kind) == ("NKN", "USDT", "", "spot")
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


@pytest.mark.slow
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


def bar(minute: int, *figures: object) -> list[Any]:
    """A bar `minute` minutes after the first of Binance's answer."""
    opened = BAR_MS + minute * MINUTE_MS
    return [opened, *map(str, figures), opened + MINUTE_MS - 1, "1", 1, "1", "1", "0"]


def stored_closes(symbol: str) -> list[float]:
    bars = Candle.objects.filter(instrument__symbol=symbol, timeframe="1m").order_by("ts")
    return list(bars.values_list("close", flat=True))


BAD_BARS = {
    "zeros": bar(1, 0, 0, 0, 0, 0),
    "high below close": bar(1, 2, 2, 1, 3, 5),
    "repeated": bar(0, 2, 2, 2, 2, 5),
    "not a number": bar(1, "NaN", "NaN", "NaN", "NaN", 5),
    "missing": [BAR_MS + MINUTE_MS, None, None, None, None, None],
    "infinite": bar(1, 1, "inf", 1, 1, 5),
    "off the grid": [BAR_MS + 90_001, "1", "1", "1", "1", "1"],
    "too short": [BAR_MS + MINUTE_MS, "1"],
}


@pytest.mark.parametrize("bad", BAD_BARS.values(), ids=BAD_BARS.keys())
def test_a_bad_bar_of_one_market_does_not_stop_the_candles_of_all(binance: Binance, bad: list[Any]) -> None:
    good = [bar(0, 1, 1, 1, 1, 5), bar(2, 3, 3, 3, 3, 5)]
    binance.answers = {("LRCBTC", "1m"): [good[0], bad, good[1]], ("NKNUSDT", "1m"): good}
    with clock.at(MOMENT.replace(minute=31)):
        assert len(feeds.collect()) == 2
    assert stored_closes("NKN/USDT") == [1, 3]
    assert stored_closes("LRC/BTC") == [1, 3]


def test_the_newest_bar_may_come_first(binance: Binance) -> None:
    binance.answers = {("LRCBTC", "1m"): [bar(minute, 1, 1, 1, 1, minute) for minute in (2, 1, 0)]}
    with clock.at(MOMENT.replace(minute=31)):
        feeds.collect()
    assert stored_closes("LRC/BTC") == [1, 1, 1]


@pytest.mark.slow
def test_a_market_that_the_exchange_refuses_does_not_stop_the_others(binance: Binance) -> None:
    with clock.at(MOMENT):
        feeds.collect()
    binance.refused = {"LRCBTC"}
    binance.answers = {("NKNUSDT", "1m"): [bar(1, 3, 3, 3, 3, 5)]}
    nkn = Instrument.objects.get(symbol="NKN/USDT")
    with clock.at(MOMENT.replace(minute=31)):
        assert feeds.collect() == [nkn.pk]
    assert stored_closes("NKN/USDT")[-1] == 3


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1", "0", "1e30", "1e-30"])
def test_what_is_no_price_is_left_out_and_the_others_are_quoted(binance: Binance, price: str) -> None:
    binance.prices = {"LRCBTC": {"lastPrice": price}, "NKNUSDT": {"bidPrice": price}}
    with clock.at(MOMENT):
        feeds.collect()
    ticker = Ticker.objects.get()
    assert (ticker.instrument.symbol, ticker.bid) == ("NKN/USDT", None)


def test_series_take_turns(binance: Binance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "REQUESTS", 5)
    asked: list[str] = []
    answer = binance.answer

    def remember(path: str, query: dict[str, list[str]]) -> Any:
        if path == f"{ADDRESS}/klines":
            asked.append(query["symbol"][0] + query["interval"][0])
        return answer(path, query)

    monkeypatch.setattr(binance, "answer", remember)
    with clock.at(MOMENT):
        for _ in range(3):
            feeds.collect()
    assert len(set(asked)) == 12  # two markets in six timeframes, though ten of them never have an answer


def test_a_name_that_no_column_holds_leaves_out_its_market_only(binance: Binance, settings: Any) -> None:
    long = market("L" * 21, "USDT", tick="0.01", minimum="10")
    binance.markets = {**binance.markets, "symbols": [*binance.markets["symbols"], long]}
    settings.FEED_SYMBOLS = [f"{'L' * 21}/USDT", "NKN/USDT"]
    with clock.at(MOMENT):
        feeds.collect()
    assert set(Instrument.objects.values_list("symbol", flat=True)) == {"NKN/USDT"}


@pytest.mark.parametrize(
    ("exchange", "precision", "price", "expected"),
    [
        ("binance", {"price": 1e-12, "amount": 1.0}, None, ("1e-12", "1")),
        ("bitfinex", {"price": 5, "amount": 8}, "0.00000046712", ("1e-11", "1e-8")),
        ("bitfinex", {"price": 5, "amount": 8}, "64321", ("1", "1e-8")),
        ("binance", {"price": None, "amount": None}, "0.000000000467", ("1e-17", "1e9")),
        ("binance", {"price": 1e-20, "amount": 1e-20}, None, ("1e-18", "1e-18")),
    ],
)
def test_steps_follow_the_market_whatever_its_magnitude(
    exchange: str, precision: dict[str, Any], price: str | None, expected: tuple[str, str]
) -> None:
    told = {"symbol": "X/USDT", "quote": "USDT", "precision": precision, "limits": {"cost": {"min": None}}}
    tick, lot, minimum = steps(getattr(ccxt, exchange)(), told, Decimal(price) if price else None)
    assert (tick, lot, minimum) == (Decimal(expected[0]), Decimal(expected[1]), 0)
