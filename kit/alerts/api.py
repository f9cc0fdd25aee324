"""Alerts for programs: the same inbox, with sentences as they are, in UTC.

Operators ask for the platform's alerts by `?scope=platform`; to everybody else there are none.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import AwareDatetime, Field

from kit.alerts import services
from kit.alerts.kinds import KINDS
from kit.alerts.models import Alert, Message, Mute, PlatformAlert, in_force
from kit.alerts.selectors import placed
from kit.api import Body, Page, PageQuery, PartsOut, paginate
from kit.errors import InvalidInputError
from kit.http import owner_of
from kit.sentences import FOR_PROGRAMS, Sentence

router = Router()

State = Literal["open", "acknowledged", "history", "muted"]


class AlertOut(Schema):
    """`times` it happened while it lasted, the last time at `last_seen_at`. `url` is the page of what it is about."""

    id: UUID
    scope: Literal["own", "platform"]
    kind: str
    key: str
    level: Alert.Level
    title: str
    body: str
    title_parts: PartsOut
    body_parts: PartsOut
    url: str
    times: int
    created_at: datetime
    last_seen_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    resolved_by_hand: bool


class AlertQuery(PageQuery):
    status: State | None = Field(None, description="`history` are those that are resolved; left out: all.")
    level: Alert.Level | None = None
    kind: str | None = Field(None, description="One of the kinds in docs/alerts.md.")
    scope: Literal["own", "platform"] = Field("own", description="`platform`: those of operators.")


class Acknowledgement(Body):
    """What to take note of: all that is open, or of one level or kind."""

    level: Alert.Level | None = None
    kind: str | None = None


class Acknowledged(Schema):
    acknowledged: int


class MuteIn(Body):
    """`key` is an alert's key, or a kind; without `until` it is muted for good."""

    key: str = Field(max_length=200)
    until: AwareDatetime | None = None


class MuteOut(Schema):
    id: UUID
    key: str
    until: datetime | None
    created_at: datetime


@router.get("/alerts", response=Page[AlertOut], summary="List alerts")
def list_alerts(request: HttpRequest, query: Query[AlertQuery]) -> dict[str, Any]:
    """Newest first. What is muted stands in none of the other states but `history`."""
    rows: QuerySet[Any] = PlatformAlert.objects.all()
    if query.scope == "own":
        rows = Alert.objects.filter(owner_id=owner_of(request))
    if query.status is not None:
        rows = placed(rows, query.status)
    if query.level is not None:
        rows = rows.filter(level=query.level)
    if query.kind is not None:
        rows = rows.filter(kind=_kind(query.kind))
    return paginate(rows, query, present=_present)


@router.get("/alerts/mutes", response=list[MuteOut], summary="List what is muted")
def list_mutes(request: HttpRequest) -> QuerySet[Mute]:
    """The keys and kinds that you hear nothing of now."""
    return Mute.objects.filter(in_force(), owner_id=owner_of(request))


@router.post("/alerts/mutes", response={201: MuteOut}, summary="Mute a key or a kind")
def mute(request: HttpRequest, body: MuteIn) -> Status[Mute]:
    """What is muted is still written down, and counted nowhere. Muting again replaces the time."""
    return Status(201, services.mute(user_id=owner_of(request), key=body.key, until=body.until))


@router.delete("/alerts/mutes/{mute_id}", response=dict[str, str], summary="Unmute")
def unmute(request: HttpRequest, mute_id: UUID) -> dict[str, str]:
    """Hear of it again."""
    services.unmute(user_id=owner_of(request), mute_id=mute_id)
    return {"status": "unmuted"}


@router.post("/alerts/acknowledge", response=Acknowledged, summary="Acknowledge all open alerts")
def acknowledge_all(request: HttpRequest, body: Acknowledgement) -> dict[str, int]:
    """All that is open, of one level or kind if it is named; for operators also the platform's."""
    kind = _kind(body.kind) if body.kind is not None else ""
    level = body.level.value if body.level else ""
    return {"acknowledged": services.acknowledge_all(user_id=owner_of(request), level=level, kind=kind)}


@router.get("/alerts/{alert_id}", response=AlertOut, summary="Show an alert")
def show_alert(request: HttpRequest, alert_id: UUID) -> dict[str, Any]:
    """One of yours, or as an operator one of the platform's."""
    return _present(services.find_alert(user_id=owner_of(request), alert_id=alert_id))


@router.post("/alerts/{alert_id}/acknowledge", response=AlertOut, summary="Acknowledge an alert")
def acknowledge(request: HttpRequest, alert_id: UUID) -> dict[str, Any]:
    """Take note of it; doing so twice changes nothing."""
    return _present(services.acknowledge(user_id=owner_of(request), alert_id=alert_id))


@router.post("/alerts/{alert_id}/resolve", response=AlertOut, summary="Call an alert settled")
def resolve(request: HttpRequest, alert_id: UUID) -> dict[str, Any]:
    """It comes back if its cause does."""
    return _present(services.resolve_by_hand(user_id=owner_of(request), alert_id=alert_id))


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise InvalidInputError("There is no such kind of alert.", fields={"kind": f"One of {', '.join(KINDS)}."})
    return kind


def _present(alert: Message) -> dict[str, Any]:
    named = ("id", "kind", "key", "level", "url", "times", "created_at", "last_seen_at")
    ended = ("acknowledged_at", "resolved_at", "resolved_by_hand")
    return {name: getattr(alert, name) for name in (*named, *ended)} | {
        "scope": "platform" if isinstance(alert, PlatformAlert) else "own",
        "title": alert.headline(FOR_PROGRAMS),
        "body": alert.story(FOR_PROGRAMS),
        "title_parts": Sentence(alert.title, alert.facts),
        "body_parts": Sentence(alert.body, alert.facts),
    }
