"""A worker asks many venues at once: what it leaves is what a sync of each by itself leaves, whatever one of them does.

Real exchanges' sessions over real HTTP, a database whose commits are real, and threads as workers have them.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import stamina
from django.conf import settings
from django.db import connections as databases

from kit import clock, tenancy
from kit.alerts.models import Alert
from kit.embedded.environment import DATABASE_VARIABLES
from kit.users.models import User
from tests.conftest import address, as_operators, make_user
from tests.simulators.account import Held
from tests.simulators.server import Exchanges
from tests.wallets.books import fund, make_wallet
from tests.wallets.keys import give_true_keys, key_of
from wallets.models import Connection, Platform, Posting, Reconciliation, SyncRun, SyncTurn, VenuePosition
from wallets.sync import runs, turns
from wallets.sync.rounds import Round, sync_waiting
from wallets.venues.accounts import create_demo_connection
from wallets.venues.credentials import store_credentials

D = Decimal
PLATFORMS = ("binance", "binanceusdm", "okx", "kraken")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch, exchanges: Exchanges) -> Iterator[None]:
    give_true_keys(exchanges)
    monkeypatch.setattr(settings, "VENUE_TIMEOUT_MS", 3000)
    with stamina.set_testing(True, attempts=1):
        yield


def connect(owner: User, exchanges: Exchanges, slug: str, name: str = "", **keys: str) -> Connection:
    wire = exchanges.wires["binance" if slug == "binanceusdm" else slug]
    with tenancy.tenant(owner.pk):
        made = Connection.objects.create(
            owner=owner, platform=Platform.objects.get(slug=slug), name=name or slug, venue=slug, is_paper=False
        )
        store_credentials(connection=made, values=key_of(wire) | keys)
    return made


def ask(*wanted: Connection) -> Round:
    """Everybody's round, as the workers do it."""
    for connection in wanted:
        with tenancy.tenant(connection.owner_id):
            turns.want(owner_id=connection.owner_id, connection_ids=[connection.pk])
    return sync_waiting()


def left(connection: Connection) -> dict[str, Any]:
    """Everything that a sync writes of the connection, without whose and when."""
    with tenancy.tenant(connection.owner_id):
        now = Connection.objects.get(pk=connection.pk)
        newest = SyncRun.objects.filter(connection=connection).latest("created_at")
        rows = Reconciliation.objects.filter(run=newest).order_by("asset")
        sums = ("asset", "venue_total", "books_total", "unassigned", "suspense", "drift")
        positions = VenuePosition.objects.filter(connection=connection).order_by("symbol")
        return {
            "status": (now.status, now.status_detail, now.failures, now.synced_at is not None, now.next_try_at is None),
            "run": (newest.status, str(newest.error), newest.step, newest.progress),
            "rows": list(rows.values_list(*sums)),
            "positions": list(positions.values_list("symbol", "side", "quantity", "unrealized_pnl")),
            "postings": sorted(
                Posting.objects.filter(detail__connection=str(connection.pk)).values_list("kind", flat=True)
            ),
            "alerts": sorted(Alert.objects.filter(key__contains=str(connection.pk)).values_list("title", "level")),
        }


def runs_of(connection: Connection) -> int:
    with tenancy.tenant(connection.owner_id):
        return SyncRun.objects.filter(connection=connection).count()


@pytest.mark.slow
def test_it_leaves_what_a_sync_of_each_by_itself_leaves(
    live_db: str, owner: User, other_owner: User, exchanges: Exchanges
) -> None:
    """First and second syncs, a deposit nobody knows of, a refusal and an outage, at every exchange."""
    pairs = [(connect(owner, exchanges, slug), connect(other_owner, exchanges, slug)) for slug in PLATFORMS]
    accounts = [
        exchanges.binance().futures if slug == "binanceusdm" else exchanges.wires[slug].account for slug in PLATFORMS
    ]
    market = exchanges.binance().futures.markets["BTCUSDT"]
    exchanges.binance().futures.positions["BTCUSDT"] = Held(market, D("-0.25"), market.price + 1000)

    def compare(outcome: str) -> None:
        for _, single in pairs:
            runs.sync_connection(owner_id=single.owner_id, connection_id=single.pk)
        ask(*(together for together, _ in pairs))
        for together, single in pairs:
            assert left(together) == left(single)
            assert left(together)["run"][0] == outcome, single.name

    for account in accounts:
        account.deposit("USDT", D("1000.5"))
    compare("ok")
    compare("ok")
    for account in accounts:
        account.deposit("USDT", D("0.000000000000000001"))
    compare("drift")
    for wire in exchanges.wires.values():
        wire.key.is_expired = True
    compare("failed")
    for wire in exchanges.wires.values():
        wire.key.is_expired = False
    exchanges.fail("/", "answer", times=10_000, status=503, body="")
    compare("failed")
    exchanges.faults.clear()
    exchanges.fail("/", "truncated", times=10_000)
    compare("failed")
    exchanges.faults.clear()
    compare("ok")


def test_where_nothing_is_new_it_notes_that_and_no_more_until_something_is(
    live_db: str, owner: User, exchanges: Exchanges
) -> None:
    account = exchanges.binance().account
    account.deposit("USDT", D(100))
    mine = connect(owner, exchanges, "binance")
    with tenancy.tenant(owner.pk):
        wallet = make_wallet(owner, connection=mine)
    assert [ask(mine).alone, ask(mine).alone] == [1, 1]
    asked, before = len(exchanges.asked), left(mine)
    found = ask(mine)
    assert (found.same, found.alone, runs_of(mine)) == (1, 0, 2)
    assert len(exchanges.asked) - asked == 2
    assert left(mine) == before
    with tenancy.tenant(owner.pk):
        run, now = SyncRun.objects.latest("created_at"), Connection.objects.get()
        assert now.synced_at == run.seen_at
        assert run.seen_at is not None
        assert run.finished_at is not None
        assert run.seen_at > run.finished_at
        assert not SyncTurn.objects.exclude(wanted_at=None, claimed_until=None, claim=None).exists()

    def is_new(change: Callable[[], object]) -> bool:
        with tenancy.tenant(owner.pk):
            change()
        return ask(mine).alone == 1

    rows, log = Connection.objects.filter(pk=mine.pk), SyncRun.objects
    day = timedelta(hours=31)
    assert is_new(lambda: account.deposit("USDT", "0.000000000000000001"))  # something at the venue
    assert is_new(lambda: fund(wallet, 1))  # something in the books, and both are in suspense now
    assert is_new(lambda: None), "what nothing explains is asked for each time"
    with tenancy.tenant(owner.pk):
        for asset in ("USDT",):
            runs_before = SyncRun.objects.count()
            assert Reconciliation.objects.filter(run=log.latest("created_at"), asset=asset).exists()
            assert runs_before == 5
    account.deposit("USDT", D(1) - D("0.000000000000000001"))
    ask(mine), ask(mine), ask(mine)
    assert ask(mine).same == 1, "at rest again"
    assert is_new(lambda: rows.update(failures=1, status="stale"))  # it failed before
    assert ask(mine).same == 1
    assert is_new(lambda: User.objects.filter(pk=owner.pk).update(base_currency="EUR"))  # other prices are needed
    assert ask(mine).same == 1
    assert is_new(lambda: _date_back(day))  # a day is over
    assert ask(mine).same == 1
    assert is_new(lambda: runs.request_sync(owner_id=owner.pk, connection_id=mine.pk))  # a page wants to see it
    with tenancy.tenant(owner.pk):
        assert set(SyncRun.objects.exclude(status="drift").values_list("status", flat=True)) == {"ok"}
        runs.carry_forward_late(owner_id=owner.pk)


@pytest.mark.slow
def test_whatever_one_venue_does_the_others_are_synced(
    live_db: str, owner: User, other_owner: User, exchanges: Exchanges
) -> None:
    """One hangs, one breaks off, one is down, one refuses, one is paper, one is paused, and one has no adapter."""
    for wire in exchanges.wires.values():
        wire.account.deposit("USDT", D(5))
    good = [connect(owner, exchanges, "binance", f"Good {number}") for number in range(3)]
    good.append(connect(other_owner, exchanges, "binance", "Good"))
    with tenancy.tenant(owner.pk):
        good.append(create_demo_connection(owner_id=owner.pk, name="Paper"))
    hanging, lying = connect(owner, exchanges, "okx"), connect(owner, exchanges, "bybit")
    down, refused = connect(owner, exchanges, "kraken"), connect(owner, exchanges, "binance", "Bad", secret="x" * 64)
    paused, odd = connect(owner, exchanges, "binance", "Paused"), connect(owner, exchanges, "binance", "Odd")
    everybody = [*good, hanging, lying, down, refused, paused, odd]
    Platform.objects.create(slug="odd", name="Odd", adapter="nobody-knows")
    with tenancy.tenant(owner.pk):
        Connection.objects.filter(pk=paused.pk).update(state="paused")
        Connection.objects.filter(pk=odd.pk).update(platform="odd")
    exchanges.fail("/account/balance", "lost_before", times=100)
    exchanges.fail("/v5/account/wallet-balance", "truncated", times=100)
    exchanges.fail("/private/BalanceEx", "answer", times=100, status=503, body="")
    found = ask(*everybody)
    assert (found.same, found.alone, found.is_cut) == (0, len(everybody), False)
    outcomes = {}
    for connection in everybody:
        if connection != paused:
            outcomes[connection.name] = (left(connection)["status"][0], left(connection)["run"][1])
    assert {outcomes.pop(name) for name in [one.name for one in good] if name in outcomes} == {("ok", "")}
    said = {name: why for name, (status, why) in outcomes.items() if status in ("stale", "failed")}
    assert "did not answer in time" in said["okx"]
    assert "broke off" in said["bybit"] or "no answer" in said["bybit"]
    assert "gave no answer" in said["kraken"]
    assert "refuses the key" in said["Bad"]
    assert "no adapter" in said["Odd"]
    assert runs_of(paused) == 0
    with tenancy.tenant(owner.pk):
        assert not SyncTurn.objects.exclude(wanted_at=None, claimed_until=None).exists()
    exchanges.released.set()


def test_two_workers_at_once_sync_each_connection_once(live_db: str, owner: User, exchanges: Exchanges) -> None:
    exchanges.binance().account.deposit("USDT", D(5))
    mine = [connect(owner, exchanges, "binance", f"Account {number}") for number in range(8)]
    with tenancy.tenant(owner.pk):
        turns.want(owner_id=owner.pk, connection_ids=[one.pk for one in mine])

    def work(_: int) -> int:
        try:
            return sync_waiting().alone
        finally:
            databases.close_all()

    with ThreadPoolExecutor(2) as workers:
        assert sum(workers.map(work, range(2))) == len(mine)
    assert [runs_of(one) for one in mine] == [1] * len(mine)
    assert sum("/account" in asked for asked in exchanges.asked) == len(mine)
    with tenancy.tenant(owner.pk):
        assert Posting.objects.filter(kind="deposit").count() == len(mine)


@pytest.mark.slow
def test_one_that_is_killed_is_taken_over_and_nothing_is_done_twice(
    live_db: str, owner: User, exchanges: Exchanges
) -> None:
    """A worker has synced some and hangs at others when it is killed; the next takes those when their lease is over."""
    for wire in exchanges.wires.values():
        wire.account.deposit("USDT", D(5))
    quick = [connect(owner, exchanges, "binance", f"Quick {number}") for number in range(3)]
    slow = connect(owner, exchanges, "okx")
    exchanges.fail("/account/balance", "lost_before", times=1)
    with tenancy.tenant(owner.pk):
        turns.want(owner_id=owner.pk, connection_ids=[one.pk for one in (*quick, slow)])
    addresses = {name: address(name, live_db) for name in DATABASE_VARIABLES}
    script = "import django; django.setup(); from wallets.sync.rounds import sync_waiting; sync_waiting()"
    given = os.environ | addresses | {"MONIQO_CCXT_BASE_URL": exchanges.url}
    worker = subprocess.Popen([sys.executable, "-c", script], cwd=settings.BASE_DIR, env=given)
    until = time.monotonic() + 30
    while time.monotonic() < until and not all(runs_of(one) and left(one)["run"][0] == "ok" for one in quick):
        time.sleep(0.1)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert (runs_of(slow), sync_waiting().alone) == (0, 0), "it is still taken"
    with tenancy.tenant(owner.pk):
        SyncTurn.objects.exclude(claimed_until=None).update(claimed_until=clock.now() - timedelta(seconds=1))
    assert sync_waiting().alone >= 1
    for one in (*quick, slow):
        assert (runs_of(one), left(one)["run"][0], left(one)["postings"]) == (1, "ok", ["deposit"])
    exchanges.released.set()


def test_whoever_waits_for_a_sync_comes_first_and_what_is_wanted_is_under_way_until_it_is_done(
    live_db: str, owner: User, exchanges: Exchanges
) -> None:
    first, second = (connect(owner, exchanges, "binance", name) for name in ("First", "Second"))
    stranger = make_user("stranger@example.com")
    with tenancy.tenant(owner.pk):
        assert runs.request_due(owner_id=owner.pk) == 2
        run = runs.request_sync(owner_id=owner.pk, connection_id=second.pk)
        assert runs.are_under_way(owner_id=owner.pk)
    with tenancy.tenant(stranger.pk):
        assert not runs.are_under_way(owner_id=owner.pk)
    assert [turn.connection_id for turn in turns.take(limit=1)] == [second.pk]
    assert [turn.connection_id for turn in turns.take(limit=5, busy=["binance"])] == []
    with tenancy.tenant(owner.pk):
        SyncTurn.objects.update(claimed_until=None)
    assert sync_waiting().alone == 2
    with tenancy.tenant(owner.pk):
        run.refresh_from_db()
        assert (run.status, run.progress) == ("ok", 100)
        assert not runs.are_under_way(owner_id=owner.pk)
    assert [runs_of(first), runs_of(second)] == [1, 1]


def _date_back(by: timedelta) -> None:
    with as_operators():
        SyncRun.objects.update(created_at=clock.now() - by)
