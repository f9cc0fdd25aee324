"""Value what is there, remember it, and sum it up by day.

The five-minute job is here: ask `wallets` to look at every venue, then write what everything is worth. A venue that
does not answer changes nothing about the second step: the books keep their last known balances, and the snapshot says
that it is stale.
"""

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from celery import current_app
from django.db import connection, transaction
from django.db.models import Q

from kit import clock, tenancy
from kit.errors import ConflictError, MoniqoError
from kit.live.publish import publish
from portfolio import daily, valuation
from portfolio.models import PortfolioState
from wallets.models import Connection
from wallets.sync.runs import sync_connection

# A sync that has not ended by then has died with its worker, and the next one may start.
SYNC_IS_DEAD_AFTER: Final = timedelta(minutes=10)

logger = logging.getLogger(__name__)


def take_snapshots(*, owner_id: UUID, at: datetime | None = None) -> int:
    """Write the value of each wallet (with all below it) and of all wallets together; returns how many rows.

    Runs as the tenant, in one transaction. A moment is written once: a second call for it, or a worker that was
    overtaken by another, writes nothing and returns 0. Raises ConflictError when `at` lies before the newest
    snapshots, because what is valued are the balances of now.
    """
    moment = at or clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT portfolio_ensure_partition(%s)", [moment.date()])
    if not _claim(owner_id, moment):
        newest = PortfolioState.objects.values_list("valued_at", flat=True).get(owner_id=owner_id)
        if at is not None and newest is not None and at < newest:
            raise ConflictError(f"Snapshots exist up to {newest:%Y-%m-%d %H:%M:%S}: value a later moment.")
        return 0
    with connection.cursor() as cursor:
        cursor.execute(valuation.TAKE_SNAPSHOTS, valuation.parameters(owner_id=owner_id, at=moment))
        written = int(cursor.rowcount)
    publish(owner_id=owner_id, event="portfolio", data={"at": moment})
    return written


def _claim(owner_id: UUID, moment: datetime) -> bool:
    """Move the cursor to `moment`, which locks out other workers until the commit; False when it is there already."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO portfolio_portfoliostate AS state (owner_id, valued_at, building_step) VALUES (%s, %s, '')
            ON CONFLICT (owner_id) DO UPDATE SET valued_at = excluded.valued_at
            WHERE state.valued_at IS NULL OR state.valued_at < excluded.valued_at
            """,
            [owner_id, moment],
        )
        return int(cursor.rowcount) == 1


def roll_up_days(*, owner_id: UUID) -> int:
    """Bring the daily table up to the newest snapshots; returns how many rows were written. Runs as the tenant."""
    state = PortfolioState.objects.select_for_update().filter(owner_id=owner_id).first()
    if state is None or state.valued_at is None:
        return 0
    written = daily.roll_up(owner_id=owner_id, since=state.rolled_to or daily.BEGINNING)
    state.rolled_to = state.valued_at.date()
    state.save(update_fields=("rolled_to",))
    return written


def request_sync(*, owner_id: UUID) -> None:
    """Have a worker sync the owner as soon as this transaction is committed; the state shows how far it is."""
    transaction.on_commit(lambda: current_app.send_task("portfolio.tasks.sync_now", args=(str(owner_id),)), robust=True)


def sync_owner(*, owner_id: UUID) -> bool:
    """Look at every venue of the owner, then value everything; False when another worker is doing it already.

    Runs outside of any tenant block: the network is asked between short transactions of its own. What a venue
    refuses is recorded on its connection and does not stop the others.
    """
    with tenancy.tenant(owner_id):
        if not _begin_sync(owner_id):
            return False
        connections = list(
            Connection.objects.filter(owner_id=owner_id, state=Connection.State.ACTIVE).values_list("pk", flat=True)
        )
    try:
        for connection_id in connections:
            try:
                sync_connection(connection_id=connection_id, owner_id=owner_id)
            except MoniqoError as error:
                logger.warning("Connection %s was not synced: %s", connection_id, error)
            except Exception:
                # A bug in one adapter must not cost the fund its values: the books have them, flagged as stale.
                logger.exception("Connection %s was not synced", connection_id)
        with tenancy.tenant(owner_id):
            take_snapshots(owner_id=owner_id)
            roll_up_days(owner_id=owner_id)
            PortfolioState.objects.filter(owner_id=owner_id).update(synced_at=clock.now())
    finally:
        with tenancy.tenant(owner_id):
            PortfolioState.objects.filter(owner_id=owner_id).update(syncing_since=None)
            publish(owner_id=owner_id, event="sync", data={"running": False})
    return True


def _begin_sync(owner_id: UUID) -> bool:
    now = clock.now()
    PortfolioState.objects.get_or_create(owner_id=owner_id)
    free = Q(syncing_since__isnull=True) | Q(syncing_since__lt=now - SYNC_IS_DEAD_AFTER)
    # A history that is being built writes its own snapshots; one of now would stand in its way.
    claimed = PortfolioState.objects.filter(free, owner_id=owner_id, building__isnull=True).update(syncing_since=now)
    if claimed:
        publish(owner_id=owner_id, event="sync", data={"running": True})
    return claimed == 1
