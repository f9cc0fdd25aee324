"""How healthy connections are: what the last syncs brought, and how old the last good one is.

`freshness` is the one answer to how far a connection's figures can be trusted; every page, the valuation and the API
ask it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Min
from django.urls import reverse

from kit import clock
from kit.alerts.failures import ALARM_AFTER
from kit.sentences import Told, moment, sentence, stored
from kit.statuses import State, Step, colour
from wallets.models import Connection, Reconciliation, SyncRun, VenuePosition, Wallet
from wallets.sync.hearing import how_it_is_heard, stream_now
from wallets.venues.keeping import is_old
from wallets.venues.obligations import NOTHING_OPEN, Open, open_under

# A sync that is this many intervals late makes its figures stale.
STALE_AFTER_INTERVALS: Final = 3
RUNS_SHOWN: Final = 10

_STATUS, _STATE = Connection.Status, Connection.State
# What each word of a connection's freshness is called; its colour stands in `kit.statuses`.
_LABELS: Final = {
    _STATUS.NEW.value: "Not synced yet",
    _STATUS.OK.value: "Synced",
    _STATUS.STALE.value: "Stale",
    _STATUS.FAILED.value: "Sync failed",
    _STATE.PAUSED.value: "Paused",
    _STATE.ARCHIVED.value: "Archived",
}
_BEHIND: Final = {_STATUS.STALE.value, _STATUS.FAILED.value, _STATE.PAUSED.value, _STATE.ARCHIVED.value}


class Synced(Protocol):
    """What `freshness` needs to know of a connection: the model, or a row of a query."""

    @property
    def state(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def synced_at(self) -> datetime | None: ...


class SyncState(NamedTuple):
    """`Synced` as the columns of a query."""

    state: str
    status: str
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far a connection's figures can be trusted.

    `word` is its state unless it is active, else how the last sync went, `stale` when that is too long ago. `age` is
    the time since the last good sync, None when there was none; it is negative when that sync lies in the future, which
    means that a clock was wrong, and makes the figures stale.
    """

    word: str
    age: timedelta | None

    @property
    def kind(self) -> str:
        """The chip's colour."""
        return colour("connection", self.word)

    @property
    def label(self) -> str:
        """The chip's words."""
        return _LABELS[self.word]

    @property
    def is_behind(self) -> bool:
        """Whether the figures are of an earlier time: they are carried forward and flagged."""
        return self.word in _BEHIND

    @property
    def is_ahead(self) -> bool:
        """Whether the last good sync lies in the future."""
        return self.age is not None and self.age < -clock.SKEW


def freshness(connection: Synced, now: datetime | None = None) -> Freshness:
    """How fresh the connection's figures are at `now` (default: this moment)."""
    age = None if connection.synced_at is None else (now or clock.now()) - connection.synced_at
    if connection.state != Connection.State.ACTIVE:
        return Freshness(str(connection.state), age)
    allowed = timedelta(seconds=settings.SYNC_SECONDS * STALE_AFTER_INTERVALS)
    if connection.status == Connection.Status.OK and age is not None and not -clock.SKEW <= age <= allowed:
        return Freshness(Connection.Status.STALE.value, age)
    return Freshness(str(connection.status), age)


class NamedConnection(Synced, Protocol):
    """What `connection_state` needs to know beside the freshness."""

    @property
    def pk(self) -> UUID: ...


def connection_state(connection: NamedConnection, now: datetime | None = None) -> State:
    """What the connection does at `now` or what it needs, in words and with the next step."""
    return told(freshness(connection, now), pk=connection.pk, synced_at=connection.synced_at)


def told(fresh: Freshness, *, pk: UUID, synced_at: datetime | None) -> State:
    """The same of a connection whose freshness is known."""
    connections = reverse("wallets:connections")
    match fresh.word:
        case _STATUS.FAILED.value:
            return State("failed", "Sync failed", action=Step("See why", connections))
        case _STATUS.STALE.value:
            sync = Step("Sync now", reverse("wallets:connection-sync", args=[pk]), is_form=True)
            if synced_at is None or fresh.is_ahead:
                return State("behind", "Stale: a clock was wrong", action=sync)
            return State("behind", "Stale: last sync {at}", stored(at=moment(synced_at)), action=sync)
        case _STATE.PAUSED.value:
            return State("paused", "Paused", action=Step("Make it active", connections))
        case _STATE.ARCHIVED.value:
            return State("paused", "Archived")
        case _STATUS.NEW.value:
            return State("new", "Not synced yet", action=Step("See it", connections))
    return State("synced", "Synced")


def unwatched_words(positions: int, *, connection: Connection) -> str:
    """What it means for `positions` that nothing is sent through their connection."""
    of = "1 position" if positions == 1 else f"{positions} positions"
    again = "live" if connection.state == Connection.State.ACTIVE else "active"
    return f"The stops and targets of {of} are not carried out until it is {again} again."


def connections_behind(*, owner_id: UUID, now: datetime | None = None) -> tuple[Connection, ...]:
    """The owner's connections whose figures are carried forward from an earlier time, by name."""
    connections = Connection.objects.filter(owner_id=owner_id)
    return tuple(connection for connection in connections if freshness(connection, now).is_behind)


@dataclass(frozen=True, slots=True)
class SyncRow:
    """A run with its assets, those that differed most first."""

    run: SyncRun
    assets: tuple[Reconciliation, ...]

    @property
    def kind(self) -> str:
        """The chip's colour."""
        return colour("sync", self.run.status)

    @property
    def found(self) -> Told:
        """The result in words."""
        if self.run.seen_at is not None:
            return sentence("{n} assets agree, and did until {at}.", n=len(self.assets), at=moment(self.run.seen_at))
        return self.run.error or self.run.step or f"{len(self.assets)} assets agree."

    @property
    def unexplained(self) -> tuple[Reconciliation, ...]:
        """Assets in which venue and wallets differ, found now or earlier."""
        return tuple(asset for asset in self.assets if asset.unexplained)


@dataclass(frozen=True, slots=True)
class ConnectionHealth:
    """A connection, how it is now, and its newest runs, newest first."""

    connection: Connection
    freshness: Freshness
    runs: tuple[SyncRow, ...]
    open: Open = NOTHING_OPEN
    keys_since: datetime | None = None  # when the oldest of its credentials was entered; None without any
    positions: tuple[VenuePosition, ...] = ()  # derivatives that are open at the venue
    has_wallet: bool = True

    @property
    def unwatched(self) -> int:
        """Positions whose stop or target nobody carries out, because nothing is sent through the connection."""
        return 0 if self.connection.carries_out else self.open.protected

    @property
    def status(self) -> str:
        return self.freshness.word

    @property
    def told(self) -> State:
        """The state in words, with the next step."""
        return connection_state(self.connection)

    @property
    def notice(self) -> str:
        """Why the figures are those of an earlier time; empty while they are of now, or the owner wants it so.

        What the owner's wish does to open positions is said all the same; where nothing is wrong, that keys are old.
        """
        if self.unwatched:
            return unwatched_words(self.unwatched, connection=self.connection)
        if self.status not in (Connection.Status.STALE, Connection.Status.FAILED):
            return self.keys_notice
        if self.connection.status != Connection.Status.OK:
            return self.connection.status_detail or "The last sync failed: these are the last known figures."
        if self.freshness.is_ahead:
            return "The last sync is dated in the future: a clock was wrong. The next sync puts it right."
        return f"The last sync is older than {STALE_AFTER_INTERVALS} intervals: these are the last known figures."

    @property
    def keys_are_old(self) -> bool:
        """Whether its credentials have been in use for longer than they should be."""
        return is_old(self.keys_since)

    @property
    def keys_notice(self) -> str:
        """What to do about old credentials; empty while they are not old."""
        if not self.keys_are_old:
            return ""
        return f"Its keys are older than {settings.CREDENTIAL_DAYS} days: make new ones at the venue and enter them."

    @property
    def stream(self) -> str:
        """Whether its venue tells by itself, as `Connection.Stream` has it, now."""
        return stream_now(self.connection)

    @property
    def heard(self) -> Told:
        """How Moniqo hears of what happens there."""
        return how_it_is_heard(self.connection)

    @property
    def notice_label(self) -> str:
        """The words in front of the notice."""
        return "Old keys" if self.notice and self.notice == self.keys_notice else self.freshness.label

    @property
    def notice_kind(self) -> str:
        return "warn" if self.unwatched or self.notice == self.keys_notice else self.freshness.kind

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
    def unclaimed(self) -> tuple[Reconciliation, ...]:
        """Assets of which the venue holds what no wallet claims: unassigned, or not explained at all."""
        return tuple(
            row for row in (self.reconciled.assets if self.reconciled else ()) if row.unassigned or row.unexplained
        )

    @property
    def urgency(self) -> int:
        """Lower is worse: what needs a person, what does not add up, what is old, what is new, what is fine."""
        if self.connection.failures >= ALARM_AFTER and self.connection.state == Connection.State.ACTIVE:
            return 0
        if self.unexplained and self.status != Connection.Status.FAILED:
            return 1
        return _URGENCY[self.status]


_URGENCY: Final = {
    _STATUS.FAILED.value: 0,
    _STATUS.STALE.value: 2,
    _STATUS.NEW.value: 3,
    _STATUS.OK.value: 4,
    _STATE.PAUSED.value: 5,
    _STATE.ARCHIVED.value: 6,
}


def connection_health(*, owner_id: UUID, connection_id: UUID | None = None) -> tuple[ConnectionHealth, ...]:
    """The owner's connections, worst first, each with its newest runs; seven queries whatever their number."""
    connections = Connection.objects.filter(owner_id=owner_id).select_related("platform")
    connections = connections.annotate(keys_since=Min("credentials__updated_at"))
    if connection_id is not None:
        connections = connections.filter(pk=connection_id)
    runs: dict[UUID, list[SyncRun]] = {connection.pk: [] for connection in connections}
    for run in _newest_runs(list(runs)):
        runs[run.connection_id].append(run)
    assets: dict[UUID, list[Reconciliation]] = {}
    for row in Reconciliation.objects.filter(run__in=[run.pk for found in runs.values() for run in found]):
        assets.setdefault(row.run_id, []).append(row)
    positions: dict[UUID, list[VenuePosition]] = {}
    for held in VenuePosition.objects.filter(connection__in=list(runs)):
        positions.setdefault(held.connection_id, []).append(held)
    working = Wallet.objects.filter(connection__in=list(runs)).exclude(role=Wallet.Role.UNASSIGNED)
    used = set(working.values_list("connection_id", flat=True))
    open_ = open_under(list(runs))
    health = [
        ConnectionHealth(
            connection,
            freshness(connection),
            tuple(SyncRow(run, _worst_first(assets.get(run.pk, []))) for run in runs[connection.pk]),
            open_[connection.pk],
            connection.keys_since,  # type: ignore[attr-defined]  # annotated above
            tuple(positions.get(connection.pk, ())),
            connection.pk in used,
        )
        for connection in connections
    ]
    return tuple(sorted(health, key=lambda row: (row.urgency, row.connection.name)))


def _newest_runs(connection_ids: list[UUID]) -> list[SyncRun]:
    """The newest runs of each connection, none of the future, newest first, by one index probe per connection."""
    return list(
        SyncRun.objects.raw(
            """
            SELECT run.* FROM unnest(%s::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (
                SELECT * FROM wallets_syncrun WHERE connection_id = wanted.id AND created_at <= %s
                ORDER BY created_at DESC LIMIT %s
            ) AS run
            ORDER BY run.created_at DESC
            """,
            [connection_ids, clock.now() + clock.SKEW, RUNS_SHOWN],
        )
    )


def _worst_first(rows: list[Reconciliation]) -> tuple[Reconciliation, ...]:
    return tuple(sorted(rows, key=lambda row: (-abs(row.unexplained), row.asset)))
