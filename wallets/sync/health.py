"""How healthy connections are: what the last syncs brought, and how old the last good one is."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from kit import clock
from wallets.models import Connection, Reconciliation, SyncRun

# A sync that is this many intervals late makes its figures stale.
STALE_AFTER_INTERVALS: Final = 3


RUNS_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class SyncRow:
    """A run with its assets, those that differed most first."""

    run: SyncRun
    assets: tuple[Reconciliation, ...]

    @property
    def kind(self) -> str:
        """The chip's colour."""
        return {"ok": "ok", "drift": "warn", "failed": "bad"}.get(self.run.status, "")

    @property
    def found(self) -> str:
        """The result in words."""
        return self.run.error or self.run.step or f"{len(self.assets)} assets agree."

    @property
    def unexplained(self) -> tuple[Reconciliation, ...]:
        """Assets in which venue and wallets differ, found now or earlier."""
        return tuple(asset for asset in self.assets if asset.unexplained)


@dataclass(frozen=True, slots=True)
class ConnectionHealth:
    """A connection, how it is now, and its newest runs, newest first."""

    connection: Connection
    status: str
    runs: tuple[SyncRow, ...]

    @property
    def label(self) -> str:
        return str(Connection.Status(self.status).label)

    @property
    def kind(self) -> str:
        """The chip's colour."""
        return {"ok": "ok", "stale": "warn", "failed": "bad"}.get(self.status, "")

    @property
    def running(self) -> SyncRun | None:
        """The run that is under way, if one is."""
        last = self.runs[0].run if self.runs else None
        return last if last and last.status == SyncRun.Status.RUNNING else None

    @property
    def reconciled(self) -> SyncRow | None:
        """The newest run that the venue answered."""
        return next((row for row in self.runs if row.assets), None)

    @property
    def unexplained(self) -> tuple[Reconciliation, ...]:
        return self.reconciled.unexplained if self.reconciled else ()

    @property
    def urgency(self) -> int:
        """Lower is worse: what needs a person, what does not add up, what is old, what is new, what is fine."""
        if self.unexplained and self.status != Connection.Status.FAILED:
            return 1
        return _URGENCY[Connection.Status(self.status)]


_URGENCY: Final = {
    Connection.Status.FAILED: 0,
    Connection.Status.STALE: 2,
    Connection.Status.NEW: 3,
    Connection.Status.OK: 4,
    Connection.Status.DISABLED: 5,
}


def connection_health(*, owner_id: UUID, connection_id: UUID | None = None) -> tuple[ConnectionHealth, ...]:
    """The owner's connections, worst first, each with its newest runs; three queries whatever their number."""
    connections = Connection.objects.filter(owner_id=owner_id).select_related("platform")
    if connection_id is not None:
        connections = connections.filter(pk=connection_id)
    runs: dict[UUID, list[SyncRun]] = {connection.pk: [] for connection in connections}
    for run in _newest_runs(list(runs)):
        runs[run.connection_id].append(run)
    assets: dict[UUID, list[Reconciliation]] = {}
    for row in Reconciliation.objects.filter(run__in=[run.pk for found in runs.values() for run in found]):
        assets.setdefault(row.run_id, []).append(row)
    health = [
        ConnectionHealth(
            connection,
            current_status(connection),
            tuple(SyncRow(run, _worst_first(assets.get(run.pk, []))) for run in runs[connection.pk]),
        )
        for connection in connections
    ]
    return tuple(sorted(health, key=lambda row: (row.urgency, row.connection.name)))


def current_status(connection: Connection) -> str:
    """The stored status, or stale when the last good sync is too long ago to trust its figures."""
    if connection.status != Connection.Status.OK or connection.synced_at is None:
        return connection.status
    allowed = timedelta(seconds=settings.SYNC_SECONDS * STALE_AFTER_INTERVALS)
    return Connection.Status.STALE if clock.now() - connection.synced_at > allowed else connection.status


def _newest_runs(connection_ids: list[UUID]) -> list[SyncRun]:
    """The newest runs of each connection, newest first, by one index probe per connection."""
    return list(
        SyncRun.objects.raw(
            """
            SELECT run.* FROM unnest(%s::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (
                SELECT * FROM wallets_syncrun WHERE connection_id = wanted.id ORDER BY created_at DESC LIMIT %s
            ) AS run
            ORDER BY run.created_at DESC
            """,
            [connection_ids, RUNS_SHOWN],
        )
    )


def _worst_first(rows: list[Reconciliation]) -> tuple[Reconciliation, ...]:
    return tuple(sorted(rows, key=lambda row: (-abs(row.unexplained), row.asset)))
