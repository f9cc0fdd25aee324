"""Sync: ask the venue what it holds for a connection and hold our books against it.

Per asset, venue total = Σ wallets + unassigned. The venue is asked outside of any transaction, so orders may be under
way meanwhile; a difference counts only when the books stood still around the question and nothing that is reserved
could still explain it. What the account held when it was connected, and what the venue's history of deposits and
withdrawals explains, is posted as what it is. Any other difference is posted between *outside world* and *suspense* of
the connection's first master, where it stays visible until somebody explains it; no wallet's balance is overwritten.
"""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
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
from kit.alerts.services import raise_alert, resolve_alerts
from kit.errors import ConflictError, MoniqoError, TimeIsUpError
from kit.live.publish import publish
from kit.sentences import Sentence, Value, sentence, told_by
from markets.bounds import ASSET_LENGTH
from wallets.models import Connection, Reconciliation, SyncRun
from wallets.models.sync import TOLD_LENGTH, is_bookable
from wallets.sync.arriving import ask_movements, book_movements
from wallets.sync.diverging import first_diverging_entry
from wallets.sync.listing import list_markets, pricing_venue
from wallets.sync.positions import keep_positions
from wallets.sync.reconciliation import ZERO, Look, first_wallet, last_agreement, read_books
from wallets.sync.suspense import alert_drift, drift_key, hold_connection, into_suspense
from wallets.sync.unassigned import is_opening, open_unassigned, take_opening
from wallets.venues.accounts import get_connection
from wallets.venues.base import (
    MovementReport,
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
        connection = hold_connection(owner_id, connection_id)
        if connection.state != Connection.State.ACTIVE:
            raise ConflictError(f"Make {connection.name} active first: it is {connection.state}.")
        alive = runs_under_way(owner_id=owner_id).filter(connection_id=connection_id).first()
        if alive is not None:
            return alive, False
        running = SyncRun.objects.filter(connection_id=connection_id, status=SyncRun.Status.RUNNING)
        running.update(status=SyncRun.Status.FAILED, error=Sentence("It was interrupted."), finished_at=clock.now())
        return SyncRun.objects.create(owner_id=owner_id, connection_id=connection_id, step="Waiting for a worker"), True


def _carry_out(run: SyncRun, owner_id: UUID) -> SyncRun:
    _advance(run, 10, "Asking the venue")
    with tenancy.tenant(owner_id):
        connection = get_connection(owner_id=owner_id, connection_id=run.connection_id)
        if connection.state != Connection.State.ACTIVE:  # since the run was asked for; its health is as it was
            why = Sentence(f"The connection was {connection.state} meanwhile.")
            run.status, run.error = SyncRun.Status.FAILED, why
            return _end(run, "")
        venue = open_venue(connection)
    look = _look(venue, owner_id, run.connection_id)
    if not connection.is_paper:
        _advance(run, 40, "Looking for prices of what is there")
        _list_markets(venue, connection, look)
    has_positions = keep_positions(venue=venue, connection=connection)
    _advance(run, 60, "Comparing with the books")
    drifting = {asset: look.drift(asset) for asset in look.assets() if look.drift(asset)}
    told = ask_movements(venue, connection, look, clock.now()) if look.settled and connection.synced_at else ()
    trades = _trades(venue, owner_id, run, drifting) if drifting and look.settled and look.books.version else ()
    with tenancy.tenant(owner_id):
        return _finish(run, connection, look, trades, told, is_whole=has_positions)


def _list_markets(venue: Venue, connection: Connection, look: Look) -> None:
    """Make known what prices the account. Balances without prices are better than none, so nothing here fails a run."""
    held = [asset for asset, total in look.venue.items() if total]
    base = connection.owner.base_currency
    try:
        found = pricing_venue(venue, connection)
        if found and (found[1] == connection.venue or set(held) - {base}):
            list_markets(venue=found[0], name=found[1], assets=held, base=base)
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
        unnamed = {asset: total for asset, total in held.items() if not is_bookable(asset)}
        look = Look({asset: held[asset] for asset in held.keys() - unnamed}, after, settled=still, unnamed=unnamed)
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
    trades: Collection[TradeReport],
    told: Sequence[MovementReport],
    *,
    is_whole: bool = True,
) -> SyncRun:
    """Write what was found: an asset's row each, drift into suspense, alerts, the run and the connection.

    A run that was given up meanwhile, because it took too long, writes nothing: another one may have booked the same
    difference by now.
    """
    connection = hold_connection(run.owner_id, connection.pk)
    current = SyncRun.objects.get(pk=run.pk)
    if current.status != SyncRun.Status.RUNNING:
        return current
    opened: dict[str, Decimal] = {}
    if look.settled and is_opening(connection):
        opened = take_opening(run, connection, look)
        look = replace(look, books=look.books.with_unassigned(opened))
    elif look.settled:
        look = replace(look, books=book_movements(run, connection, look, told))
    drifting = {asset: look.drift(asset) for asset in look.assets() if look.drift(asset)}
    wallet_id = first_wallet(connection.pk)
    if wallet_id is None and drifting and look.settled and not connection.is_paper:
        wallet_id = open_unassigned(connection).pk
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
                unassigned=look.books.unassigned.get(asset, ZERO),
                suspense=look.books.suspense.get(asset, ZERO),
                drift=drift,
                first_diverging_entry=entry,
            )
        )
        if drift and counts and wallet_id is not None:
            into_suspense(run, wallet_id, asset, drift)
            alert_drift(run, connection, asset, drift, entry)
        elif not drift and not look.books.suspense.get(asset):
            settled.append(drift_key(connection.pk, asset))
    rows += [
        Reconciliation(
            owner_id=run.owner_id, run=run, asset=asset[:TOLD_LENGTH], venue_total=total, books_total=ZERO, drift=total
        )
        for asset, total in look.unnamed.items()
    ]
    Reconciliation.objects.bulk_create(rows)
    resolve_alerts(owner_id=run.owner_id, keys=settled)
    note_success(owner_id=run.owner_id, work=_work(connection.pk))
    run.status = SyncRun.Status.DRIFT if drifting and counts else SyncRun.Status.OK
    run = _end(run, _summary(look, drifting, counts, opened))
    Connection.objects.filter(pk=connection.pk).update(
        status=Connection.Status.OK if is_whole else Connection.Status.STALE,
        status_detail=run.step if is_whole else POSITIONS_CARRIED,
        synced_at=run.finished_at,
        failures=0 if is_whole else connection.failures + 1,
        next_try_at=None,
    )
    return run


def _summary(look: Look, drifting: Mapping[str, Decimal], counts: bool, unassigned: Collection[str]) -> str:
    if look.unnamed:
        return f"Left out, its name is longer than {ASSET_LENGTH} characters: {', '.join(look.unnamed)}"
    if not drifting:
        return f"Unassigned: {', '.join(unassigned)}." if unassigned else ""
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
        connection = hold_connection(run.owner_id, run.connection_id)
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


def _work(connection_id: UUID) -> str:
    """The name under which the connection's failed syncs are counted."""
    return f"sync of {connection_id}"
