"""Sending what waits: taken by one worker at a time, sent outside of any transaction, written down afterwards.

A worker takes a delivery by moving its next try ahead by `LEASE`, and commits that before it sends. If it dies, another
takes it once that time has passed: each message arrives at least once, and one that arrives twice carries the same key.
What is not taken is tried again after half a minute, then after twice as long each time; the eighth time, about an hour
later, it is given up and its owner finds an alert in the inbox. While a receiver fails its other messages wait with it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from kit import clock, tenancy
from kit.alerts.channels import addresses, messages, senders
from kit.alerts.channels.quiet import quiet_end
from kit.alerts.models import Channel, Delivery, Message, Mute, PlatformAlert, in_force
from kit.alerts.services import raise_alert, resolve_alert
from kit.errors import MoniqoError
from kit.sealing import Secret
from kit.sentences import quoted

MOST_TRIES: Final = 8
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)  # that a receiver may ask for
LONGEST_LIFE: Final = timedelta(days=1)  # behind others that fail too
LEASE: Final = timedelta(minutes=3)  # more than any sender takes
MOST_AT_ONCE: Final = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery that this worker has taken, with all that is needed to send it."""

    delivery_id: UUID
    channel_id: UUID
    tries: int
    kind: str
    address: dict[str, Secret]
    letter: messages.Letter


def owners_waiting() -> list[UUID]:
    """Whose deliveries are due."""
    with tenancy.system():
        due = _due(Delivery.objects.filter(owner__is_active=True))
        return list(due.order_by("owner_id").values_list("owner_id", flat=True).distinct())


def deliver(*, owner_id: UUID) -> int:
    """Send what is due of an owner's, oldest first; returns how many were taken by their receivers.

    Any number of workers may do so at once. Run it outside of transactions.
    """
    sent, failing = 0, set[UUID]()
    for _ in range(MOST_AT_ONCE):
        with tenancy.tenant(owner_id):
            delivery = _next(owner_id, failing)
            parcel = _taken(delivery) if delivery is not None else None
        if delivery is None:
            break
        if parcel is None:
            continue
        if send_parcel(parcel, owner_id=owner_id):
            sent += 1
        else:
            failing.add(parcel.channel_id)
    return sent


def send_parcel(parcel: Parcel, *, owner_id: UUID) -> bool:
    """Send it and write down what came of it; returns whether its receiver took it."""
    try:
        said = senders.send(parcel.kind, parcel.address, parcel.letter, key=str(parcel.delivery_id))
    except senders.UndeliveredError as error:
        with tenancy.tenant(owner_id):
            note_failed(parcel.delivery_id, tries=parcel.tries, said=str(error), wait=error.wait)
        return False
    with tenancy.tenant(owner_id):
        note_sent(parcel.delivery_id, tries=parcel.tries, said=said)
    return True


def note_sent(delivery_id: UUID, *, tries: int, said: str) -> None:
    """It has arrived. Run it as the tenant."""
    ended = {"status": Delivery.Status.SENT, "said": said, "ended_at": clock.now()}
    delivery = Delivery.objects.filter(pk=delivery_id).first()
    if delivery is None or not _mine(delivery_id, tries).update(**ended):
        return
    Channel.objects.filter(pk=delivery.channel_id).update(last_success_at=clock.now())
    resolve_alert(owner_id=delivery.owner_id, key=unreachable_key(delivery.channel_id))


def note_failed(delivery_id: UUID, *, tries: int, said: str, wait: int = 0) -> None:
    """It was not taken: try again later, or give up. Run it as the tenant."""
    delivery = Delivery.objects.select_related("channel").filter(pk=delivery_id).first()
    if delivery is None:
        return
    now = clock.now()
    is_over = (
        tries >= MOST_TRIES or delivery.purpose == Delivery.Purpose.TEST or now - delivery.created_at > LONGEST_LIFE
    )
    again = now + max(pause_after(tries), min(timedelta(seconds=wait), LONGEST_WAIT))
    changed = {"status": Delivery.Status.FAILED, "ended_at": now} if is_over else {"next_try_at": again}
    if not _mine(delivery_id, tries).update(said=said, **changed):
        return
    channel = delivery.channel
    Channel.objects.filter(pk=channel.pk).update(last_error_at=now, last_error=said)
    if delivery.purpose == Delivery.Purpose.TEST:
        return
    others = Delivery.objects.filter(channel=channel, status=Delivery.Status.WAITING, next_try_at__lt=again)
    others.update(next_try_at=again)
    if is_over:
        raise_alert(
            owner_id=delivery.owner_id,
            key=unreachable_key(channel.pk),
            title=f"{channel.name} takes no messages",
            body="What was to be told there was given up after {tries} tries, and stands in the inbox. It says: {said}",
            tries=tries,
            said=quoted(said),
        )


def pause_after(tries: int) -> timedelta:
    """How long a delivery waits after so many tries that failed: twice as long each time."""
    doubled: int = 2 ** min(tries - 1, MOST_TRIES)
    return FIRST_PAUSE * doubled


def unreachable_key(channel_id: UUID) -> str:
    """The key of the alert that a channel takes no messages."""
    return f"channel:{channel_id}"


def _due(rows: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
    return rows.filter(status=Delivery.Status.WAITING, next_try_at__lte=clock.now())


def _mine(delivery_id: UUID, tries: int) -> "QuerySet[Delivery]":
    """The row, unless somebody else has taken it since or it has ended."""
    return Delivery.objects.filter(pk=delivery_id, tries=tries, status=Delivery.Status.WAITING)


def _next(owner_id: UUID, failing: set[UUID]) -> Delivery | None:
    rows = _due(Delivery.objects.filter(owner_id=owner_id)).exclude(channel__in=failing)
    rows = rows.select_related("channel", "owner").defer("owner__password").order_by("next_try_at", "created_at")
    return rows.select_for_update(skip_locked=True, of=("self",)).first()


def _taken(delivery: Delivery) -> Parcel | None:
    """What is to be sent, now this worker's; None for what is not sent, or not yet, which is written down."""
    channel, now = delivery.channel, clock.now()
    alert = messages.alert_of(delivery)
    if reason := _why_not(delivery, alert):
        _end(delivery, Delivery.Status.SKIPPED, reason)
        return None
    if alert is not None and alert.level != Message.Level.CRITICAL and (end := _quiet_end(delivery)):
        Delivery.objects.filter(pk=delivery.pk).update(next_try_at=end, said="Held until the quiet hours are over.")
        return None
    try:
        address = addresses.unseal(channel)
        letter = _letter(delivery, alert)
    except MoniqoError as error:
        Delivery.objects.filter(pk=delivery.pk).update(tries=delivery.tries + 1)
        note_failed(delivery.pk, tries=delivery.tries + 1, said=str(error))
        return None
    Delivery.objects.filter(pk=delivery.pk).update(tries=delivery.tries + 1, next_try_at=now + LEASE)
    return Parcel(delivery.pk, channel.pk, delivery.tries + 1, channel.kind, address, letter)


def _letter(delivery: Delivery, alert: Message | None) -> messages.Letter:
    if alert is None:
        return messages.letter_of_digest(delivery, delivery.owner)
    return messages.letter_of_alert(delivery, alert, delivery.owner)


def _quiet_end(delivery: Delivery) -> datetime | None:
    channel, zone = delivery.channel, delivery.owner.timezone
    return quiet_end(clock.now(), since=channel.quiet_from, until=channel.quiet_until, zone=zone)


def _why_not(delivery: Delivery, alert: Message | None) -> str:
    """Why it is not sent after all; empty when it is."""
    if not delivery.channel.is_active:
        return "The channel is paused."
    if delivery.purpose == Delivery.Purpose.DIGEST:
        return ""
    if alert is None:
        return "The alert is not there any more."
    if Mute.objects.filter(in_force(), owner_id=delivery.owner_id, key__in=(alert.key, alert.kind)).exists():
        return "You have muted it."
    if delivery.tries == 0 and delivery.said and alert.resolved_at is not None:
        return "It was over before the quiet hours were."
    newer = Delivery.objects.filter(channel=delivery.channel, created_at__gt=delivery.created_at)
    column = "platform_alert" if isinstance(alert, PlatformAlert) else "alert"
    if newer.filter(**{column: alert}).exclude(status=Delivery.Status.SKIPPED).exists():
        return "It became graver, and was told as that."
    return ""


def _end(delivery: Delivery, status: Delivery.Status, said: str) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(status=status, said=said, ended_at=clock.now())
