"""Real workers, forked as they are in production: a venue that hangs keeps nobody else waiting."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import psutil
import pytest
from django.conf import settings

from kit import tenancy
from kit.embedded.environment import DATABASE_VARIABLES
from kit.users.models import User
from moniqo.celery import app
from moniqo.workers import DEFAULT
from tests.conftest import address
from tests.simulators.listening import wait_until
from tests.simulators.server import Exchanges
from tests.trading.desk import assert_books_prove_themselves, make_desk, set_price
from tests.trading.exchange_desk import desk_at
from tests.wallets import books
from tests.wallets.keys import key_of
from trading.models import Order
from wallets.models import Connection, Platform, SyncRun, Wallet
from wallets.sync import runs as sync
from wallets.venues.credentials import store_credentials

HANGING = 3
SECONDS = 120.0  # ends as soon as it has happened; a busy machine takes long to start a worker
ONE = "sync=1"


@contextmanager
def silence() -> Iterator[str]:
    """The address of a venue that takes every call and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def workers(database: str, queues: str = ONE, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    addresses = {name: address(name, database) for name in DATABASE_VARIABLES}
    process = subprocess.Popen(
        [sys.executable, "-m", "moniqo.workers"],
        cwd=settings.BASE_DIR,
        env=os.environ | addresses | {"MONIQO_WORKERS": queues} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=20)


def connect(owner: User, slug: str, name: str, base_url: str, credentials: dict[str, str]) -> Connection:
    platform = Platform.objects.get(slug=slug)
    Platform.objects.filter(pk=slug).update(base_url=base_url)
    connection = Connection.objects.create(owner=owner, platform=platform, name=name, venue=slug, is_paper=False)
    store_credentials(connection=connection, values=credentials)
    return connection


@pytest.mark.slow
def test_accounts_at_a_venue_that_hangs_keep_no_other_waiting(live_db: str, owner: User, exchanges: Exchanges) -> None:
    binance, okx = (key_of(exchanges.wires[slug]) for slug in ("binance", "okx"))
    with silence() as silent:
        with tenancy.tenant(owner.pk):
            hanging = [connect(owner, "binance", f"Hangs {number}", silent, binance) for number in range(HANGING)]
            good = connect(owner, "okx", "Answers", settings.CCXT_BASE_URL, okx)
        app.control.purge()  # what other tests have asked for
        for connection in (*hanging, good):
            sync.request_sync(owner_id=owner.pk, connection_id=connection.pk)
        with workers(live_db):
            end, found = time.monotonic() + SECONDS, {"Answers": "running"}
            while found["Answers"] == "running" and time.monotonic() < end:
                time.sleep(0.1)
                with tenancy.tenant(owner.pk):
                    found = dict(SyncRun.objects.values_list("connection__name", "status"))
    assert found == {f"Hangs {number}": "running" for number in range(HANGING)} | {"Answers": "ok"}


@pytest.mark.slow
def test_an_order_waits_neither_for_syncs_nor_for_orders_of_others_that_hang(
    live_db: str, owner: User, other_owner: User, exchanges: Exchanges
) -> None:
    """As many syncs as there may be processes for them, and as many orders as there always are, wait for a venue that
    says nothing; an order and a stop of somebody else go out meanwhile."""
    desk = make_desk(owner)
    binance = key_of(exchanges.wires["binance"])
    with tenancy.tenant(other_owner.pk):
        hung = desk_at(exchanges, other_owner, "binance")
        farm = hung.farm
        desks = [hung]
        for number in range(2):
            wallet = Wallet.objects.create(
                owner=other_owner, connection=hung.connection, name=f"Second {number}", role="agent", parent=farm
            )
            books.fund(wallet, 10_000)
            desks.append(replace(hung, wallet=wallet))
    with silence() as silent:
        with tenancy.tenant(other_owner.pk):
            waiting = [connect(other_owner, "binance", f"Hangs {number}", silent, binance) for number in range(8)]
        app.control.purge()
        for connection in waiting:
            sync.request_sync(owner_id=other_owner.pk, connection_id=connection.pk)
        orders = [each.place("buy", "0.01") for each in desks]

        def hang() -> bool:
            with tenancy.tenant(other_owner.pk):
                sent = Order.objects.filter(pk__in=[order.pk for order in orders], attempts=1).count()
                return sent >= 2 and SyncRun.objects.filter(status="running").count() == len(waiting)

        with workers(live_db, schedule_of_all(), MONIQO_CCXT_BASE_URL=""):
            wait_until(hang, "that all of them wait", SECONDS)
            bought = desk.place("buy", "1", exit_stop=Decimal(90))
            took = wait_until(lambda: desk.fresh(bought).status == "filled", "the order", SECONDS)
            set_price(desk.instrument, "80")
            app.send_task("trading.tasks.keep_protection")

            def is_sold() -> bool:
                with tenancy.tenant(owner.pk):
                    return Order.objects.filter(side="sell", status="filled").exists()

            took = max(took, wait_until(is_sold, "the stop", SECONDS))
            assert hang(), "it all happened while the others waited"
    assert took < 6
    assert_books_prove_themselves(desk)


def schedule_of_all() -> str:
    """The queues as they are served in production."""
    return DEFAULT.replace(",streams=1", "")


@pytest.mark.slow
def test_a_listener_that_is_killed_is_forked_again_and_nothing_is_lost(
    live_db: str, owner: User, exchanges: Exchanges
) -> None:
    """Workers as in production: what was filled while nobody listened is booked, once, and so is what comes then."""
    account = exchanges.binance().account
    account.rests = True
    with tenancy.tenant(owner.pk):
        desk = desk_at(exchanges, owner, "binance")
    app.control.purge()

    def stands() -> bool:
        with tenancy.tenant(owner.pk):
            return bool(exchanges.lines.open("/ws-api.")) and Connection.objects.streaming().exists()

    with workers(live_db, "orders=1,sync=1,streams=1", MONIQO_CCXT_BASE_URL=exchanges.url) as process:
        wait_until(stands, "the line", SECONDS)
        order = desk.trade("buy", "0.5")
        wait_until(lambda: bool(account.orders), "the order: a worker may have taken it first", SECONDS)
        (at_venue,) = account.orders
        (listener,) = [child for child in psutil.Process(process.pid).children() if not child.children()]
        listener.kill()
        wait_until(lambda: not exchanges.lines.open("/ws-api."), "that nobody listens")
        account.fill(at_venue, "0.2", 50_000)
        account.fill(at_venue, "0.3", 50_000)
        wait_until(lambda: desk.fresh(order).status == "filled", "what was missed", SECONDS)
        wait_until(stands, "the line again", SECONDS)
        second = desk.trade("buy", "0.1")
        exchanges.lines.faults.doubles = True
        account.fill(account.orders[-1], "0.1", 50_000)
        assert wait_until(lambda: desk.fresh(second).status == "filled", "what comes then", SECONDS) < 5
        assert process.poll() is None, "the others went on"
    with tenancy.tenant(owner.pk):
        assert (order.fills.count(), second.fills.count()) == (2, 1)
    assert_books_prove_themselves(desk)
    assert desk.books_agree()
