"""Channels for programs. What an address holds is sent here and never comes back."""

from datetime import datetime, time
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from kit.alerts.channels import selectors, services
from kit.alerts.models import Alert, Channel, Delivery
from kit.api import LEFT_OUT, Body, Page, PageQuery, paginate
from kit.errors import InvalidInputError
from kit.http import owner_of

router = Router()

_HOURS: Final = {"quiet_from", "quiet_until", "digest_at"}
Area = Literal["money", "venues", "trading", "agents", "account", "work", "platform"]
Hour = Annotated[str | None, Field(max_length=5, examples=["22:00"])]
Address = Annotated[
    dict[str, str],
    Field(
        max_length=4,
        description="E-mail: `email`. Telegram: `token` of your bot and `chat`. Webhook: `url` and `secret`, of 16 "
        "characters or more. Slack and Discord: `url`.",
    ),
]


class ChannelOut(Schema):
    """Where you are told beside the inbox: what is at least as grave as `level`, of the `areas`, or of all if none.

    `hint` is what is no secret of its address. Quiet hours, and when a digest is sent each day, are times
    of your zone.
    """

    id: UUID
    kind: Channel.Kind
    name: str
    hint: str
    level: Alert.Level
    areas: list[str]
    quiet_from: str | None
    quiet_until: str | None
    digest_at: str | None
    is_active: bool
    linked_at: datetime | None = Field(description="Since when your account at Telegram is linked; null: it is not.")
    last_success_at: datetime | None
    last_error_at: datetime | None
    last_error: str
    created_at: datetime


class ChannelIn(Body):
    kind: Channel.Kind
    name: str = Field(min_length=1, max_length=80)
    address: Address
    level: Alert.Level = Alert.Level.WARNING
    areas: list[Area] = Field([], description="None: of all.")
    quiet_from: Hour = None
    quiet_until: Hour = None
    digest_at: Hour = None


class ChannelChange(Body):
    """What is left out stays as it is; an address is sent whole. Null ends quiet hours and digests."""

    name: str = Field(LEFT_OUT, min_length=1, max_length=80)
    address: Address = LEFT_OUT
    level: Alert.Level = LEFT_OUT
    areas: list[Area] = LEFT_OUT
    quiet_from: Hour = None
    quiet_until: Hour = None
    digest_at: Hour = None
    is_active: bool = LEFT_OUT


class LinkOut(Schema):
    """`code` is told this once, and counts once."""

    code: str
    until: datetime


class DeliveryOut(Schema):
    """A message to a channel. While it is `waiting` it is tried at `next_try_at`; `said` is what its receiver said.

    `id` is what a webhook gets as `Idempotency-Key`.
    """

    id: UUID
    channel_id: UUID
    purpose: Delivery.Purpose
    alert_id: UUID | None
    title: str
    status: Delivery.Status
    tries: int
    next_try_at: datetime | None
    said: str
    created_at: datetime
    ended_at: datetime | None


class DeliveryQuery(PageQuery):
    status: Delivery.Status | None = None
    channel_id: UUID | None = None


@router.get("/channels", response=list[ChannelOut], summary="Where you are told beside the inbox")
def list_channels(request: HttpRequest) -> Any:
    """Newest first."""
    return [_channel(channel) for channel in Channel.objects.filter(owner_id=owner_of(request))]


@router.post("/channels", response={201: ChannelOut}, summary="Add a channel")
def add_channel(request: HttpRequest, body: ChannelIn) -> Any:
    """It is told of what is raised from now on; `POST /channels/{id}/test` says whether it takes messages."""
    given = _hours(body.all_fields())
    return Status(201, _channel(services.make_channel(owner_id=owner_of(request), **given)))


@router.patch("/channels/{channel_id}", response=ChannelOut, summary="Change or pause a channel")
def change_channel(request: HttpRequest, channel_id: UUID, body: ChannelChange) -> Any:
    """What waits for one that is paused is not sent any more."""
    changes = _hours(body.sent())
    return _channel(services.change_channel(owner_id=owner_of(request), channel_id=channel_id, **changes))


@router.delete("/channels/{channel_id}", response=dict[str, str], summary="Remove a channel")
def remove_channel(request: HttpRequest, channel_id: UUID) -> dict[str, str]:
    """With the log of what was sent to it."""
    services.remove_channel(owner_id=owner_of(request), channel_id=channel_id)
    return {"status": "removed"}


@router.post("/channels/{channel_id}/test", response=DeliveryOut, summary="Send a test to a channel")
def test_channel(request: HttpRequest, channel_id: UUID) -> Any:
    """At once and one time; `status` is sent or failed, and `said` what the receiver said."""
    return _delivery(services.send_test(owner_id=owner_of(request), channel_id=channel_id))


@router.post("/channels/{channel_id}/link", response=LinkOut, summary="Make a code that links a Telegram account")
def link_channel(request: HttpRequest, channel_id: UUID) -> Any:
    """Write `/link` and the code to your bot: that account is told then, and may ask /status, /positions and /pause."""
    code, until = services.make_link_code(owner_id=owner_of(request), channel_id=channel_id)
    return {"code": code, "until": until}


@router.get("/deliveries", response=Page[DeliveryOut], summary="What was sent to channels")
def list_deliveries(request: HttpRequest, query: Query[DeliveryQuery]) -> Any:
    """Newest first, for 30 days."""
    if query.channel_id is not None:
        services.find_channel(owner_id=owner_of(request), channel_id=query.channel_id)
    wanted = {"status": query.status, "channel_id": query.channel_id}
    rows = selectors.deliveries_of(owner_id=owner_of(request))
    return paginate(rows.filter(**{name: value for name, value in wanted.items() if value}), query, present=_delivery)


def _hours(given: dict[str, Any]) -> dict[str, Any]:
    """The same with quiet hours as times. Raises InvalidInputError."""
    read = dict(given)
    for name in _HOURS & given.keys():
        try:
            read[name] = time.fromisoformat(given[name]) if given[name] else None
        except ValueError as error:
            raise InvalidInputError("A time of day looks like 22:00.", fields={name: "Write it like 22:00."}) from error
    return read


def _channel(channel: Channel) -> dict[str, Any]:
    named = ("id", "kind", "name", "hint", "level", "areas", "is_active", "last_error", "created_at")
    moments = ("linked_at", "last_success_at", "last_error_at")
    hours = {name: getattr(channel, name) for name in _HOURS}
    return {name: getattr(channel, name) for name in (*named, *moments)} | {
        name: value.isoformat("minutes") if value else None for name, value in hours.items()
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    named = ("id", "channel_id", "purpose", "status", "tries", "said", "created_at", "ended_at")
    is_waiting = delivery.status == Delivery.Status.WAITING
    return {name: getattr(delivery, name) for name in named} | {
        "alert_id": delivery.alert_id or delivery.platform_alert_id,
        "title": selectors.title_of(delivery),
        "next_try_at": delivery.next_try_at if is_waiting else None,
    }
