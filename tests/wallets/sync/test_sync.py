"""A sync holds the venue's totals against the books, says where they part, and never overwrites a balance."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Event, Timer
from typing import Any
from uuid import uuid4

import pytest
import stamina
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection as database
from django.test import Client

from kit import clock, display, tenancy
from kit.alerts.models import Alert
from kit.display import Display
from kit.errors import ConflictError, NotFoundError
from kit.sentences import amount, sentence
from kit.users.models import User
from markets.models import Instrument
from tests.programs import bearer
from tests.wallets.books import balance, make_wallet, ref
from tests.wallets.venues.faulty import FaultyVenue
from tests.wallets.venues.test_demo_books import quote_everything
from wallets import tasks as wallet_tasks
from wallets.ledger import Leg, post, verify
from wallets.models import Connection, Posting, Reconciliation, SyncRun, Wallet
from wallets.services import assign_suspense, create_wallet, deposit
from wallets.sync import looking
from wallets.sync import runs as sync
from wallets.sync.diverging import first_diverging_entry
from wallets.venues import accounts, registry
from wallets.venues.base import (
    BalanceReport,
    OrderReport,
    OrderRequest,
    TradeReport,
    VenueCredentialsError,
    VenueUnavailableError,
)
from wallets.venues.demo import account as demo


@pytest.fixture(autouse=True)
def _fast_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def wallet(as_owner: User) -> Wallet:
    """A master with 1,000 USDT at the venue and in the books."""
    connection = accounts.create_demo_connection(owner_id=as_owner.pk)
    wallet = make_wallet(as_owner, connection=connection)
    deposit(owner_id=as_owner.pk, wallet_id=wallet.pk, amount=Decimal(1000), asset="USDT", key=str(uuid4()))
    return wallet


def run_sync(wallet: Wallet) -> SyncRun:
    return sync.sync_connection(owner_id=wallet.owner_id, connection_id=wallet.connection_id)


def row(run: SyncRun, asset: str = "USDT") -> Reconciliation:
    return Reconciliation.objects.get(run=run, asset=asset)


def arrive(wallet: Wallet, amount: int, asset: str = "USDT") -> None:
    """Money moves at the venue without us."""
    demo.credit(owner_id=wallet.owner_id, connection_id=wallet.connection_id, asset=asset, amount=Decimal(amount))


def submit(wallet: Wallet, quantity: str = "2") -> OrderReport:
    """An order that the venue carries out and nobody books."""
    quote_everything()
    connection = Connection.objects.get(pk=wallet.connection_id)
    return registry.open_venue(connection).submit(OrderRequest(str(uuid4()), "SOL/USDT", "buy", Decimal(quantity)))


def book(wallet: Wallet, report: OrderReport) -> Posting:
    """The fill as trading books it."""
    trade = report.trades[0]
    legs = [
        Leg(ref(wallet), ref(wallet, kind="clearing"), trade.price * trade.quantity),
        Leg(ref(wallet, "SOL", "clearing"), ref(wallet, "SOL"), trade.quantity),
        Leg(ref(wallet), ref(wallet, kind="fees"), trade.fee),
    ]
    return post(owner_id=wallet.owner_id, key=report.client_order_id, kind="trade", legs=legs)


def failing_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    class Broken(FaultyVenue):
        def balances(self) -> tuple[BalanceReport, ...]:
            raise error

    monkeypatch.setitem(registry.ADAPTERS, "demo", lambda connection: Broken(demo.open_demo_venue(connection)))


def test_books_that_agree_are_said_to_agree(wallet: Wallet) -> None:
    run = run_sync(wallet)
    assert (run.status, run.progress) == (SyncRun.Status.OK, 100)
    assert (row(run).venue_total, row(run).books_total, row(run).drift) == (1000, 1000, 0)
    connection = Connection.objects.get(pk=wallet.connection_id)
    assert connection.status == Connection.Status.OK
    assert connection.synced_at == run.finished_at
    assert not Alert.objects.exists()


def test_a_booked_trade_agrees_to_the_last_digit(wallet: Wallet) -> None:
    book(wallet, submit(wallet))
    run = run_sync(wallet)
    assert run.status == SyncRun.Status.OK
    assert row(run, "SOL").books_total == 2


def test_money_that_arrived_goes_to_suspense_and_touches_no_wallet(wallet: Wallet) -> None:
    arrive(wallet, 50)
    run = run_sync(wallet)
    assert run.status == SyncRun.Status.DRIFT
    assert row(run).drift == 50
    assert row(run).first_diverging_entry is None
    assert balance(wallet) == 1000
    assert balance(wallet, kind="suspense") == 50
    alert = Alert.objects.get()
    assert alert.level == Alert.Level.WARNING
    assert "50.00" in alert.headline()


def test_the_same_difference_is_posted_once(wallet: Wallet) -> None:
    arrive(wallet, 50)
    run_sync(wallet)
    again = run_sync(wallet)
    assert again.status == SyncRun.Status.OK
    assert (row(again).suspense, row(again).drift) == (50, 0)
    assert balance(wallet, kind="suspense") == 50
    assert Alert.objects.filter(resolved_at=None).count() == 1


def test_more_than_one_leg_may_move_goes_to_suspense_in_parts(wallet: Wallet) -> None:
    for _ in range(2):
        arrive(wallet, 9 * 10**17)
    statuses = [run_sync(wallet).status for _ in range(5)]
    assert statuses == [*[SyncRun.Status.DRIFT] * 4, SyncRun.Status.OK]
    assert balance(wallet, kind="suspense") == 18 * 10**17


def test_money_that_is_missing_is_critical(wallet: Wallet) -> None:
    arrive(wallet, -30)
    assert row(run_sync(wallet)).drift == -30
    assert balance(wallet, kind="suspense") == -30
    assert Alert.objects.get().level == Alert.Level.CRITICAL


def test_what_is_explained_by_itself_leaves_suspense_again(wallet: Wallet) -> None:
    arrive(wallet, 50)
    run_sync(wallet)
    arrive(wallet, -50)
    back = run_sync(wallet)
    assert (back.status, back.step) == (SyncRun.Status.OK, "What was missing in USDT has been booked since.")
    assert (row(back).suspense, row(back).drift, balance(wallet, kind="suspense")) == (50, -50, 0)
    assert verify(owner_id=wallet.owner_id, only={"venues"}).contradiction is None
    final = run_sync(wallet)
    assert (row(final).suspense, row(final).drift) == (0, 0)
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_a_deposit_found_at_the_venue_is_assigned_to_the_master_once(wallet: Wallet) -> None:
    arrive(wallet, 50)
    run_sync(wallet)
    for _ in range(2):
        assign_suspense(owner_id=wallet.owner_id, connection_id=wallet.connection_id, asset="USDT", key="explained")
    assert balance(wallet) == 1050
    assert balance(wallet, kind="suspense") == 0
    assert not Alert.objects.filter(resolved_at=None).exists()
    assert run_sync(wallet).status == SyncRun.Status.OK


def test_nothing_in_suspense_cannot_be_assigned(wallet: Wallet) -> None:
    with pytest.raises(ConflictError, match="Nothing to assign"):
        assign_suspense(owner_id=wallet.owner_id, connection_id=wallet.connection_id, asset="BTC", key="none")


def test_a_trade_that_only_the_books_know_is_the_first_diverging_entry(wallet: Wallet) -> None:
    run_sync(wallet)
    known = submit(wallet, "1")
    book(wallet, known)
    invented = replace(known, client_order_id="invented", trades=(replace(known.trades[0], quantity=Decimal(3)),))
    posting = book(wallet, invented)
    run = run_sync(wallet)
    entry = row(run, "SOL").first_diverging_entry
    assert entry is not None
    assert entry.transfer.posting_id == posting.pk
    assert row(run, "SOL").drift == -3
    assert f"{entry.pk} of" in Alert.objects.get(key__endswith=":SOL").story()


def test_a_trade_that_only_the_venue_knows_diverges_in_no_entry(wallet: Wallet) -> None:
    run_sync(wallet)
    submit(wallet)
    run = run_sync(wallet)
    assert row(run, "SOL").drift == 2
    assert row(run, "SOL").first_diverging_entry is None


def test_a_drift_of_the_smallest_part_is_found_at_its_entry(wallet: Wallet) -> None:
    """Of nine trades one was booked a 10^-18 wrong, with right ones before and after it."""
    run_sync(wallet)
    wrong = None
    for number in range(9):
        report = submit(wallet, "1")
        if number == 5:
            told = replace(report.trades[0], fee=report.trades[0].fee + Decimal("1e-18"))
            wrong = book(wallet, replace(report, trades=(told,)))
        else:
            book(wallet, report)
    run = run_sync(wallet)
    assert row(run).drift == Decimal("1e-18")
    entry = row(run).first_diverging_entry
    assert entry is not None
    assert wrong is not None
    assert entry.transfer.posting_id == wrong.pk


def test_what_arrived_is_said_to_be_a_wallets(wallet: Wallet, client: Client) -> None:
    savings = create_wallet(owner_id=wallet.owner_id, name="Savings", role="reserve", parent=wallet)
    arrive(wallet, 50)
    run_sync(wallet)
    path = f"/api/v1/connections/{wallet.connection_id}/suspense/USDT"
    headers = bearer(wallet.owner) | {"Idempotency-Key": "k"}
    asked: Any = {"content_type": "application/json", "headers": headers}
    assert client.post(path, {"wallet_id": str(uuid4())}, **asked).status_code == 404
    for _ in range(2):
        assert client.post(path, {"wallet_id": str(savings.pk)}, **asked).status_code == 201
    assert (balance(savings), balance(wallet), balance(wallet, kind="suspense")) == (50, 1000, 0)
    nothing = client.post(path, {}, content_type="application/json", headers=headers | {"Idempotency-Key": "l"})
    assert nothing.status_code == 409
    assert run_sync(wallet).status == SyncRun.Status.OK


def test_a_deposit_that_never_reached_the_venue_is_the_diverging_entry(wallet: Wallet) -> None:
    run_sync(wallet)
    leg = Leg(ref(wallet, kind="external"), ref(wallet), Decimal(25))
    posting = post(owner_id=wallet.owner_id, key="lost", kind="deposit", legs=[leg])
    entry = row(run_sync(wallet)).first_diverging_entry
    assert entry is not None
    assert entry.transfer.posting_id == posting.pk


def test_an_order_under_way_is_not_called_drift(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "REST_SECONDS", 0)
    hold = post(
        owner_id=wallet.owner_id, key="hold", kind="hold",
        legs=[Leg(ref(wallet), ref(wallet, kind="clearing"), Decimal(300), "pending")],
    )  # fmt: skip
    report = submit(wallet)
    run = run_sync(wallet)
    assert run.status == SyncRun.Status.OK
    assert "waiting for orders" in run.step
    assert row(run, "SOL").drift == 2
    assert balance(wallet, "SOL", "suspense") == 0
    assert not Alert.objects.exists()
    pending = hold.transfers.get()
    post(owner_id=wallet.owner_id, key="void", kind="hold", legs=[sync_void(pending.pk, wallet)])
    book(wallet, report)
    assert run_sync(wallet).status == SyncRun.Status.OK


def sync_void(pending_id: int, wallet: Wallet) -> Leg:
    return Leg(ref(wallet), ref(wallet, kind="clearing"), None, "void", pending_id)


def test_a_reservation_that_hangs_explains_nothing(wallet: Wallet) -> None:
    with clock.at(clock.now() - timedelta(minutes=11)):
        post(
            owner_id=wallet.owner_id, key="hold", kind="hold",
            legs=[Leg(ref(wallet), ref(wallet, kind="clearing"), Decimal(300), "pending")],
        )  # fmt: skip
    arrive(wallet, -30)
    assert run_sync(wallet).status == SyncRun.Status.DRIFT


def test_a_venue_that_goes_on_failing_is_asked_less_often_until_it_answers(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Connection.objects.filter(pk=wallet.connection_id)
    waits = []
    with monkeypatch.context() as patch:
        failing_with(patch, VenueUnavailableError("Nobody is there."))
        for number in range(1, 7):
            run_sync(wallet)
            failed = rows.get()
            assert (failed.failures, failed.state) == (number, Connection.State.ACTIVE)
            assert failed.next_try_at is not None
            waits.append(round((failed.next_try_at - clock.now()) / timedelta(minutes=5) + 0.5))
            assert not Connection.objects.due(owner_id=wallet.owner_id).exists()
            with clock.at(failed.next_try_at):
                assert Connection.objects.due(owner_id=wallet.owner_id).exists()
    assert waits == [1, 2, 4, 8, 12, 12]
    run_sync(wallet)  # asked for by hand
    assert rows.values_list("failures", "next_try_at").get() == (0, None)


def test_who_makes_a_connection_active_wants_it_asked_now(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_with(monkeypatch, VenueUnavailableError("Nobody is there."))
    run_sync(wallet)
    switch = {"owner_id": wallet.owner_id, "connection_id": wallet.connection_id}
    for state in ("paused", "active"):
        accounts.set_connection_state(**switch, state=state)
    assert Connection.objects.due(owner_id=wallet.owner_id).exists()


def test_a_connection_without_wallets_has_unassigned_money_and_no_drift(as_owner: User) -> None:
    connection = accounts.create_demo_connection(owner_id=as_owner.pk)
    demo.credit(owner_id=as_owner.pk, connection_id=connection.pk, asset="USDT", amount=Decimal(5))
    run = sync.sync_connection(owner_id=as_owner.pk, connection_id=connection.pk)
    assert run.status == SyncRun.Status.OK
    assert "not in any wallet" in run.step


def test_a_venue_that_does_not_answer_makes_the_connection_stale(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_sync(wallet)
    failing_with(monkeypatch, VenueUnavailableError("Nobody is there."))
    run = run_sync(wallet)
    assert (run.status, str(run.error)) == (SyncRun.Status.FAILED, "Nobody is there.")
    connection = Connection.objects.get(pk=wallet.connection_id)
    assert connection.status == Connection.Status.STALE
    assert connection.synced_at == first.finished_at
    assert balance(wallet) == 1000


@pytest.mark.parametrize("answer", [None, VenueUnavailableError("Nobody is there.")])
def test_a_connection_paused_while_it_syncs_stays_paused(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch, answer: Exception | None
) -> None:
    class Pausing(FaultyVenue):
        def balances(self) -> tuple[BalanceReport, ...]:
            Connection.objects.filter(pk=wallet.connection_id).update(state=Connection.State.PAUSED)
            if answer is not None:
                raise answer
            return super().balances()

    monkeypatch.setitem(registry.ADAPTERS, "demo", lambda connection: Pausing(demo.open_demo_venue(connection)))
    run = run_sync(wallet)
    connection = Connection.objects.get(pk=wallet.connection_id)
    assert connection.state == Connection.State.PAUSED
    assert run.status == (SyncRun.Status.FAILED if answer else SyncRun.Status.OK)


def test_refused_credentials_call_for_a_person_until_they_work(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        failing_with(patch, VenueCredentialsError("Make a new key: this one is refused."))
        run_sync(wallet)
    assert Connection.objects.get(pk=wallet.connection_id).status == Connection.Status.FAILED
    assert Alert.objects.get(resolved_at=None).story() == "Make a new key: this one is refused."
    run_sync(wallet)
    assert Connection.objects.get(pk=wallet.connection_id).status == Connection.Status.OK
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_a_bug_leaves_no_run_running(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_with(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run_sync(wallet)
    assert SyncRun.objects.get().status == SyncRun.Status.FAILED


def test_a_sync_whose_time_is_up_ends_its_run_and_flags_the_connection(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(FaultyVenue):
        def balances(self) -> tuple[BalanceReport, ...]:
            os.kill(os.getpid(), signal.SIGUSR1)  # what Celery's worker sends after the soft time limit
            raise AssertionError("The time is up.")

    monkeypatch.setitem(registry.ADAPTERS, "demo", lambda connection: Slow(demo.open_demo_venue(connection)))
    task = wallet_tasks.sync_connection
    task.push_request(called_directly=False, is_eager=False)
    with pytest.raises(SoftTimeLimitExceeded):
        task(str(wallet.owner_id), str(wallet.connection_id))
    assert SyncRun.objects.get().status == SyncRun.Status.FAILED
    connection = Connection.objects.get(pk=wallet.connection_id)
    assert (connection.status, "in time" in connection.status_detail) == (Connection.Status.STALE, True)


def test_the_third_sync_in_a_row_that_gets_no_answer_is_an_alert(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing_with(patch, VenueUnavailableError("Nobody is there."))
        for _ in range(3):
            assert not Alert.objects.exists()
            run_sync(wallet)
    alert = Alert.objects.get()
    assert (alert.title, alert.url) == ("Failed 3 times in a row: Sync of Paper account", "/wallets/connections/")
    run_sync(wallet)
    assert not Alert.objects.filter(resolved_at=None).exists()


@pytest.mark.parametrize("state", [Connection.State.PAUSED, Connection.State.ARCHIVED])
def test_what_is_not_active_is_not_synced_and_keeps_its_health(wallet: Wallet, state: str) -> None:
    run_sync(wallet)
    asked = sync.request_sync(owner_id=wallet.owner_id, connection_id=wallet.connection_id)
    Connection.objects.filter(pk=wallet.connection_id).update(state=state)
    run = sync.sync_connection(owner_id=wallet.owner_id, connection_id=wallet.connection_id, run_id=asked.pk)
    assert (run.status, str(run.error)) == (SyncRun.Status.FAILED, f"The connection was {state} meanwhile.")
    with pytest.raises(ConflictError, match=f"it is {state}"):
        run_sync(wallet)
    assert Connection.objects.get(pk=wallet.connection_id).status == Connection.Status.OK
    assert not Alert.objects.exists()


def test_one_run_at_a_time(wallet: Wallet) -> None:
    under_way = SyncRun.objects.create(owner_id=wallet.owner_id, connection_id=wallet.connection_id)
    assert run_sync(wallet) == under_way
    assert SyncRun.objects.get().status == SyncRun.Status.RUNNING


def test_a_run_that_died_gives_way(wallet: Wallet) -> None:
    with clock.at(clock.now() - timedelta(minutes=6)):
        dead = SyncRun.objects.create(owner_id=wallet.owner_id, connection_id=wallet.connection_id)
    assert run_sync(wallet).status == SyncRun.Status.OK
    dead.refresh_from_db()
    assert (dead.status, str(dead.error)) == (SyncRun.Status.FAILED, "It was interrupted.")


def test_a_finished_run_is_not_carried_out_again(wallet: Wallet) -> None:
    run = run_sync(wallet)
    arrive(wallet, 50)
    again = sync.sync_connection(owner_id=wallet.owner_id, connection_id=wallet.connection_id, run_id=run.pk)
    assert again == run
    assert balance(wallet, kind="suspense") == 0


def test_a_run_that_was_overtaken_books_nothing(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    overtaken_by: list[SyncRun] = []

    class Slow(FaultyVenue):
        def balances(self) -> tuple[BalanceReport, ...]:
            totals = super().balances()
            if not overtaken_by:
                monkeypatch.undo()
                with clock.at(clock.now() + timedelta(minutes=6)):
                    overtaken_by.append(run_sync(wallet))
            return totals

    arrive(wallet, 50)
    monkeypatch.setitem(registry.ADAPTERS, "demo", lambda connection: Slow(demo.open_demo_venue(connection)))
    slow = run_sync(wallet)
    assert overtaken_by[0].status == SyncRun.Status.DRIFT
    assert (slow.status, str(slow.error)) == (SyncRun.Status.FAILED, "It was interrupted.")
    assert balance(wallet, kind="suspense") == 50


def test_two_people_who_assign_the_same_suspense_at_once_assign_it_once(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        connection = accounts.create_demo_connection(owner_id=owner.pk)
        wallet = make_wallet(owner, connection=connection)
        arrive(wallet, 50)
    run_sync(wallet)
    is_assigned, may_commit = Event(), Event()

    def assign(key: str) -> None:
        try:
            with tenancy.tenant(owner.pk):
                assign_suspense(owner_id=owner.pk, connection_id=connection.pk, asset="USDT", key=key)
                is_assigned.set()
                may_commit.wait(10)
        finally:
            database.close()

    with ThreadPoolExecutor(2) as people:
        first = people.submit(assign, "first")
        assert is_assigned.wait(10)
        second = people.submit(assign, "second")
        Timer(0.5, may_commit.set).start()
        first.result()
        with pytest.raises(ConflictError, match="Nothing to assign"):
            second.result()
    with tenancy.tenant(owner.pk):
        assert balance(wallet) == 50
        assert balance(wallet, kind="suspense") == 0


def test_another_owner_cannot_sync_it(wallet: Wallet, other_owner: User) -> None:
    with pytest.raises(NotFoundError):
        sync.sync_connection(owner_id=other_owner.pk, connection_id=wallet.connection_id)


def test_the_log_is_kept_thirty_days(live_db: str, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        connection = accounts.create_demo_connection(owner_id=owner.pk)
        wallet = make_wallet(owner, connection=connection)
        for days in (29, 31):
            with clock.at(clock.now() - timedelta(days=days)):
                deposit(owner_id=owner.pk, wallet_id=wallet.pk, amount=Decimal(5), asset="USDT", key=str(days))
                run_sync(wallet)
    assert sync.prune_sync_log(batch=1) == 1
    with tenancy.tenant(owner.pk):
        assert SyncRun.objects.count() == 1
        assert Reconciliation.objects.count() == 1


def test_a_trade_of_a_derivative_moves_no_base_asset(wallet: Wallet) -> None:
    """Its symbol is a name: what stands before the slash is not what the account got."""
    symbol, steps = "BTC/USDT:USDT", {"tick_size": Decimal("0.1"), "lot_size": Decimal("0.001")}
    Instrument.objects.create(
        venue=wallet.connection.venue, symbol=symbol, base="BTC", quote="USDT", kind="perpetual", **steps
    )
    run = run_sync(wallet)
    leg = Leg(ref(wallet, "BTC", kind="clearing"), ref(wallet, "BTC"), Decimal(1))
    posting = post(owner_id=wallet.owner_id, key="only ours", kind="trade", legs=[leg])
    trade = TradeReport("T1", "", symbol, "buy", Decimal(100), Decimal(1), Decimal(0), "USDT", "taker", clock.now())
    entry = first_diverging_entry(run, "BTC", Decimal(-1), [trade])
    assert entry is not None
    assert entry.transfer.posting_id == posting.pk


def test_what_a_venue_says_of_an_amount_is_told_as_its_reader_wants_it(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_with(monkeypatch, VenueUnavailableError("Only 1234.5 of 5000 USDT are free."))
    run = run_sync(wallet)
    run.refresh_from_db()
    assert run.error.exact == "Only 1234.5 of 5000 USDT are free."
    with display.showing(Display(hide_amounts=True)):
        assert str(run.error) == "Only ••• of ••• USDT are free."
    own = sentence("{amount} is missing.", amount=amount(Decimal("1234.5"), "USDT"))
    failing_with(monkeypatch, VenueUnavailableError(own))
    again = run_sync(wallet)
    with display.showing(Display(numbers="1.234,56")):
        assert str(again.error) == "1.234,50\u00a0USDT is missing."


def test_an_asset_whose_name_the_books_cannot_hold_is_flagged_and_the_others_are_compared(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "1000000000000000MONKEYS"

    class Listing(FaultyVenue):
        def balances(self) -> tuple[BalanceReport, ...]:
            return (
                BalanceReport("USDT", Decimal(1001), Decimal(1001)),
                BalanceReport(long, Decimal(5), Decimal(5)),
            )

    monkeypatch.setitem(registry.ADAPTERS, "demo", lambda connection: Listing(demo.open_demo_venue(connection)))
    run = run_sync(wallet)
    assert (run.status, long in run.step) == (SyncRun.Status.DRIFT, True)
    assert (row(run).drift, row(run, long).drift) == (1, 5)
    assert Posting.objects.filter(key=f"sync:{run.pk}:USDT").exists()
    assert not Posting.objects.filter(key=f"sync:{run.pk}:{long}").exists()
    again = run_sync(wallet)
    assert (again.status, row(again, long).is_bookable) == (SyncRun.Status.OK, False)
