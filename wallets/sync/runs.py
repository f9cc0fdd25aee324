"""Sync: ask the venue what it holds for a connection and hold our books against it.

Per asset, Σ wallets + suspense = venue total. The venue is asked outside of any transaction, so orders may be under way
meanwhile; a difference counts only when the books stood still around the question and nothing that is reserved could
still explain it. A difference that counts is posted between *outside world* and *suspense* of the connection's first
master, where it stays visible until somebody explains it; no wallet's balance is ever overwritten to agree.
"""

import logging
import time
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import stamina
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from kit import clock, tenancy
from kit.alerts.failures import note_failure, note_success
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert, resolve_alerts
from kit.audit import services as audit
from kit.errors import ConflictError, MoniqoError, NotFoundError, TimeIsUpError
from kit.limits import MAX_AMOUNT
from kit.live.publish import publish
from kit.sentences import Sentence, Value, amount, moment, sentence, told_by
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Account, Connection, Entry, Posting, Reconciliation, SyncRun, Wallet
from wallets.sync.listing import list_markets
from wallets.sync.positions import keep_positions
from wallets.sync.reconciliation import ZERO, Look, first_diverging_entry, first_wallet, last_agreement, read_books
from wallets.venues.accounts import get_connection
from wallets.venues.base import (
    TradeReport,
    Venue,
    VenueAmbiguousError,
    VenueCredentialsError,
    VenueError,
    VenueRejectedError,
    is_worth_another,
    totals,
)
from wallets.venues.registry import open_venue

logger = logging.getLogger(__name__)

# A run that took longer than this died with its worker; the next one may start.
RUN_TIMEOUT: Final = timedelta(minutes=5)
# How often the books are given the time to come to rest, and how long each time.
LOOKS: Final = 4
REST_SECONDS: Final = 0.5
# Trades are asked for from a little earlier than the last agreement: the venue's clock is not ours.
OVERLAP: Final = timedelta(minutes=1)
# Runs that are forgotten in one transaction.
PRUNED_AT_ONCE: Final = 2_000
# A venue that goes on failing is asked at least this often.
LONGEST_WAIT: Final = timedelta(hours=1)
POSITIONS_CARRIED: Final = "Its positions could not be read: the last known ones are carried forward."
LATE: Final = "The venue takes long to answer: these are the last known figures."


def request_sync(*, owner_id: UUID, connection_id: UUID) -> SyncRun:
    """Start a run in the background and return it, or the one that is under way already.

    Raises NotFoundError, ConflictError when the connection is paused or archived.
    """
    run, is_new = _start(owner_id, connection_id)
    if is_new:
        arguments = (str(owner_id), str(connection_id), str(run.pk))
        transaction.on_commit(
            lambda: current_app.send_task("wallets.tasks.sync_connection", args=arguments), robust=True
        )
    return run


def sync_connection(*, connection_id: UUID, owner_id: UUID, run_id: UUID | None = None) -> SyncRun:
    """Sync now and return the finished run; with `run_id` carry out that one. Call it outside of transactions.

    A venue that does not answer is no error of the caller: the run ends as failed, the connection as stale or failed,
    and the figures of the last sync stay. When another run is under way, that one is returned as it is. Raises
    NotFoundError, ConflictError when the connection is paused or archived.
    """
    if run_id is None:
        run, is_new = _start(owner_id, connection_id)
        if not is_new:
            return run
    else:
        with tenancy.tenant(owner_id):
            run = SyncRun.objects.get(pk=run_id, connection_id=connection_id)
        if run.status != SyncRun.Status.RUNNING:
            return run
    try:
        return _carry_out(run, owner_id)
    except VenueError as error:
        lasting = isinstance(error, VenueCredentialsError | VenueRejectedError)
        status = Connection.Status.FAILED if lasting else Connection.Status.STALE
        return _fail(run, told_by(error), status, wait=getattr(error, "retry_after", None))
    except MoniqoError as error:
        return _fail(run, told_by(error), Connection.Status.FAILED)
    except TimeIsUpError:
        _fail(run, Sentence("The venue did not answer in time; the next sync tries again."), Connection.Status.STALE)
        raise
    except Exception:
        _fail(run, Sentence("Something broke on our side; the next sync tries again."), Connection.Status.STALE)
        raise


def runs_under_way(*, owner_id: UUID) -> QuerySet[SyncRun]:
    """The owner's runs that have not ended and may still; run it as the tenant."""
    now = clock.now()
    # A run of the future was started by a clock that was wrong: nobody works on it.
    return SyncRun.objects.filter(
        owner_id=owner_id,
        status=SyncRun.Status.RUNNING,
        created_at__gt=now - RUN_TIMEOUT,
        created_at__lte=now + clock.SKEW,
    )


def carry_forward_late(*, owner_id: UUID) -> int:
    """Flag the connections whose run is still under way: what is valued now are their last known figures.

    Returns how many. The run goes on, and flags the connection anew when it ends. Run it as the tenant.
    """
    late = runs_under_way(owner_id=owner_id).values("connection_id")
    fresh = Connection.objects.filter(owner_id=owner_id, pk__in=late, status=Connection.Status.OK)
    return fresh.update(status=Connection.Status.STALE, status_detail=LATE)


def assign_suspense(
    *,
    owner_id: UUID,
    connection_id: UUID,
    asset: str,
    key: str,
    wallet_id: UUID | None = None,
    expected: Decimal | None = None,
) -> Posting:
    """Explain an asset's whole suspense as a wallet's: what arrived becomes its money, what is missing its loss.

    `wallet_id` is one of the connection's wallets, by default its oldest master; `expected` is what was shown, and
    nothing else is taken. Raises ConflictError when there is nothing in suspense or not that, NotFoundError for another
    wallet, InsufficientFundsError when the wallet cannot bear the loss.
    """
    # Who comes second waits, and then finds nothing left: the same suspense must not be explained twice.
    _lock(owner_id, connection_id)
    earlier = Posting.objects.filter(owner_id=owner_id, key=key).first()
    if earlier is not None:
        return earlier
    wallet = first_wallet(connection_id)
    balance = read_books(connection_id).suspense.get(asset, ZERO)
    if wallet is None or not balance:
        raise ConflictError(f"Nothing to assign: no {asset} of this connection is in suspense.")
    if expected is not None and expected != balance:
        raise ConflictError(f"What is unexplained of {asset} has changed since it was shown: look at it again.")
    present = Wallet.objects.filter(owner_id=owner_id, connection=connection_id, archived_at=None)
    if wallet_id is not None and not present.filter(pk=wallet_id).exists():
        raise NotFoundError("There is no such wallet at this connection.")
    suspense, own = AccountRef(wallet, asset, Account.Kind.SUSPENSE), AccountRef(wallet_id or wallet, asset)
    leg = Leg(suspense, own, balance) if balance > 0 else Leg(own, suspense, -balance)
    posting = post(owner_id=owner_id, key=key, kind="assign", legs=[leg], detail={"connection": str(connection_id)})
    audit.record(audit.Area.MONEY, "Suspense assigned", owner_id=owner_id, after={"amount": balance, "asset": asset})
    resolve_alert(owner_id=owner_id, key=_drift_key(connection_id, asset))
    return posting


def prune_sync_log(*, days: int | None = None, batch: int = PRUNED_AT_ONCE) -> int:
    """Forget every owner's runs older than `days` (default: the setting), a `batch` at a time; returns how many runs.

    Each batch is a transaction of its own: one that is killed has done what it has done.
    """
    before = clock.now() - timedelta(days=settings.SYNC_LOG_DAYS if days is None else days)
    forgotten = 0
    while True:
        with tenancy.system(), transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
            old = list(SyncRun.objects.filter(created_at__lt=before).order_by().values_list("pk", flat=True)[:batch])
            Reconciliation.objects.filter(run__in=old).delete()
            SyncRun.objects.filter(pk__in=old).delete()
        forgotten += len(old)
        if len(old) < batch:
            return forgotten


# --- one run ---------------------------------------------------------------------------------------------------------


def _start(owner_id: UUID, connection_id: UUID) -> tuple[SyncRun, bool]:
    """A new run, or the one that is under way. The connection's row lock makes it one at a time."""
    with tenancy.tenant(owner_id):
        connection = _lock(owner_id, connection_id)
        if connection.state != Connection.State.ACTIVE:
            raise ConflictError(f"Make {connection.name} active first: it is {connection.state}.")
        alive = runs_under_way(owner_id=owner_id).filter(connection_id=connection_id).first()
        if alive is not None:
            return alive, False
        running = SyncRun.objects.filter(connection_id=connection_id, status=SyncRun.Status.RUNNING)
        running.update(status=SyncRun.Status.FAILED, error=Sentence("It was interrupted."), finished_at=clock.now())
        return SyncRun.objects.create(owner_id=owner_id, connection_id=connection_id, step="Waiting for a worker"), True


def _lock(owner_id: UUID, connection_id: UUID) -> Connection:
    """Take turns on what is known of the connection, to the end of the transaction. Raises NotFoundError."""
    rows = Connection.objects.select_for_update(no_key=True).filter(owner_id=owner_id, pk=connection_id)
    connection = rows.first()
    if connection is None:
        raise NotFoundError("There is no such connection.")
    return connection


def _carry_out(run: SyncRun, owner_id: UUID) -> SyncRun:
    _advance(run, 10, "Asking the venue")
    with tenancy.tenant(owner_id):
        connection = get_connection(owner_id=owner_id, connection_id=run.connection_id)
        if connection.state != Connection.State.ACTIVE:  # since the run was asked for; its health is as it was
            told = Sentence(f"The connection was {connection.state} meanwhile.")
            run.status, run.error = SyncRun.Status.FAILED, told
            return _end(run, "")
        venue = open_venue(connection)
    look = _look(venue, owner_id, run.connection_id)
    if not connection.is_paper:
        _advance(run, 40, "Looking for prices of what is there")
        _list_markets(venue, connection, look)
    has_positions = keep_positions(venue=venue, connection=connection)
    _advance(run, 60, "Comparing with the books")
    drifting = {asset: look.drift(asset) for asset in look.assets() if look.drift(asset)}
    trades = _trades(venue, owner_id, run, drifting) if drifting and look.settled and look.books.version else ()
    with tenancy.tenant(owner_id):
        return _finish(run, connection, look, drifting, trades, is_whole=has_positions)


def _list_markets(venue: Venue, connection: Connection, look: Look) -> None:
    """Make known what prices the account. Balances without prices are better than none, so nothing here fails a run."""
    held = [asset for asset, total in look.venue.items() if total]
    try:
        list_markets(venue=venue, name=connection.venue, assets=held, base=connection.owner.base_currency)
    except VenueError as error:
        logger.warning("%s lists no markets: %s", connection.venue, error)


def _look(venue: Venue, owner_id: UUID, connection_id: UUID) -> Look:
    """Ask until venue and books agree or the books stand still; orders get the time to be booked."""
    for attempt in range(LOOKS):
        if attempt and not clock.is_controlled():
            time.sleep(REST_SECONDS)
        with tenancy.tenant(owner_id):
            before = read_books(connection_id)
        held = totals(_ask(venue))
        with tenancy.tenant(owner_id):
            after = read_books(connection_id)
        still = before.version == after.version and not (before.in_flight or after.in_flight)
        look = Look(held, after, settled=still)
        if still or look.agrees():
            break
    return look


@stamina.retry(
    on=lambda error: isinstance(error, VenueAmbiguousError) or is_worth_another(error),
    attempts=3,
    timeout=20,
    wait_initial=0.2,
)
def _ask(venue: Venue):  # type: ignore[no-untyped-def]  # tuple[BalanceReport, ...]; the decorator is untyped
    return venue.balances()


def _finish(
    run: SyncRun,
    connection: Connection,
    look: Look,
    drifting: Mapping[str, Decimal],
    trades: Collection[TradeReport],
    *,
    is_whole: bool = True,
) -> SyncRun:
    """Write what was found: an asset's row each, drift into suspense, alerts, the run and the connection.

    A run that was given up meanwhile, because it took too long, writes nothing: another one may have booked the same
    difference by now.
    """
    _lock(run.owner_id, connection.pk)
    current = SyncRun.objects.get(pk=run.pk)
    if current.status != SyncRun.Status.RUNNING:
        return current
    wallet_id = first_wallet(connection.pk)
    counts = look.settled and wallet_id is not None
    rows, settled = [], [f"sync:{connection.pk}"]
    for asset in look.assets():
        drift = drifting.get(asset, ZERO)
        entry = first_diverging_entry(run, asset, drift, trades) if drift and counts else None
        rows.append(
            Reconciliation(
                owner_id=run.owner_id,
                run=run,
                asset=asset,
                venue_total=look.venue.get(asset, ZERO),
                books_total=look.books.totals.get(asset, ZERO),
                suspense=look.books.suspense.get(asset, ZERO),
                drift=drift,
                first_diverging_entry=entry,
            )
        )
        if drift and counts and wallet_id is not None:
            _into_suspense(run, wallet_id, asset, drift)
            _alert_drift(run, connection, asset, drift, entry)
        elif not drift and not look.books.suspense.get(asset):
            settled.append(_drift_key(connection.pk, asset))
    Reconciliation.objects.bulk_create(rows)
    resolve_alerts(owner_id=run.owner_id, keys=settled)
    note_success(owner_id=run.owner_id, work=_work(connection.pk))
    run.status = SyncRun.Status.DRIFT if drifting and counts else SyncRun.Status.OK
    run = _end(run, _summary(look, drifting, counts))
    Connection.objects.filter(pk=connection.pk).update(
        status=Connection.Status.OK if is_whole else Connection.Status.STALE,
        status_detail=run.step if is_whole else POSITIONS_CARRIED,
        synced_at=run.finished_at,
        failures=0 if is_whole else connection.failures + 1,
        next_try_at=None,
    )
    return run


def _summary(look: Look, drifting: Mapping[str, Decimal], counts: bool) -> str:
    if not drifting:
        return ""
    names = ", ".join(sorted(drifting))
    if counts:
        return f"Books and venue differ in {names}."
    return f"{names}: waiting for orders to be booked." if not look.settled else f"{names}: not in any wallet yet."


def next_try(failures: int, now: datetime, wait: timedelta | None = None) -> datetime:
    """When a connection that failed so many times in a row is asked again by itself.

    With the next round after the first failure, then after two of them, four, eight, up to `LONGEST_WAIT`; not before
    `wait`, for which the venue has asked.
    """
    rounds = timedelta(seconds=int(settings.SYNC_SECONDS))
    # Half a round less: a failure is noted a little after its round began, and must not miss the one it waits for.
    doubled = min(failures - 1, 16)
    backing_off = min(rounds * (1 << doubled), LONGEST_WAIT) - rounds / 2
    return now + max(backing_off, wait or timedelta(0))


def _fail(run: SyncRun, said: Value | Sentence, status: str, *, wait: timedelta | None = None) -> SyncRun:
    told = sentence("{said}", said=said) if isinstance(said, Value) else said
    with tenancy.tenant(run.owner_id):
        connection = _lock(run.owner_id, run.connection_id)
        failures = connection.failures + 1
        Connection.objects.filter(pk=run.connection_id).update(
            status=status,
            status_detail=told.exact,
            failures=failures,
            next_try_at=next_try(failures, clock.now(), wait),
        )
        if status == Connection.Status.FAILED:
            raise_alert(
                owner_id=run.owner_id,
                key=f"sync:{run.connection_id}",
                level=Alert.Level.CRITICAL,
                title=f"{run.connection.name} needs you",
                body="{said}",
                about=about("connection", run.connection_id),
                said=told,
            )
        else:
            note_failure(
                owner_id=run.owner_id,
                work=_work(run.connection_id),
                title=f"Sync of {run.connection.name}",
                said=told.exact,
                about=about("connection", run.connection_id),
            )
        run.status, run.error = SyncRun.Status.FAILED, told
        return _end(run, "")


def _end(run: SyncRun, step: str) -> SyncRun:
    run.progress, run.step, run.finished_at = 100, step[:80], clock.now()
    run.save(update_fields=["status", "error", "progress", "step", "finished_at"])
    _tell(run)
    return run


def _advance(run: SyncRun, progress: int, step: str) -> None:
    run.progress, run.step = progress, step
    with tenancy.tenant(run.owner_id):
        run.save(update_fields=["progress", "step"])
        _tell(run)


def _tell(run: SyncRun) -> None:
    publish(
        owner_id=run.owner_id,
        event="sync",
        data={"connection": run.connection_id, "run": run.pk, "status": run.status, "progress": run.progress},
    )


def _trades(venue: Venue, owner_id: UUID, run: SyncRun, assets: Collection[str]) -> tuple[TradeReport, ...]:
    """The venue's trades since all of the drifting assets last agreed."""
    with tenancy.tenant(owner_id):
        agreed = [last_agreement(run, asset) for asset in assets]
        opened = Connection.objects.values_list("created_at", flat=True).get(pk=run.connection_id)
    return venue.trades_since(min((moment for moment in agreed if moment), default=opened) - OVERLAP)


def _into_suspense(run: SyncRun, wallet_id: UUID, asset: str, drift: Decimal) -> None:
    outside = AccountRef(wallet_id, asset, Account.Kind.EXTERNAL)
    suspense = AccountRef(wallet_id, asset, Account.Kind.SUSPENSE)
    amount = min(abs(drift), MAX_AMOUNT / 2)  # more than one leg may move stays for the next sync
    leg = Leg(outside, suspense, amount) if drift > 0 else Leg(suspense, outside, amount)
    post(
        owner_id=run.owner_id,
        key=f"sync:{run.pk}:{asset}",
        kind="suspense",
        legs=[leg],
        detail={"connection": str(run.connection_id), "run": str(run.pk)},
    )


def _alert_drift(run: SyncRun, connection: Connection, asset: str, drift: Decimal, entry: Entry | None) -> None:
    if drift > 0 and entry is None:
        title, level = "{amount} arrived at {connection}", Alert.Level.WARNING
        body = "It is in suspense and in no wallet yet. If it is a deposit, assign it to the master wallet."
    else:
        title, level = (
            f"{{connection}} has {{amount}} {'more' if drift > 0 else 'less'} than the books",
            Alert.Level.CRITICAL,
        )
        body = "The difference is in suspense; no wallet was changed."
    facts: dict[str, Value | str] = {"amount": amount(abs(drift), asset), "connection": connection.name}
    if entry is not None:
        body += " The first entry that the venue does not know: {entry} of {since}."
        facts |= {"entry": str(entry.pk), "since": moment(entry.created_at)}
    raise_alert(
        owner_id=run.owner_id,
        key=_drift_key(connection.pk, asset),
        level=level,
        title=title,
        body=body,
        about=about("connection", connection.pk),
        **facts,
    )


def _work(connection_id: UUID) -> str:
    """The name under which the connection's failed syncs are counted."""
    return f"sync of {connection_id}"


def _drift_key(connection_id: UUID, asset: str) -> str:
    return f"drift:{connection_id}:{asset}"
