"""Platforms and connections for programs. Credentials go in and never come out."""

from contextlib import suppress
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from kit.api import Page, PageQuery, may_answer, paginate
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.http import owner_of
from kit.users.access import MANAGE, PERSON, READ, require_person, require_scope
from kit.users.models import Token
from wallets.connections.limits import FirstLimits, set_first_limits, usual_limits
from wallets.connections.schemas import (
    ConnectionChange,
    ConnectionOut,
    FirstLimitsOut,
    KeyIn,
    KeyOut,
    NewConnection,
    PlatformOut,
    StateIn,
    SyncOut,
    SyncResultOut,
    VenuePositionOut,
)
from wallets.models import Platform, Reconciliation, SyncRun, VenuePosition
from wallets.sync.health import ConnectionHealth, connection_health
from wallets.sync.runs import request_sync
from wallets.venues import joining
from wallets.venues.accounts import get_connection, open_paper_account, rename_connection, set_connection_state

router = Router()

# What is asked of a venue while the program waits.
VENUE_ASKED: Final = may_answer(424, 502, 504)


@router.get("/platforms", response=list[PlatformOut], summary="What can be connected")
def platforms(request: HttpRequest) -> Any:
    """What can be connected."""
    shown = [name for name in PlatformOut.model_fields if name not in ("fees", "credential_fields")]
    return [
        {name: getattr(platform, name) for name in shown}
        | {"fees": platform.told_fees, "credential_fields": list(platform.credential_fields.all())}
        for platform in joining.joinable()
    ]


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


@router.post(
    "/connections",
    auth=MANAGE,
    response={201: ConnectionOut},
    summary="Connect an account",
    openapi_extra=VENUE_ASKED,
)
def join_platform(request: HttpRequest, body: NewConnection) -> Any:
    """Try a key at the platform, store it encrypted and watch its account: `live_at` is null, and no order is sent.

    422 with the fields that cannot be what the platform asks for, or `accept_withdrawals` when the key may withdraw;
    424, 502, 503 or 504 with the venue's own words when it refuses the key or does not answer; 409 for a name in use;
    403 for a key that comes with a token which was made: only who signed in brings one.
    Only its owner makes it live, on the page, with their password. The first sync starts at once.
    """
    owner_id = owner_of(request)
    platform = joining.platform_of(body.platform)
    _require_fitting(platform, body)
    if body.limits is not None:
        require_scope(request, Token.Scope.LIMITS)
    if body.credentials:
        require_person(request)
    if platform.is_paper:
        made = open_paper_account(owner_id=owner_id, name=body.name, venue=body.venue)
    else:
        made = joining.join(
            owner_id=owner_id,
            platform=platform,
            name=body.name,
            credentials=body.credentials,
            accept_withdrawals=body.accept_withdrawals,
        )
    if body.limits is not None:
        set_first_limits(made, FirstLimits(**body.limits.all_fields()))
    request_sync(owner_id=owner_id, connection_id=made.pk)
    return Status(201, _connection(connection_health(owner_id=owner_id, connection_id=made.pk)[0]))


def _require_fitting(platform: Platform, body: NewConnection) -> None:
    """Nothing that was sent is dropped in silence: who sent a key believes that it is used."""
    wrong = {}
    if platform.is_paper:
        words = "A paper account has no key: leave this out."
        wrong = {name: words for name in ("credentials", "accept_withdrawals") if getattr(body, name)}
    elif "venue" in body.model_fields_set and body.venue != platform.slug:
        wrong = {"venue": f"An account at {platform.name} trades there: leave this out."}
    if wrong:
        raise InvalidInputError(next(iter(wrong.values())), fields=wrong)


@router.get(
    "/connections/{uuid:connection_id}/limits/usual", response=FirstLimitsOut, summary="Careful limits to begin with"
)
def first_limits(request: HttpRequest, connection_id: UUID) -> Any:
    """What the page offers for a new account. They are not in force before somebody sets them."""
    return usual_limits(get_connection(owner_id=owner_of(request), connection_id=connection_id))


@router.post(
    "/connections/{uuid:connection_id}/watch", auth=PERSON, response=ConnectionOut, summary="Only watch it from now on"
)
def only_watch(request: HttpRequest, connection_id: UUID) -> Any:
    """Send nothing more through a live connection; it goes on syncing, and its owner makes it live again in person.

    409 when it is not live. While it only watches, stops and targets are not carried out.
    """
    owner_id = owner_of(request)
    joining.only_watch(owner_id=owner_id, connection_id=connection_id)
    return _connection(connection_health(owner_id=owner_id, connection_id=connection_id)[0])


@router.put(
    "/connections/{uuid:connection_id}/credentials",
    auth=PERSON,
    response=ConnectionOut,
    summary="Replace its key",
    openapi_extra=VENUE_ASKED,
)
def replace_key(request: HttpRequest, connection_id: UUID, body: KeyIn) -> Any:
    """Try another key and use it from now on; refused as `POST /connections` refuses one. The connection only watches
    afterwards, until its owner makes it live again, and syncs at once."""
    owner_id = owner_of(request)
    joining.replace_key(
        owner_id=owner_id,
        connection_id=connection_id,
        credentials=body.credentials,
        accept_withdrawals=body.accept_withdrawals,
    )
    with suppress(ConflictError):  # a paused connection is synced when it is active again
        request_sync(owner_id=owner_id, connection_id=connection_id)
    return _connection(connection_health(owner_id=owner_id, connection_id=connection_id)[0])


@router.post(
    "/connections/{uuid:connection_id}/test",
    auth=MANAGE,
    response=KeyOut,
    summary="Try its key",
    openapi_extra=VENUE_ASKED,
)
def try_key(request: HttpRequest, connection_id: UUID) -> Any:
    """Ask the venue about the stored key now; 424, 502, 503 or 504 with its own words when it refuses or is away."""
    return joining.try_connection(owner_id=owner_of(request), connection_id=connection_id)


@router.patch("/connections/{uuid:connection_id}", response=ConnectionOut, summary="Give it another name")
def rename(request: HttpRequest, connection_id: UUID, body: ConnectionChange) -> Any:
    """Give a connection another name; 409 for one in use."""
    owner_id = owner_of(request)
    rename_connection(owner_id=owner_id, connection_id=connection_id, name=body.name)
    return _connection(connection_health(owner_id=owner_id, connection_id=connection_id)[0])


@router.put(
    "/connections/{uuid:connection_id}/state", auth=MANAGE, response=ConnectionOut, summary="Pause, archive, reactivate"
)
def change_state(request: HttpRequest, connection_id: UUID, body: StateIn) -> Any:
    """Pause, archive or reactivate a connection: what is not active neither syncs nor trades.

    A pause ends the watch over stops and targets too: `unwatched_positions` says how many. Archiving is refused with
    409 while orders or positions are open, and with 403 to a token that was made: it ends live trading for good.
    """
    owner_id = owner_of(request)
    if body.state == "archived":
        require_person(request)
    set_connection_state(owner_id=owner_id, connection_id=connection_id, state=body.state)
    return _connection(connection_health(owner_id=owner_id, connection_id=connection_id)[0])


@router.get(
    "/connections/{uuid:connection_id}/positions",
    response=list[VenuePositionOut],
    summary="Derivatives that are open at the venue",
)
def venue_positions(request: HttpRequest, connection_id: UUID) -> Any:
    """Open positions in derivatives, as the venue tells them. `unrealized_pnl` is part of what the wallet is worth that
    they belong to: the connection's unassigned one or, where there is none, its master."""
    get_connection(owner_id=owner_of(request), connection_id=connection_id)
    return VenuePosition.objects.filter(connection_id=connection_id)


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
        "is_sandbox": connection.platform.is_sandbox,
        "live_at": connection.live_at,
        "is_watching": connection.is_watching,
        "permissions": connection.permissions,
        "state": connection.state,
        "status": health.status,
        "state_words": health.told.exact,
        "state_action": health.told.action,
        "detail": connection.status_detail,
        "synced_at": connection.synced_at,
        "stream": health.stream,
        "heard": health.heard,
        "keys_since": health.keys_since,
        "keys_are_old": health.keys_are_old,
        "failures": connection.failures,
        "next_try_at": connection.next_try_at,
        "unwatched_positions": health.unwatched,
        "unexplained": unexplained,
        "last_sync": health.runs[0].run if health.runs else None,
    }
