"""Platforms, connections of everybody and stored keys for operators' programs. No credential is in any of it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from kit import tenancy
from kit.api import LEFT_OUT, Body, Page, PageQuery, Share, paginate
from kit.asking import require_known
from kit.audit import services as audit
from kit.decimals import plain
from kit.errors import NotFoundError
from kit.http import owner_of
from wallets.models import Connection, Platform
from wallets.sync.health import freshness
from wallets.venues import keeping
from wallets.venues.options import MAXIMUM_FEE

router = Router()


class OperatorPlatformOut(Schema):
    """A platform as operators see it; `connections` counts everybody's that are not archived."""

    slug: str
    name: str
    adapter: str
    kind: str
    is_paper: bool
    is_sandbox: bool
    is_active: bool
    base_url: str
    capabilities: list[str]
    fees: dict[str, str]
    connections: int


# A share of the notional that somebody may ask for.
Fee = Annotated[Share, Field(le=MAXIMUM_FEE)]


class FeesIn(Body):
    """Fractions of the notional: of orders that rested, and of those that did not."""

    maker: Fee
    taker: Fee


class PlatformChange(Body):
    """What is left out stays as it is.

    Where a platform is not active nobody connects anew, and what is connected goes on.
    """

    is_active: bool = LEFT_OUT
    fees: FeesIn = LEFT_OUT


class OperatorConnectionOut(Schema):
    """Somebody's connection and how it is: `status` as its owner sees it, `detail` what the last sync said."""

    id: UUID
    owner_id: UUID
    owner: str
    platform: str
    name: str
    venue: str
    is_paper: bool
    live_at: datetime | None
    state: str
    status: str
    detail: str
    synced_at: datetime | None
    failures: int
    next_try_at: datetime | None
    created_at: datetime


class OperatorConnectionQuery(PageQuery):
    status: Connection.Status | None = Field(None, description="How the last sync went.")
    state: Connection.State | None = None
    platform: str = ""


class SealedWithOut(Schema):
    """Credentials sealed with one key. `is_configured`: it is among MONIQO_CREDENTIAL_KEYS."""

    key_id: str
    credentials: int
    is_newest: bool
    is_configured: bool


class KeepingOut(Schema):
    """How far a rotation is: done when only the `newest` key is listed and the other counts of old ones are 0."""

    newest: str
    keys: list[SealedWithOut]
    old_second_factors: int
    old_channels: int = Field(description="Addresses of channels, such as tokens of bots.")
    old_others: int = Field(description="Keys of the endpoints that models are asked at.")
    old_days: int
    connections_with_old_keys: int


@router.get("/operator/platforms", response=list[OperatorPlatformOut], summary="All platforms, active or not")
def platforms(request: HttpRequest) -> Any:
    """With how many connections each has."""
    return [_platform(platform) for platform in Platform.objects.all()]


@router.patch("/operator/platforms/{slug}", response=OperatorPlatformOut, summary="Switch a platform, change its fees")
def change_platform(request: HttpRequest, slug: str, body: PlatformChange) -> Any:
    """It stands in the log of who did it."""
    platform = Platform.objects.select_for_update().filter(pk=slug).first()
    if platform is None:
        raise NotFoundError("There is no such platform.")
    before = {"is_active": platform.is_active, "fees": platform.fees}
    sent = body.sent()
    if "is_active" in sent:
        platform.is_active = body.is_active
    if "fees" in sent:
        platform.fees = {"maker": plain(body.fees.maker), "taker": plain(body.fees.taker)}
    platform.save(update_fields=("is_active", "fees"))
    audit.record_change(
        audit.Area.OPERATOR,
        "Platform changed",
        owner_id=owner_of(request),
        subject=platform.name,
        before=before,
        after={"is_active": platform.is_active, "fees": platform.fees},
    )
    return _platform(platform)


@router.get("/operator/connections", response=Page[OperatorConnectionOut], summary="Everybody's connections")
def connections(request: HttpRequest, query: Query[OperatorConnectionQuery]) -> Any:
    """Newest first; `status=failed` are those that need somebody."""
    require_known("platform", query.platform, Platform.objects.filter(pk=query.platform))
    named = {"status": query.status, "state": query.state, "platform_id": query.platform}
    with tenancy.system():
        rows = Connection.objects.filter(**{name: wanted for name, wanted in named.items() if wanted})
        return paginate(rows.select_related("owner"), query, present=_connection)


@router.get("/operator/credentials", response=KeepingOut, summary="How far the rotation of keys is")
def credentials(request: HttpRequest) -> Any:
    """Counts and fingerprints of keys, which say nothing about the keys."""
    return keeping.keeping()


def _platform(platform: Platform) -> dict[str, Any]:
    with tenancy.system():
        used = Connection.objects.filter(platform=platform).exclude(state=Connection.State.ARCHIVED).count()
    shown = {
        name: getattr(platform, name)
        for name in OperatorPlatformOut.model_fields
        if name not in ("connections", "fees")
    }
    return shown | {"connections": used, "fees": platform.told_fees}


def _connection(connection: Connection) -> dict[str, Any]:
    shown = ("id", "owner_id", "name", "venue", "is_paper", "live_at", "state", "synced_at", "failures")
    return {name: getattr(connection, name) for name in (*shown, "next_try_at", "created_at")} | {
        "owner": connection.owner.email,
        "platform": connection.platform_id,
        "status": freshness(connection).word,
        "detail": connection.status_detail,
    }
