"""Sync: ask the venue what it holds for a connection and hold our books against it.

Per asset, venue total = Σ wallets + unassigned. The venue is asked outside of any transaction, so orders may be under
way meanwhile; a difference counts only when the books stood still around the question and nothing that is reserved
could still explain it. What the account held when it was connected, and what the venue's history of deposits and
withdrawals explains, is posted as what it is. Any other difference is posted between *outside world* and *suspense* of
the connection's first master, where it stays visible until somebody explains it; no wallet's balance is overwritten.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from kit import clock, tenancy
from kit.errors import ConflictError, MoniqoError, TimeIsUpError
from kit.sentences import Sentence, told_by
from wallets.models import Connection, Reconciliation, SyncRun
from wallets.sync import turns
from wallets.sync.arriving import ask_movements
from wallets.sync.ending import advance, end, fail, finish
from wallets.sync.income import ask_income
from wallets.sync.looking import Answer, Answered, explained, learn_markets, look_at, trades_of
from wallets.sync.positions import ask_positions
from wallets.sync.suspense import hold_connection
from wallets.venues.accounts import get_connection
from wallets.venues.base import Venue, VenueCredentialsError, VenueError, VenueRejectedError
from wallets.venues.capabilities import STREAMED_IN_PART
from wallets.venues.registry import open_venue

# Runs that are forgotten in one transaction.
PRUNED_AT_ONCE: Final = 2_000
LATE: Final = "The venue takes long to answer: these are the last known figures."
# A worker that is told of turns later than this has looked by itself.
WAKING_SECONDS: Final = 60


def request_sync(*, owner_id: UUID, connection_id: UUID) -> SyncRun:
    """Start a run in the background and return it, or the one that is under way already.

    Raises NotFoundError, ConflictError when the connection is paused or archived.
    """
    with tenancy.tenant(owner_id):
        run, is_new = _start(owner_id, connection_id)
        if is_new:
            turns.want_run(run)
            wake_workers()
    return run


def request_due(*, owner_id: UUID) -> int:
    """Have the owner's connections synced that are due now; returns how many. Run it as the tenant."""
    due = list(Connection.objects.due(owner_id=owner_id, in_part=STREAMED_IN_PART).values_list("pk", flat=True))
    if due:
        turns.want(owner_id=owner_id, connection_ids=due)
        wake_workers()
    return len(due)


def request_soon(*, owner_id: UUID, connection_ids: Collection[UUID]) -> None:
    """Have these synced as soon as a worker comes to it, because something has happened there. Run it as the tenant."""
    turns.want(owner_id=owner_id, connection_ids=connection_ids)
    wake_workers()


def wake_workers() -> None:
    """Tell the workers, once this transaction is committed, that somebody waits for a sync."""
    transaction.on_commit(
        lambda: current_app.send_task("wallets.tasks.sync_waiting", expires=WAKING_SECONDS), robust=True
    )


def sync_connection(
    *, connection_id: UUID, owner_id: UUID, run_id: UUID | None = None, answer: Answer | MoniqoError | None = None
) -> SyncRun:
    """Sync now and return the finished run; with `run_id` carry out that one. Call it outside of transactions.

    `answer` is what the venue has said already, or why it has not.

    A venue that does not answer is no error of the caller: the run ends as failed, the connection as stale or failed,
    and the figures of the last sync stay. When another run is under way, that one is returned as it is. Raises
    NotFoundError, ConflictError when the connection is paused or archived.
    """
    with tenancy.tenant(owner_id):
        if run_id is None:
            run, is_new = _start(owner_id, connection_id)
        else:
            run = SyncRun.objects.get(pk=run_id, connection_id=connection_id)
            is_new = run.status == SyncRun.Status.RUNNING
        if is_new and answer is None:
            turns.begin(run)
    if not is_new:
        return run
    try:
        return _carry_out(run, owner_id, answer, is_watched=run_id is not None)
    except VenueError as error:
        lasting = isinstance(error, VenueCredentialsError | VenueRejectedError)
        status = Connection.Status.FAILED if lasting else Connection.Status.STALE
        return fail(run, told_by(error), status, wait=getattr(error, "retry_after", None))
    except MoniqoError as error:
        return fail(run, told_by(error), Connection.Status.FAILED)
    except TimeIsUpError:
        fail(run, Sentence("The venue did not answer in time; the next sync tries again."), Connection.Status.STALE)
        raise
    except Exception:
        fail(run, Sentence("Something broke on our side; the next sync tries again."), Connection.Status.STALE)
        raise


def runs_under_way(*, owner_id: UUID) -> QuerySet[SyncRun]:
    """The owner's runs that have not ended and may still; run it as the tenant."""
    now = clock.now()
    # A run of the future was started by a clock that was wrong: nobody works on it.
    return SyncRun.objects.filter(
        owner_id=owner_id,
        status=SyncRun.Status.RUNNING,
        created_at__gt=now - turns.RUN_TIMEOUT,
        created_at__lte=now + clock.SKEW,
    )


def are_under_way(*, owner_id: UUID) -> bool:
    """Whether one of the owner's connections is being synced or waits for it; run it as the tenant."""
    return turns.waiting(owner_id=owner_id).exists() or runs_under_way(owner_id=owner_id).exists()


def carry_forward_late(*, owner_id: UUID) -> int:
    """Flag the connections whose sync is not over: what is valued now are their last known figures.

    Returns how many. The sync goes on, and flags the connection anew when it ends. Run it as the tenant.
    """
    running = runs_under_way(owner_id=owner_id).values("connection_id")
    late = turns.waiting(owner_id=owner_id).values("connection_id").union(running)
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
        running = SyncRun.objects.filter(connection_id=connection_id, status=SyncRun.Status.RUNNING)
        if running.exists():
            alive = runs_under_way(owner_id=owner_id).filter(connection_id=connection_id).first()
            if alive is not None:
                return alive, False
            running.update(status=SyncRun.Status.FAILED, error=Sentence("It was interrupted."), finished_at=clock.now())
        return SyncRun.objects.create(owner_id=owner_id, connection_id=connection_id, step="Waiting for a worker"), True


def _carry_out(run: SyncRun, owner_id: UUID, answer: Answer | MoniqoError | None, *, is_watched: bool) -> SyncRun:
    """Ask, compare and write; the steps are told where a page is watching them."""
    if is_watched:
        advance(run, 10, "Asking the venue")
    with tenancy.tenant(owner_id):
        connection = get_connection(owner_id=owner_id, connection_id=run.connection_id)
        if connection.state != Connection.State.ACTIVE:  # since the run was asked for; its health is as it was
            why = Sentence(f"The connection was {connection.state} meanwhile.")
            run.status, run.error = SyncRun.Status.FAILED, why
            return end(run, "")
        if isinstance(answer, MoniqoError):
            raise answer
        venue = open_venue(connection)
    if answer is not None:
        venue = cast("Venue", Answered(venue, answer))
    look = look_at(venue, owner_id, run.connection_id, books=answer.books if answer else None)
    if connection.synced_at:
        look = explained(venue, connection, look)
    is_priced = True
    if not connection.is_paper:
        if is_watched:
            advance(run, 40, "Looking for prices of what is there")
        is_priced = learn_markets(venue, connection, look)
    positions = ask_positions(venue=venue, connection=connection)
    if is_watched:
        advance(run, 60, "Comparing with the books")
    drifting = {asset: look.drift(asset) for asset in look.assets() if look.drift(asset)}
    told = ask_movements(venue, connection, look, clock.now()) if look.settled and connection.synced_at else ()
    income = ask_income(venue, connection, look, clock.now()) if connection.synced_at else ()
    trades = trades_of(venue, owner_id, run, drifting) if drifting and look.settled and look.books.version else ()
    with tenancy.tenant(owner_id):
        return finish(run, connection, look, trades, told, income=income, positions=positions, is_priced=is_priced)
