"""Reading one's channels and what was sent to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page
from django.db.models import QuerySet

from kit.alerts.channels.addresses import NO_CHAT
from kit.alerts.kinds import AREAS
from kit.alerts.models import Channel, Delivery, Message
from kit.paging import Pages
from kit.statuses import colour

PAGE_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel as its owner sees it: `told` says what of, `quiet` when not and when a digest is sent."""

    id: UUID
    name: str
    kind: str
    hint: str
    told: str
    quiet: str
    is_active: bool
    status: str
    health: str
    last_success_at: datetime | None
    last_error_at: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What was sent, or is going to be; `next_try_at` None once it has ended."""

    title: str
    channel: str
    status: str
    health: str
    said: str
    tries: int
    created_at: datetime
    next_try_at: datetime | None


def list_channels(*, owner_id: UUID) -> list[ChannelRow]:
    """The owner's channels, newest first."""
    return [_row(channel) for channel in Channel.objects.filter(owner_id=owner_id)]


def deliveries_of(*, owner_id: UUID) -> "QuerySet[Delivery]":
    """The owner's deliveries with what they tell of, newest first."""
    rows = Delivery.objects.filter(owner_id=owner_id).order_by("-created_at", "-id")
    return rows.select_related("channel", "alert", "platform_alert")


def list_deliveries(*, owner_id: UUID, page: str | None) -> "Page[DeliveryRow]":
    """A page of them in words."""
    found: Any = Pages(deliveries_of(owner_id=owner_id), PAGE_ROWS).get_page(page)
    found.object_list = [_delivery(row) for row in found.object_list]
    return found  # type: ignore[no-any-return]  # rows of the table became rows of words


def title_of(delivery: Delivery) -> str:
    """What it tells, in the words of whoever reads it."""
    alert: Message | None = delivery.alert or delivery.platform_alert
    return alert.headline() if alert is not None else delivery.get_purpose_display()


def _row(channel: Channel) -> ChannelRow:
    is_failing = channel.last_error_at is not None and (
        channel.last_success_at is None or channel.last_success_at < channel.last_error_at
    )
    state = "failing" if is_failing else "in_use"
    if channel.hint == NO_CHAT:
        state = "unlinked"
    words = {"failing": "Takes no messages", "in_use": "In use", "unlinked": "Not linked yet"}
    status = words[state] if channel.is_active else "Paused"
    level = Message.Level(channel.level)
    told = "Everything" if level == Message.Level.INFO else f"{level.label} and above"
    told = "Critical" if level == Message.Level.CRITICAL else told
    if channel.areas:
        told += f": {', '.join(AREAS[area][0] for area in channel.areas)}"
    quiet = ""
    if channel.quiet_from and channel.quiet_until:
        quiet = f"Quiet from {channel.quiet_from:%H:%M} until {channel.quiet_until:%H:%M}"
    if channel.digest_at:
        quiet = f"{quiet}. " if quiet else ""
        quiet += f"Digest at {channel.digest_at:%H:%M}"
    return ChannelRow(
        id=channel.pk,
        name=channel.name,
        kind=channel.get_kind_display(),
        hint=channel.hint,
        told=told,
        quiet=quiet,
        is_active=channel.is_active,
        status=status,
        health=colour("channel", state) if channel.is_active else "",
        last_success_at=channel.last_success_at,
        last_error_at=channel.last_error_at,
        last_error=channel.last_error if is_failing else "",
    )


def _delivery(delivery: Delivery) -> DeliveryRow:
    is_waiting = delivery.status == Delivery.Status.WAITING
    return DeliveryRow(
        title=title_of(delivery),
        channel=delivery.channel.name,
        status=delivery.get_status_display(),
        health=colour("delivery", delivery.status),
        said=delivery.said,
        tries=delivery.tries,
        created_at=delivery.created_at,
        next_try_at=delivery.next_try_at if is_waiting else None,
    )
