"""Venues that tell by themselves: real ccxt.pro over real websockets, whatever goes wrong on the line."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event
from typing import Any

import pytest

from markets.exchanges import forget_markets
from markets.sockets import close_socket, open_socket
from tests.simulators.account import Account, Market
from tests.simulators.listening import Running, wait_until
from tests.simulators.server import Exchanges
from tests.simulators.wire import Wire
from wallets.models import Platform
from wallets.venues.base import VenueCredentialsError, VenueError, VenueUnavailableError
from wallets.venues.capabilities import CAPABILITIES, RESTING_STOPS, STREAMED_ACCOUNTS, STREAMED_PRICES
from wallets.venues.ccxt.dialects import DIALECTS, dialect_of
from wallets.venues.ccxt.opening import access_of
from wallets.venues.ccxt.streams import listen_to_account, listen_to_prices
from wallets.venues.heard import Heard

ACCOUNTS = sorted(STREAMED_ACCOUNTS)
SILENCE = 2.4
OURS = "mq" + "a" * 25
D = Decimal
# Those that count what they tell, and those whose last price comes without a book.
COUNTED = ["coinbase", "kraken"]
WITHOUT_BOOK = {slug for slug in STREAMED_PRICES if CAPABILITIES[slug]["price_streams"].works == "partly"}
LUNAS = {"LUNA": "0.51234", "LUNC": "0.00006"}


@dataclass
class Listener:
    """What was heard of an account so far."""

    running: Running
    opened: Event = field(default_factory=Event)
    heard: list[Heard] = field(default_factory=list)

    def stands(self) -> None:
        """Wait for the line."""
        wait_until(lambda: self.opened.is_set() or self.running.error, "the line")
        assert self.running.error is None, self.running.error

    @property
    def names(self) -> set[str]:
        return {name for one in self.heard for name in one.names}

    @property
    def balances(self) -> int:
        return sum(one.balances for one in self.heard)


def wire_of(exchanges: Exchanges, slug: str) -> Wire:
    return exchanges.wires["binance" if slug == "binanceusdm" else slug]


def account_of(exchanges: Exchanges, slug: str) -> Account:
    return exchanges.binance().futures if slug == "binanceusdm" else exchanges.wires[slug].account


@contextmanager
def listening(exchanges: Exchanges, slug: str, **wrong: str) -> Iterator[Listener]:
    key = wire_of(exchanges, slug).key
    credentials = {"api_key": key.key, "secret": key.secret, "password": key.password} | wrong
    access = access_of(Platform(slug=slug, adapter="ccxt"), credentials)
    listener: Listener

    async def opened() -> None:
        listener.opened.set()

    running = Running(
        lambda: listen_to_account(
            access, dialect_of(slug), on_open=opened, on_heard=lambda one: listener.heard.append(one), silence=SILENCE
        )
    )
    listener = Listener(running)
    with running:
        yield listener


def order(exchanges: Exchanges, slug: str, name: str = OURS) -> Any:
    """One of ours that rests."""
    account = account_of(exchanges, slug)
    account.rests = True
    sent = dialect_of(slug).names.sent(name)
    return account.place(
        client_id=sent, market_id=next(iter(account.markets)), side="buy", kind="market", quantity=Decimal("0.02")
    )


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_orders_and_balances_are_heard_twice_reversed_or_plain_and_after_the_login_only(
    exchanges: Exchanges, slug: str
) -> None:
    account = account_of(exchanges, slug)
    account.deposit("USDT", 100_000)
    with listening(exchanges, slug) as listener:
        listener.stands()
        placed = order(exchanges, slug)
        wait_until(lambda: OURS in listener.names, "the order")
        before = listener.balances
        account.fill(placed, "0.01", 50_000)
        wait_until(lambda: listener.balances > before, "the balance")
        exchanges.lines.faults.doubles = True
        with exchanges.lines.faults.reversed():
            account.fill(placed, "0.01", 50_000)
        known = len(listener.heard)
        wait_until(lambda: len(listener.heard) >= known, "both")
        assert len({number for one in listener.heard for number in one.numbers}) == 1
        second = order(exchanges, slug, "mq" + "b" * 25)
        account.cancel(second)
        wait_until(lambda: "mq" + "b" * 25 in listener.names, "the cancellation")
        assert listener.running.error is None
    wait_until(lambda: not exchanges.lines.open(), "that the lines are closed")


@pytest.mark.parametrize("slug", sorted(RESTING_STOPS))
@pytest.mark.parametrize("ends", ["cancelled", "filled"])
def test_a_stop_is_heard_by_its_name_and_number_as_it_comes_and_as_it_goes(
    exchanges: Exchanges, slug: str, ends: str
) -> None:
    """Also where what it becomes has another number and no name: OKX tells of stops on a line of its own."""
    account = account_of(exchanges, slug)
    account.deposit("BTC", 1)
    with listening(exchanges, slug) as listener:
        listener.stands()
        there = account.place(
            client_id=dialect_of(slug).names.sent(OURS), market_id=next(iter(account.markets)), side="sell",
            kind="limit" if slug == "coinbase" else "market", quantity=D("0.02"), trigger=D(45_000),
            price=D(42_750) if slug == "coinbase" else None, freezes=slug != "okx",
        )  # fmt: skip
        wait_until(lambda: OURS in listener.names, "the stop")
        numbers = {number for one in listener.heard for number in one.numbers}
        listener.heard.clear()
        if ends == "cancelled":
            account.cancel(there)
        else:
            account.reach("44000")
        wait_until(lambda: OURS in listener.names, "its end")
        assert numbers <= {number for one in listener.heard for number in one.numbers}


# A silence takes its time: the slow run waits for all of them.
FAULTS = [
    pytest.param(fault, slug, marks=[pytest.mark.slow] if fault == "silent" and slug not in ("binance", "okx") else [])
    for fault in ("cut", "cut off in the middle", "silent")
    for slug in ACCOUNTS
]


@pytest.mark.parametrize(("fault", "slug"), FAULTS)
def test_a_line_that_breaks_aloud_or_in_silence_is_over(exchanges: Exchanges, slug: str, fault: str) -> None:
    account = account_of(exchanges, slug)
    account.deposit("USDT", 100_000)
    with listening(exchanges, slug) as listener:
        listener.stands()
        if fault == "cut":
            exchanges.lines.drop()
        elif fault == "silent":
            exchanges.lines.faults.is_silent = True
        else:
            exchanges.lines.faults.truncates = 1
            order(exchanges, slug)
        error = listener.running.ended()
        assert isinstance(error, VenueUnavailableError)


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_a_refused_login_is_said_in_the_venues_words_and_without_the_key(exchanges: Exchanges, slug: str) -> None:
    key = wire_of(exchanges, slug).key
    wrong = [{"api_key": "another"}, *([] if slug == "binanceusdm" else [{"secret": "another"}])]  # it signs no login
    for expired, given in [(True, {}), *((False, one) for one in wrong)]:
        key.is_expired = expired
        with listening(exchanges, slug, **given) as listener:
            error = listener.running.ended()
        assert isinstance(error, VenueCredentialsError), given
        assert "refuses the key" in error.sentence.exact
        assert not listener.opened.is_set()
        assert not {key.key, key.secret} & set(f"{error!r} {error.sentence.exact}".split())


def test_a_login_that_okx_repeats_is_not_repeated_by_us(exchanges: Exchanges) -> None:
    okx = exchanges.okx()
    okx.repeats_logins = True
    with listening(exchanges, "okx") as listener:
        error = listener.running.ended()
    assert isinstance(error, VenueError)
    told = f"{error.sentence.exact} {error!r} {error.__cause__!r}"
    assert "Illegal request" in told
    assert okx.key.key not in told
    assert okx.key.password not in told


@pytest.mark.parametrize(
    ("slug", "told"),
    [
        ("binance", {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 1}}),
        ("binanceusdm", {"e": "listenKeyExpired", "E": 1}),
        ("okx", {"event": "notice", "code": "64008", "msg": "The connection will soon be closed."}),
    ],
)
def test_a_venue_that_says_that_it_ends_is_believed(exchanges: Exchanges, slug: str, told: Any) -> None:
    with listening(exchanges, slug) as listener:
        listener.stands()
        for line in exchanges.lines.open():
            if line.channels:
                line.tell(told)
        assert isinstance(listener.running.ended(), VenueUnavailableError)


@pytest.mark.parametrize("slug", COUNTED)
def test_a_number_that_was_left_out_says_that_something_was_missed(exchanges: Exchanges, slug: str) -> None:
    account, faults = account_of(exchanges, slug), exchanges.lines.faults
    account.deposit("USDT", 100_000)
    with listening(exchanges, slug) as listener:
        listener.stands()
        placed = order(exchanges, slug)
        wait_until(lambda: OURS in listener.names, "the order")
        assert not any(one.everything for one in listener.heard)
        faults.loses = True
        account.fill(placed, "0.01", 50_000)
        faults.loses = False
        account.fill(placed, "0.01", 50_000)
        wait_until(lambda: any(one.everything and one.balances for one in listener.heard), "that one is missing")
        assert listener.running.error is None


def test_a_line_to_coinbase_on_which_nothing_happens_stays_open_because_it_asks_for_heartbeats(
    exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which are counted with the rest: what is missed is known within a second."""
    coinbase = exchanges.wires["coinbase"]
    coinbase.account.deposit("USDT", 100_000)
    monkeypatch.setattr(coinbase, "beat_seconds", 0.1)
    monkeypatch.setattr(coinbase, "idle_seconds", 0.5)
    with listening(exchanges, "coinbase") as listener:
        listener.stands()
        time.sleep(1.5)
        assert listener.running.error is None
        exchanges.lines.faults.loses = True
        order(exchanges, "coinbase")
        exchanges.lines.faults.loses = False
        wait_until(lambda: any(one.everything for one in listener.heard), "that one is missing", 2)
        assert not listener.names
    monkeypatch.setattr(dialect_of("coinbase"), "beats", {})
    with listening(exchanges, "coinbase") as listener:
        assert isinstance(listener.running.ended(), VenueUnavailableError), "without them it is closed"


@dataclass
class Prices:
    """The last that was told of each market."""

    running: Running
    told: dict[str, Any]

    def last(self, symbol: str) -> str:
        return str(self.told[symbol]["last"]) if symbol in self.told else ""


@contextmanager
def following(exchanges: Exchanges, slug: str, symbols: list[str]) -> Iterator[Prices]:
    forget_markets()
    told: dict[str, Any] = {}

    async def take(prices: Any) -> None:
        told.update({ticker["symbol"]: ticker for ticker in prices})

    access = access_of(Platform(slug=slug, adapter="ccxt"), {})
    running = Running(
        lambda: listen_to_prices(access, dialect_of(slug), symbols, on_prices=take, silence=SILENCE, every=0.1)
    )
    with running:
        yield Prices(running, told)
    forget_markets()


@pytest.mark.parametrize("slug", sorted(STREAMED_PRICES))
def test_prices_are_told_to_the_last_digit_and_a_venue_that_tells_none_is_gone(exchanges: Exchanges, slug: str) -> None:
    wire: Any = exchanges.wires[slug]
    with following(exchanges, slug, ["BTC/USDT", "ETH/USDT", "NONE/USDT"]) as prices:
        wait_until(lambda: len(prices.told) == 2, "both prices")
        market = next(one for one in wire.account.markets.values() if one.base == "BTC")
        market.price = Decimal("50001.23456789012345")
        before = datetime.now(UTC).timestamp() * 1000
        wire.tell_price(market)
        wait_until(lambda: prices.last("BTC/USDT") == "50001.23456789012345", "the new price")
        told = prices.told["BTC/USDT"]
        book = (f"{market.bid}", f"{market.ask}") if slug not in WITHOUT_BOOK else (None, None)
        assert (told["bid"], told["ask"]) == book
        assert before - 2 <= told["timestamp"] <= before + 10_000
        assert "told no price" in str(prices.running.ended())


def test_bybit_is_asked_for_ten_markets_at_once_and_for_each_kind_on_its_own_line(exchanges: Exchanges) -> None:
    wire: Any = exchanges.wires["bybit"]
    coins = [f"C{number}" for number in range(21)]
    wire.account.markets |= {f"{coin}USDT": Market(f"{coin}USDT", coin, "USDT", D(7), D("0.1"), D(1)) for coin in coins}
    linear = wire.account.market("linear:BTCUSDT")
    symbols = [*(f"{coin}/USDT" for coin in coins), "BTC/USDT", "BTC/USDT:USDT"]
    with following(exchanges, "bybit", symbols) as prices:
        wait_until(lambda: prices.told.keys() == set(symbols), "all of them")
        assert len(exchanges.lines.open("/v5/public/spot")) == len(exchanges.lines.open("/v5/public/linear")) == 1
        before = prices.told["BTC/USDT:USDT"]
        linear.price = D("50123.4")
        wire.tell_price(linear)
        wait_until(lambda: prices.last("BTC/USDT:USDT") == "50123.4", "what has changed")
        after = prices.told["BTC/USDT:USDT"]
        assert (after["bid"], after["high"]) == (f"{linear.bid}", before["high"]), "the rest is as it was"
        assert prices.last("BTC/USDT") == "50000.00", "spot has the same name"


def test_a_coin_that_kraken_calls_otherwise_than_ccxt_has_its_own_price(exchanges: Exchanges) -> None:
    wire: Any = exchanges.wires["kraken"]
    lunas = {base: Market(f"{base}USDT", base, "USDT", D(price), D("0.00001"), D(1)) for base, price in LUNAS.items()}
    wire.account.markets |= {market.id: market for market in lunas.values()}
    with following(exchanges, "kraken", ["LUNA/USDT", "LUNC/USDT"]) as prices:
        wait_until(lambda: len(prices.told) == 2, "both")
        assert {base: prices.last(f"{base}/USDT") for base in LUNAS} == LUNAS


def test_a_market_in_usdc_at_coinbase_has_the_price_of_the_one_in_dollars(exchanges: Exchanges) -> None:
    wire: Any = exchanges.wires["coinbase"]
    for quote in ("USD", "USDC"):
        market = Market(f"BTC-{quote}", "BTC", quote, D("51000"), D("0.01"), D("0.00000001"))
        wire.account.markets[market.id] = market
    with following(exchanges, "coinbase", ["BTC/USDC", "ETH/USDT"]) as prices:
        wait_until(lambda: len(prices.told) == 2, "both")
        dollars = wire.account.market("BTC-USD")
        dollars.price = D("51000.5")
        wire.tell_price(dollars)
        wait_until(lambda: prices.last("BTC/USDC") == "51000.5", "the new price")
        assert prices.told.keys() == {"BTC/USDC", "ETH/USDT"}


@pytest.mark.parametrize(
    ("host", "sandbox", "address"),
    [
        ("", False, "wss://ws.okx.com:443/ws/v5/private"),
        ("my.okx.com", False, "wss://wseea.okx.com:443/ws/v5/private"),
        ("us.okx.com", True, "wss://wsuspap.okx.com:443/ws/v5/private?brokerId=9999"),
    ],
)
def test_an_account_of_a_region_is_listened_to_there(settings: Any, host: str, sandbox: bool, address: str) -> None:
    settings.CCXT_BASE_URL = ""
    platform = Platform(slug="okx", adapter="ccxt", is_sandbox=sandbox, options={"hostname": host} if host else {})

    async def found() -> str:
        exchange = open_socket(access_of(platform, {}), silence=SILENCE)
        dialect_of("okx").turn(exchange)
        try:
            return str(exchange.get_url("orders", "private"))
        finally:
            await close_socket(exchange)

    assert asyncio.run(found()) == address


def test_what_is_declared_to_stream_is_what_dialects_can_listen_to() -> None:
    assert {slug for slug, dialect in DIALECTS.items() if dialect.account_streams} == STREAMED_ACCOUNTS
