"""What a venue tells by itself is in the books at once and exactly once; what it does not tell is found all the same.

The real keeper of lines, real ccxt.pro, real books: only the broker between a hint and its task is left out.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client

from kit import heartbeat, tenancy
from kit.users.models import User
from markets.feeds import ccxt, streamed
from markets.models import Ticker
from tests.simulators.account import Account, Placed
from tests.simulators.listening import Running, wait_until
from tests.simulators.server import Exchanges
from tests.trading.desk import Desk, assert_books_prove_themselves
from tests.trading.exchange_desk import desk_at
from trading import services
from trading.models import Order
from trading.orders import leases
from wallets import tasks
from wallets.models import Connection, SyncRun
from wallets.streams import keeper
from wallets.venues.accounts import set_connection_state
from wallets.venues.capabilities import CAPABILITIES, STREAMED_ACCOUNTS, STREAMED_IN_PART, STREAMED_PRICES
from wallets.venues.ccxt.dialects import dialect_of
from wallets.venues.credentials import store_credentials
from wallets.venues.heard import Heard


class Acting:
    """Acts on hints as the tasks do, without the broker."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(2)
        self.done: list[str] = []

    def orders(self, owner_id: UUID, connection_id: UUID, heard: Heard) -> None:
        given = {"names": heard.names, "numbers": heard.numbers, "everything": heard.everything}
        self._soon("orders", lambda: services.look_at_orders(owner_id=owner_id, connection_id=connection_id, **given))

    def balances(self, owner_id: UUID, connection_id: UUID) -> None:
        def ask() -> None:
            tasks.sync_told(str(owner_id), str(connection_id))
            tasks.sync_waiting()

        self._soon("balances", ask)

    def prices(self, instrument_ids: list[int]) -> None:
        self.done.append("prices")

    def _soon(self, what: str, work: Any) -> None:
        def act() -> None:
            try:
                work()
                self.done.append(what)
            finally:
                connections.close_all()

        self.pool.submit(act)


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Acting]:
    """A keeper of lines that looks often, and acts."""
    for name, value in (
        ("ROUND_SECONDS", 0.1),
        ("FIRST_PAUSE", 0.2),
        ("DIAL_GAP", 0.0),
        ("BALANCES_FIRST", 0.2),
        ("BALANCES_GAP", 0.5),
        ("BALANCES_LONGEST", 0.5),
    ):
        monkeypatch.setattr(keeper, name, value)
    settings.STREAM_SILENCE_SECONDS = 6
    heartbeat.beat_once("streams")
    found = Acting()
    with Running(lambda: keeper.Keeper(found).run(asyncio.Event())):
        yield found
    found.pool.shutdown()
    with heartbeat._client() as redis:
        redis.delete(heartbeat._KEY.format("streams"))


# Where each tells of an account.
PRIVATE = {
    "binance": "/ws-api.",
    "okx": "/ws/v5/private",
    "bybit": "/v5/private",
    "kraken": "/ws-auth.",
    "coinbase": "/advanced-trade-ws-user.",
}
# And of prices.
PUBLIC = {
    "binance": "/stream.",
    "okx": "/ws/v5/public",
    "bybit": "/v5/public/spot",
    "kraken": "/ws.",
    "coinbase": "/advanced-trade-ws.",
}


@pytest.fixture(params=["binance", *(pytest.param(slug, marks=pytest.mark.slow) for slug in list(PRIVATE)[1:])])
def desk(request: pytest.FixtureRequest, live_db: str, owner: User, exchanges: Exchanges) -> Desk:
    exchanges.wires[request.param].account.rests = True
    with tenancy.tenant(owner.pk):
        return desk_at(exchanges, owner, request.param)


@pytest.fixture
def account(desk: Desk, exchanges: Exchanges) -> Account:
    return exchanges.wires[desk.connection.venue].account


def connection_of(desk: Desk) -> Connection:
    with tenancy.tenant(desk.owner.pk):
        return Connection.objects.select_related("platform").get(pk=desk.connection.pk)


def stands(desk: Desk, stream: str) -> None:
    wait_until(lambda: connection_of(desk).stream == stream, stream or "none")


def is_due(desk: Desk) -> bool:
    with tenancy.tenant(desk.owner.pk):
        return Connection.objects.due(owner_id=desk.owner.pk, in_part=STREAMED_IN_PART).exists()


def placed(desk: Desk, account: Account) -> tuple[Order, Placed]:
    """An order that rests at the venue."""
    order = desk.trade("buy", "0.5")
    assert order.status == "open"
    name = dialect_of(desk.connection.venue).names.sent(order.client_order_id)
    (found,) = [one for one in account.orders if one.client_id == name]
    return order, found


def booked(desk: Desk, order: Order) -> float:
    """Seconds until the order is filled in the books, which add up and agree with the venue then."""
    seconds = wait_until(lambda: desk.fresh(order).status == "filled", "the order is booked")
    with tenancy.tenant(desk.owner.pk):
        assert order.fills.count() == 2
    assert_books_prove_themselves(desk)
    assert desk.books_agree()
    return seconds


def test_an_order_is_booked_a_moment_after_it_is_filled_and_once_whatever_the_line_does(
    desk: Desk, account: Account, exchanges: Exchanges, acting: Acting
) -> None:
    stands(desk, "open")
    order, at_venue = placed(desk, account)
    exchanges.lines.faults.doubles = True
    with exchanges.lines.faults.reversed():
        account.fill(at_venue, "0.2", 50_000)
        account.fill(at_venue, "0.3", 50_001)
    assert booked(desk, order) < 3
    for status in ("ok", "drift"):
        with tenancy.tenant(desk.owner.pk):
            wait_until(lambda: SyncRun.objects.filter(status=status).exists(), f"a sync: {status}")  # noqa: B023 - it is waited for before the next one
        account.deposit("USDT", 1)  # which nobody has ordered
        if desk.connection.venue in STREAMED_IN_PART:  # which tells of orders alone, also of those of others
            market_id, name = next(iter(account.markets)), f"theirs-{status}"
            account.place(client_id=name, market_id=market_id, side="buy", kind="market", quantity=Decimal("0.01"))


def test_what_happens_while_a_line_is_broken_is_found_when_it_stands_again(
    desk: Desk, account: Account, exchanges: Exchanges, acting: Acting
) -> None:
    stands(desk, "open")
    order, at_venue = placed(desk, account)
    exchanges.lines.faults.loses = True
    account.fill(at_venue, "0.2", 50_000)
    account.fill(at_venue, "0.3", 50_000)
    with tenancy.tenant(desk.owner.pk):
        lost = desk.fresh(order)
        assert (lost.status, lost.fills.count()) == ("open", 0), "a line that says nothing books nothing"
        assert lost.due_at is not None
        assert lost.due_at <= datetime.now(UTC) + leases.LOOK_TOLD, "and the order is looked at all the same"
    assert exchanges.lines.drop() >= 1
    assert booked(desk, order) < 5
    stands(desk, "open")


def test_whoever_pauses_or_changes_a_key_closes_the_line_at_once_and_a_new_one_is_opened(
    desk: Desk, exchanges: Exchanges, acting: Acting
) -> None:
    stands(desk, "open")
    lines, wire = exchanges.lines, exchanges.wires[desk.connection.venue]
    private = PRIVATE[desk.connection.venue]
    with tenancy.tenant(desk.owner.pk):
        set_connection_state(owner_id=desk.owner.pk, connection_id=desk.connection.pk, state="paused")
    wait_until(lambda: not lines.open(private), "the line of a paused connection is closed", 5)
    stands(desk, "")
    with tenancy.tenant(desk.owner.pk):
        set_connection_state(owner_id=desk.owner.pk, connection_id=desk.connection.pk, state="active")
    stands(desk, "open")
    (first,) = lines.open(private)
    wire.renew_key()
    with tenancy.tenant(desk.owner.pk):
        store_credentials(connection=desk.connection, values={"secret": wire.key.secret})
    wait_until(lambda: lines.open(private) not in ([], [first]), "the line of the new key", 5)
    stands(desk, "open")


def test_a_refused_login_says_so_in_words_and_the_venue_is_asked_as_ever(
    desk: Desk, exchanges: Exchanges, client: Client, acting: Acting
) -> None:
    """While the line stands a venue that tells all is asked half as often; without it, or without who keeps it, as
    ever."""
    tells_all = desk.connection.venue not in STREAMED_IN_PART
    stands(desk, "open")
    with tenancy.tenant(desk.owner.pk):
        wait_until(lambda: Connection.objects.get().status == "ok", "a sync")
    assert is_due(desk) != tells_all
    client.force_login(desk.owner, backend="kit.users.backends.CountedBackend")
    page = client.get("/wallets/connections/").content.decode()
    assert "Streaming since" in page
    assert ("orders. Balances asked every 5 min" in page) != tells_all
    with tenancy.tenant(desk.owner.pk):
        Connection.objects.update(synced_at=datetime.now(UTC) - timedelta(seconds=500))
        assert is_due(desk), "it is checked all the same"
        Connection.objects.update(synced_at=datetime.now(UTC))
    with heartbeat._client() as redis:
        redis.delete(heartbeat._KEY.format("streams"))
    assert is_due(desk)
    assert "nothing listens to venues now" in client.get("/wallets/connections/").content.decode()
    heartbeat.beat_once("streams")
    assert is_due(desk) != tells_all
    exchanges.wires[desk.connection.venue].key.is_expired = True
    exchanges.lines.drop()
    stands(desk, "refused")
    told = connection_of(desk).stream_detail
    assert "refuses the key" in told
    page = client.get("/wallets/connections/").content.decode()
    assert "Asked every 5 min" in page
    assert told.partition(":")[0] in page
    assert is_due(desk)


@pytest.mark.slow
def test_a_price_is_known_a_moment_after_it_is_told_and_never_an_older_one(
    desk: Desk, account: Account, exchanges: Exchanges, acting: Acting
) -> None:
    slug, instrument = desk.connection.venue, desk.instrument
    wire: Any = exchanges.wires[slug]
    market = next(one for one in account.markets.values() if one.base == "BTC")
    wait_until(lambda: exchanges.lines.open(PUBLIC[slug]), "the line of prices")

    def known() -> Decimal:
        return Ticker.objects.get(instrument=instrument).price

    for price in ("50001.5", "50002.25"):
        market.price = Decimal(price)
        wire.tell_price(market)
        assert wait_until(lambda: known() == market.price, price, 5) < 3
    said = Ticker.objects.get(instrument=instrument)
    has_book = CAPABILITIES[slug]["price_streams"].works == "yes"
    assert (said.source, said.ask) == (slug, market.ask if has_book else None)
    market.price = Decimal(1)
    wire.tell_price(market, at_ms=wire.account.now_ms() - 60_000)
    wait_until(lambda: acting.done.count("prices") >= 3, "the old one is read", 5)
    assert known() == Decimal("50002.25")
    streamed.need_not_ask(slug)
    asked = len([one for one in exchanges.asked if "ticker" in one])
    ccxt.collect(slug)
    assert len([one for one in exchanges.asked if "ticker" in one]) == asked, "the feed need not ask"


def test_every_venue_that_tells_by_itself_is_tried_here() -> None:
    assert PRIVATE.keys() == STREAMED_ACCOUNTS - {"binanceusdm"}, "whose derivatives are read, not traded"
    assert PUBLIC.keys() == STREAMED_PRICES
