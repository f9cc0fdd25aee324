"""How a sync ends: what was found is written down, or that nothing was."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings

from kit import clock, tenancy
from kit.alerts.failures import note_failure, note_success
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alerts
from kit.live.publish import publish
from kit.sentences import Sentence, Value, sentence
from markets.bounds import ASSET_LENGTH
from wallets.models import Connection, Reconciliation, SyncRun
from wallets.models.sync import TOLD_LENGTH
from wallets.sync import turns
from wallets.sync.arriving import book_movements
from wallets.sync.diverging import first_diverging_entry
from wallets.sync.income import book_income
from wallets.sync.positions import keep_positions
from wallets.sync.reconciliation import ZERO, Look, first_wallet
from wallets.sync.suspense import alert_drift, drift_key, hold_connection, into_suspense
from wallets.sync.unassigned import is_opening, open_unassigned, take_opening
from wallets.venues.base import IncomeReport, MovementReport, PositionReport, TradeReport

# A venue that goes on failing is asked at least this often.
LONGEST_WAIT: Final = timedelta(hours=1)
POSITIONS_CARRIED: Final = "Its positions could not be read: the last known ones are carried forward."


def finish(
    run: SyncRun,
    connection: Connection,
    look: Look,
    trades: Collection[TradeReport],
    told: Sequence[MovementReport],
    *,
    income: Sequence[IncomeReport],
    positions: Sequence[PositionReport] | None,
    is_priced: bool,
) -> SyncRun:
    """Write what was found: an asset's row each, drift into suspense, alerts, the run and the connection.

    A run that was given up meanwhile, because it took too long, writes nothing: another one may have booked the same
    difference by now.
    """
    base = connection.owner.base_currency
    connection = hold_connection(run.owner_id, connection.pk)
    current = SyncRun.objects.get(pk=run.pk)
    if current.status != SyncRun.Status.RUNNING:
        return current
    has_positions = positions is not None
    if positions is not None:
        keep_positions(connection, positions)
    opened: dict[str, Decimal] = {}
    if is_opening(connection):
        opened = take_opening(run, connection, look) if look.settled else {}
        look = replace(look, books=look.books.with_unassigned(opened))
    else:
        look = replace(look, books=book_income(run, connection, look, income))
        look = replace(look, books=book_movements(run, connection, look, told)) if look.settled else look
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
            if look.unexplained(asset):
                alert_drift(run, connection, asset, drift, entry)
            else:  # what stood in suspense has been booked since as what it was
                settled.append(drift_key(connection.pk, asset))
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
    differs = any(look.unexplained(asset) for asset in drifting)
    run.status = SyncRun.Status.DRIFT if counts and differs else SyncRun.Status.OK
    run = end(run, _summary(look, drifting, counts, opened))
    Connection.objects.filter(pk=connection.pk).update(
        status=Connection.Status.OK if has_positions else Connection.Status.STALE,
        status_detail=run.step if has_positions else POSITIONS_CARRIED,
        synced_at=run.finished_at,
        failures=0 if has_positions else connection.failures + 1,
        next_try_at=None,
    )
    if not connection.is_paper:
        is_whole = has_positions and is_priced and _is_at_rest(run, look)
        seen = turns.hash_of(look.venue, base=base) if is_whole else ""
        turns.remember(run, seen=seen, books=look.books.version)
    return run


def _is_at_rest(run: SyncRun, look: Look) -> bool:
    """Whether a sync that found the same again would find nothing to do, nothing to ask for and nothing to say."""
    explained = not any(look.unexplained(asset) or look.books.suspense.get(asset) for asset in look.assets())
    return run.status == SyncRun.Status.OK and not run.step and explained


def _summary(look: Look, drifting: Mapping[str, Decimal], counts: bool, unassigned: Collection[str]) -> str:
    if look.unnamed:
        return f"Left out, its name is longer than {ASSET_LENGTH} characters: {', '.join(look.unnamed)}"
    if not drifting:
        return f"Unassigned: {', '.join(unassigned)}." if unassigned else ""
    differing = [asset for asset in drifting if look.unexplained(asset)]
    names = ", ".join(sorted(differing or drifting))
    if counts and not differing:
        return f"What was missing in {names} has been booked since."
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


def fail(run: SyncRun, said: Value | Sentence, status: str, *, wait: timedelta | None = None) -> SyncRun:
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
        return end(run, "")


def end(run: SyncRun, step: str) -> SyncRun:
    run.progress, run.step, run.finished_at = 100, step[:80], clock.now()
    run.save(update_fields=["status", "error", "progress", "step", "finished_at"])
    _tell(run)
    return run


def advance(run: SyncRun, progress: int, step: str) -> None:
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


def _work(connection_id: UUID) -> str:
    """The name under which the connection's failed syncs are counted."""
    return f"sync of {connection_id}"
