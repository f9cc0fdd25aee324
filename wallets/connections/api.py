"""Platforms and connections for programs. Credentials go in elsewhere and never come out."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from kit.api import Amount, Body, Page, PageQuery, StepOut, Words, paginate
from kit.errors import NotFoundError
from kit.http import owner_of
from kit.users.access import MANAGE, READ
from wallets.models import Platform, Reconciliation, SyncRun
from wallets.sync.health import ConnectionHealth, connection_health
from wallets.sync.runs import request_sync
from wallets.venues.accounts import get_connection, rename_connection, set_connection_state
from wallets.venues.registry import ADAPTERS

router = Router()


class CredentialFieldOut(Schema):
    """One thing that a platform asks for; `pattern` is a regular expression for the whole of it, empty for any."""

    name: str
    label: str
    help: str
    secret: bool
    required: bool
    pattern: str


class PlatformOut(Schema):
    """A kind of venue. `fees` are fractions of the notional, `credential_fields` what `POST /connections` asks for."""

    slug: str
    name: str
    kind: str
    is_paper: bool
    is_sandbox: bool
    capabilities: list[str]
    fees: dict[str, str]
    credential_fields: list[CredentialFieldOut]


class AssetOut(Schema):
    """One asset of one sync, in units of the asset; `drift` = venue_total − books_total − suspense."""

    asset: str
    venue_total: Amount
    books_total: Amount
    suspense: Amount
    drift: Amount
    first_diverging_entry_id: int | None


class SyncOut(Schema):
    """A look at the venue. `progress` is in percent."""

    id: UUID
    connection_id: UUID
    status: str
    progress: int
    step: str
    error: Words
    created_at: datetime
    finished_at: datetime | None


class SyncResultOut(SyncOut):
    assets: list[AssetOut]


class ConnectionOut(Schema):
    """An account at a platform.

    `state` is what its owner wants: active, paused or archived; `status` how fresh its figures are: the state unless it
    is active, else new, ok, stale or failed. `unexplained` maps assets to what the venue holds beyond the wallets.
    While it is not active, the stops and targets of `unwatched_positions` are not carried out. `state_words` say all of
    it in words, `state_action` is the next step, if there is one. `keys_since` is when the oldest of its credentials
    was entered, null without any; `keys_are_old` when they should be replaced.
    """

    id: UUID
    name: str
    platform: str
    venue: str
    is_paper: bool
    state: str
    status: str
    state_words: str
    state_action: StepOut | None
    detail: str
    synced_at: datetime | None
    keys_since: datetime | None
    keys_are_old: bool
    unwatched_positions: int
    unexplained: dict[str, Amount]
    last_sync: SyncOut | None


@router.get("/platforms", response=list[PlatformOut], summary="What can be connected")
def platforms(request: HttpRequest) -> Any:
    """What can be connected."""
    return Platform.objects.filter(is_active=True, adapter__in=ADAPTERS).prefetch_related("credential_fields")


@router.get("/connections", response=list[ConnectionOut], summary="All connections, worst first")
def connections(request: HttpRequest) -> Any:
    """All of the owner's connections, those that need somebody first."""
    return [_connection(health) for health in connection_health(owner_id=owner_of(request))]


@router.get("/connections/{uuid:connection_id}", response=ConnectionOut, summary="One connection")
def connection(request: HttpRequest, connection_id: UUID) -> Any:
    found = connection_health(owner_id=owner_of(request), connection_id=connection_id)
    if not found:
        raise NotFoundError("There is no such connection.")
    return _connection(found[0])


class ConnectionChange(Body):
    """The name that it is to have."""

    name: str = Field(min_length=1, max_length=80)


@router.patch("/connections/{uuid:connection_id}", response=ConnectionOut, summary="Give it another name")
def rename(request: HttpRequest, connection_id: UUID, body: ConnectionChange) -> Any:
    """Give a connection another name; 409 for one in use."""
    owner_id = owner_of(request)
    rename_connection(owner_id=owner_id, connection_id=connection_id, name=body.name)
    return _connection(connection_health(owner_id=owner_id, connection_id=connection_id)[0])


class StateIn(Body):
    """`active`, `paused` or `archived`."""

    state: str


@router.put(
    "/connections/{uuid:connection_id}/state", auth=MANAGE, response=ConnectionOut, summary="Pause, archive, reactivate"
)
def change_state(request: HttpRequest, connection_id: UUID, body: StateIn) -> Any:
    """Pause, archive or reactivate a connection: what is not active neither syncs nor trades.

    A pause ends the watch over stops and targets too: `unwatched_positions` says how many. Archiving is refused with
    409 while orders or positions are open.
    """
    owner_id = owner_of(request)
    set_connection_state(owner_id=owner_id, connection_id=connection_id, state=body.state)
    return _connection(connection_health(owner_id=owner_id, connection_id=connection_id)[0])


@router.post("/connections/{uuid:connection_id}/sync", auth=READ, response={202: SyncOut}, summary="Start a sync")
def sync(request: HttpRequest, connection_id: UUID) -> Status[SyncRun]:
    """Start a sync, or answer with the one that is under way; ask for it to see its progress."""
    return Status(202, request_sync(owner_id=owner_of(request), connection_id=connection_id))


@router.get("/connections/{uuid:connection_id}/syncs", response=Page[SyncOut], summary="Its syncs, newest first")
def syncs(request: HttpRequest, connection_id: UUID, query: Query[PageQuery]) -> Any:
    """The syncs of the last days, newest first."""
    get_connection(owner_id=owner_of(request), connection_id=connection_id)
    return paginate(SyncRun.objects.filter(connection_id=connection_id), query)


@router.get(
    "/connections/{uuid:connection_id}/syncs/{uuid:sync_id}", response=SyncResultOut, summary="What a sync found"
)
def sync_result(request: HttpRequest, connection_id: UUID, sync_id: UUID) -> Any:
    """How far the sync is, and what it found in each asset."""
    run = SyncRun.objects.filter(owner_id=owner_of(request), connection_id=connection_id, pk=sync_id).first()
    if run is None:
        raise NotFoundError("There is no such sync.")
    return {**SyncOut.from_orm(run).dict(), "assets": Reconciliation.objects.filter(run=run).order_by("asset")}


def _connection(health: ConnectionHealth) -> dict[str, Any]:
    connection = health.connection
    unexplained: dict[str, Decimal] = {row.asset: row.unexplained for row in health.unexplained}
    return {
        "id": connection.pk,
        "name": connection.name,
        "platform": connection.platform_id,
        "venue": connection.venue,
        "is_paper": connection.is_paper,
        "state": connection.state,
        "status": health.status,
        "state_words": health.told.exact,
        "state_action": health.told.action,
        "detail": connection.status_detail,
        "synced_at": connection.synced_at,
        "keys_since": health.keys_since,
        "keys_are_old": health.keys_are_old,
        "unwatched_positions": health.unwatched,
        "unexplained": unexplained,
        "last_sync": health.runs[0].run if health.runs else None,
    }
