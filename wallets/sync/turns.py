"""The queue of syncs: who is wanted, who is taken by a worker, and who was seen to be as before.

A row per connection (`SyncTurn`). Wanting is its owner's, as a tenant. Taking turns and noting that nothing has changed
is a worker's, for everybody's connections at once, so it asks as the system role, like every job that looks whose work
is due. It decides nothing: what it writes is that a connection was seen, and only where the venue says the same, to the
last digit, as in a sync at which everything agreed, and nobody has posted to the books since. Whatever else there is to
find, the sync of that one connection finds, as its owner (`wallets.sync.runs`).
"""

import hashlib
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction

from kit import clock, tenancy
from wallets.models import Connection, SyncRun, SyncTurn

# A worker that died gives its turns up after this; one that lives says again that it has them.
LEASE: Final = timedelta(seconds=90)
# A run that took longer than this died with its worker; the next one may start.
RUN_TIMEOUT: Final = timedelta(minutes=5)
# The name of the places that this machine has for workers.
PLACES: Final = f"sync workers of {socket.gethostname()}"

_TAKE: Final = """
WITH free AS (
    SELECT turn.id FROM wallets_syncturn AS turn
    WHERE (turn.wanted_at IS NOT NULL OR turn.claim IS NOT NULL)
        AND (turn.claimed_until IS NULL OR turn.claimed_until NOT BETWEEN %(now)s AND %(most)s)
        {but}
    ORDER BY turn.asked_id IS NULL, turn.wanted_at, turn.connection_id
    LIMIT %(limit)s FOR UPDATE OF turn SKIP LOCKED
)
UPDATE wallets_syncturn AS turn SET wanted_at = NULL, claimed_until = %(until)s, claim = %(claim)s
FROM free, {soon} WHERE turn.id = free.id
RETURNING turn.connection_id, turn.asked_id, turn.books, turn.seen <> ''
"""
_BUT_BUSY: Final = """AND turn.connection_id NOT IN (
            SELECT connection.id FROM wallets_connection AS connection
            WHERE connection.platform_id = ANY(%(busy)s::text[])
        )"""
# Nobody waits for the disk: what a crash makes us forget, who took which turn and who was seen, is found again.
_SOON: Final = "(SELECT set_config('synchronous_commit', 'off', true)) AS soon"
_BOOKS: Final = """
SELECT wallet.connection_id, sum(account.version)::bigint
FROM wallets_wallet AS wallet JOIN wallets_account AS account ON account.wallet_id = wallet.id
WHERE wallet.connection_id = ANY(%s) GROUP BY wallet.connection_id
"""
# Everybody's connection is locked before its turn, and in order; whoever holds one this moment is synced by itself.
# A sync that asks and compares everything comes all the same after about a day, not after the same time for all.
_SAME: Final = """
WITH told AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(claims)s::uuid[], %(seen)s::text[]) AS told (id, claim, seen)
), held AS MATERIALIZED (
    SELECT connection.id, told.claim, told.seen
    FROM wallets_connection AS connection JOIN told ON told.id = connection.id
    WHERE connection.id = ANY(%(ids)s::uuid[]) AND connection.failures = 0 AND connection.status IN ('ok', 'stale')
    ORDER BY connection.id FOR NO KEY UPDATE OF connection SKIP LOCKED
), same AS MATERIALIZED (
    SELECT turn.id, turn.connection_id, turn.run_id FROM wallets_syncturn AS turn
    JOIN held ON (held.id, held.claim, held.seen) = (turn.connection_id, turn.claim, turn.seen)
    WHERE turn.asked_id IS NULL AND turn.books = (
        SELECT coalesce(sum(account.version), 0)
        FROM wallets_wallet AS wallet JOIN wallets_account AS account ON account.wallet_id = wallet.id
        WHERE wallet.connection_id = turn.connection_id
    ) AND (SELECT run.created_at FROM wallets_syncrun AS run WHERE run.id = turn.run_id)
        > %(now)s - interval '18 hours' - mod(abs(hashtext(turn.connection_id::text)), 720) * interval '1 minute'
    ORDER BY turn.connection_id FOR UPDATE OF turn SKIP LOCKED
), done AS (
    UPDATE wallets_syncturn AS turn SET claimed_until = NULL, claim = NULL
    FROM same WHERE turn.id = same.id
), shown AS (
    UPDATE wallets_connection AS connection
    SET status = 'ok', status_detail = '', synced_at = %(now)s, next_try_at = NULL
    FROM same WHERE connection.id = same.connection_id
), logged AS (
    UPDATE wallets_syncrun AS run SET seen_at = %(now)s FROM same WHERE run.id = same.run_id
)
SELECT connection_id FROM same, {soon}
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """A connection that a worker has taken, and what its accounts' versions came to then."""

    connection_id: UUID
    owner_id: UUID
    platform_id: str
    name: str
    base: str
    is_active: bool
    books: int
    asked: UUID | None
    claim: UUID


# --- as the owner ----------------------------------------------------------------------------------------------------


def want(*, owner_id: UUID, connection_ids: Iterable[UUID]) -> None:
    """Have the connections synced by whichever worker comes first; run it as the tenant."""
    now = clock.now()
    rows = [SyncTurn(owner_id=owner_id, connection_id=pk, wanted_at=now) for pk in sorted(connection_ids)]
    SyncTurn.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=("connection",), update_fields=("wanted_at",)
    )


def want_run(run: SyncRun) -> None:
    """The same for a run that somebody waits for: it comes before the others."""
    turn = SyncTurn(owner_id=run.owner_id, connection_id=run.connection_id, wanted_at=clock.now(), asked=run)
    SyncTurn.objects.bulk_create(
        [turn], update_conflicts=True, unique_fields=("connection",), update_fields=("wanted_at", "asked")
    )


def asked_of(connection_id: UUID) -> UUID | None:
    """The run that somebody waits for; run it as the tenant."""
    return SyncTurn.objects.filter(connection_id=connection_id).values_list("asked", flat=True).first()


def waiting(*, owner_id: UUID) -> models.QuerySet[SyncTurn]:
    """The owner's turns that have not come yet, or are not over; run it as the tenant."""
    now = clock.now()
    is_wanted = models.Q(wanted_at__gt=now - RUN_TIMEOUT, wanted_at__lte=now + clock.SKEW)
    return SyncTurn.objects.filter(is_wanted | models.Q(claimed_until__range=(now, now + 2 * LEASE)), owner_id=owner_id)


def begin(run: SyncRun) -> None:
    """The venue is asked now, for the run, and for whoever wanted it until now; run it as the tenant."""
    SyncTurn.objects.filter(connection_id=run.connection_id).update(wanted_at=None, asked=None)


def remember(run: SyncRun, *, seen: str, books: int) -> None:
    """What was seen by the run, so that the next one need not do what it would do again; run it as the tenant."""
    turn = SyncTurn(owner_id=run.owner_id, connection_id=run.connection_id, run=run, seen=seen, books=books)
    kept = ("run", "seen", "books")
    SyncTurn.objects.bulk_create([turn], update_conflicts=True, unique_fields=("connection",), update_fields=kept)


def hash_of(totals: Mapping[str, Decimal], *, base: str) -> str:
    """What the venue holds, and in whose currency it is priced, in one word that is another as soon as anything is."""
    told = [f"{asset} {total.normalize():f}" for asset, total in sorted(totals.items()) if total]
    return hashlib.sha256("\n".join((base, *told)).encode()).hexdigest()


# --- as a worker, for everybody --------------------------------------------------------------------------------------


def take(*, limit: int, busy: Collection[str] = ()) -> tuple[Turn, ...]:
    """Take up to `limit` turns, those first that somebody waits for, none of the platforms that are `busy`."""
    now, claim = clock.now(), uuid4()
    given: dict[str, Any] = {"now": now, "most": now + 2 * LEASE, "until": now + LEASE, "claim": claim, "limit": limit}
    with tenancy.system(), transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
        with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
            statement = _TAKE.format(but=_BUT_BUSY if busy else "", soon=_SOON)
            cursor.execute(statement, {**given, "busy": list(busy)})
            rows = cursor.fetchall()
            if not rows:
                return ()
            asked, books = ({row[0]: row[at] for row in rows} for at in (1, 2))
            # Books that have moved since all was at rest stood not still: it is looked twice where they do not agree.
            if unknown := [row[0] for row in rows if not row[3]]:
                cursor.execute(_BOOKS, [unknown])
                books |= dict.fromkeys(unknown, 0) | dict(cursor.fetchall())
        known = Connection.objects.filter(pk__in=asked).values_list(
            "pk", "owner_id", "platform_id", "name", "owner__base_currency", "state"
        )
        return tuple(
            Turn(*row[:5], row[5] == Connection.State.ACTIVE, books[row[0]], asked[row[0]], claim)
            for row in known.order_by()
        )


def anybody_waits() -> bool:
    """Whether somebody's turn is not taken by anybody."""
    now = clock.now()
    is_free = models.Q(claimed_until=None) | ~models.Q(claimed_until__range=(now, now + 2 * LEASE))
    with tenancy.system():
        return SyncTurn.objects.exclude(wanted_at=None, claim=None).filter(is_free).exists()


@contextmanager
def a_place(number: int) -> Iterator[bool]:
    """One of the `number` places for workers on this machine, for the length of the block; false when all are taken.

    The database keeps them: a worker that dies gives its place back with its connection.
    """
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        taken = None
        for place in range(number):
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), %s)", [PLACES, place])
            if cursor.fetchone()[0]:
                taken = place
                break
        try:
            yield taken is not None
        finally:
            if taken is not None:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", [PLACES, taken])


def keep(turns: Iterable[Turn]) -> None:
    """Say again that these are taken."""
    mine = {(turn.claim, turn.connection_id) for turn in turns}
    with tenancy.system():
        rows = SyncTurn.objects.filter(claim__in={claim for claim, _ in mine}, connection__in={pk for _, pk in mine})
        rows.update(claimed_until=clock.now() + LEASE)


def note_same(told: Sequence[tuple[Turn, str]]) -> set[UUID]:
    """Note that the connections were seen, where nothing has changed, each with what its venue said, as `hash_of`
    says it. Returns those; the others need a sync."""
    given: dict[str, Any] = {
        "ids": [turn.connection_id for turn, _ in told],
        "claims": [turn.claim for turn, _ in told],
        "seen": [seen for _, seen in told],
        "now": clock.now(),
    }
    with connections[tenancy.SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute(_SAME.format(soon=_SOON), given)
        return {pk for (pk,) in cursor.fetchall()}


def leave(turn: Turn) -> None:
    """Give a turn back that is over, with what somebody asked for; run it as the tenant."""
    mine = SyncTurn.objects.filter(connection_id=turn.connection_id, claim=turn.claim)
    if turn.asked is not None:
        mine.filter(asked=turn.asked).update(asked=None)
    mine.update(claimed_until=None, claim=None)
