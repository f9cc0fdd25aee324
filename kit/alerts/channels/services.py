"""Add, change, test and remove channels. Nothing that is told of one says its address again."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from kit import clock
from kit.alerts.channels import addresses, delivering, digests, messages, senders, talking
from kit.alerts.kinds import AREAS
from kit.alerts.models import Channel, Delivery, Message
from kit.alerts.services import resolve_alert
from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.users import throttle

MOST_CHANNELS: Final = 20
NAME_LENGTH: Final = 80
_TOLD: Final = ("name", "hint", "level", "areas", "quiet_from", "quiet_until", "digest_at", "is_active")
_HOURS: Final = ("quiet_from", "quiet_until", "digest_at")


def make_channel(
    *,
    owner_id: UUID,
    kind: str,
    name: str,
    address: Mapping[str, str],
    level: str = Message.Level.WARNING,
    areas: Collection[str] = (),
    quiet_from: time | None = None,
    quiet_until: time | None = None,
    digest_at: time | None = None,
) -> Channel:
    """A channel that is told from now on. Raises InvalidInputError, ConflictError for a name that is taken or too many.

    `areas` are those of `kit.alerts.kinds`; none: all. Quiet hours, and when a digest is sent, are times of the owner's
    zone.
    """
    if kind not in addresses.ASKED:
        known = ", ".join(addresses.ASKED)
        raise InvalidInputError("There is no such kind of channel.", fields={"kind": f"One of {known}."})
    kept = addresses.checked(kind, address)
    channel = Channel(pk=uuid4(), owner_id=owner_id, kind=kind)
    hours = {"quiet_from": quiet_from, "quiet_until": quiet_until, "digest_at": digest_at}
    _fill(channel, name=name, level=level, areas=areas, **hours)
    if Channel.objects.filter(owner_id=owner_id).count() >= MOST_CHANNELS:
        raise ConflictError(f"{MOST_CHANNELS} channels are as many as there may be: remove one first.")
    _seal(channel, kept)
    _save(channel)
    audit.record(audit.Area.KEYS, "Channel added", owner_id=owner_id, subject=channel.name, after=_told(channel))
    return channel


def change_channel(*, owner_id: UUID, channel_id: UUID, **changes: Any) -> Channel:
    """Change what is given, by the names of `make_channel` and `is_active`; an address is given whole.

    What waits for a channel that is paused is not sent; what waits otherwise is looked at anew. Raises NotFoundError,
    InvalidInputError, ConflictError.
    """
    channel = find_channel(owner_id=owner_id, channel_id=channel_id, for_change=True)
    before = _told(channel)
    address = changes.pop("address", None)
    if address is not None:
        channel.linked_at, channel.link_until, channel.link_code, channel.heard = None, None, "", 0
        _seal(channel, addresses.checked(channel.kind, address))
    _fill(channel, **changes)
    _save(channel)
    waiting = Delivery.objects.filter(channel=channel, status=Delivery.Status.WAITING)
    if channel.is_active:
        waiting.filter(tries=0).update(next_try_at=clock.now())
    else:
        waiting.update(status=Delivery.Status.SKIPPED, said="The channel was paused.", ended_at=clock.now())
    resolve_alert(owner_id=owner_id, key=delivering.unreachable_key(channel.pk))
    after = _told(channel) | ({"address": "entered anew"} if address is not None else {})
    audit.record_change(
        audit.Area.KEYS, "Channel changed", owner_id=owner_id, subject=channel.name, before=before, after=after
    )
    return channel


def remove_channel(*, owner_id: UUID, channel_id: UUID) -> str:
    """Forget it with its deliveries; returns its name. Raises NotFoundError."""
    channel = find_channel(owner_id=owner_id, channel_id=channel_id, for_change=True)
    before = _told(channel)
    resolve_alert(owner_id=owner_id, key=delivering.unreachable_key(channel.pk))
    channel.delete()
    audit.record(audit.Area.KEYS, "Channel removed", owner_id=owner_id, subject=channel.name, before=before)
    return channel.name


def send_test(*, owner_id: UUID, channel_id: UUID) -> Delivery:
    """Send a test at once, whatever the hour, and return it with what the receiver said.

    It is tried once. Raises NotFoundError, ConflictError after too many tests in a quarter of an hour.
    """
    channel = find_channel(owner_id=owner_id, channel_id=channel_id)
    if not throttle.may_try("channel-test", owner_id):
        raise ConflictError("Too many tests: wait a quarter of an hour.")
    delivery = Delivery.objects.create(
        owner_id=owner_id,
        channel=channel,
        purpose=Delivery.Purpose.TEST,
        tries=1,
        next_try_at=clock.now() + delivering.LEASE,
    )
    letter = messages.letter_of_test(delivery)
    try:
        said = senders.send(channel.kind, addresses.unseal(channel), letter, key=str(delivery.pk))
    except (senders.UndeliveredError, addresses.UnreadableError) as error:
        delivering.note_failed(delivery.pk, tries=1, said=str(error))
    else:
        delivering.note_sent(delivery.pk, tries=1, said=said)
    delivery.refresh_from_db()
    return delivery


def make_link_code(*, owner_id: UUID, channel_id: UUID) -> tuple[str, datetime]:
    """A code to write to the bot within a quarter of an hour, and until when: its chat is told then, and may ask.

    Raises NotFoundError, ConflictError for what is not Telegram's.
    """
    channel = find_channel(owner_id=owner_id, channel_id=channel_id, for_change=True)
    if channel.kind != Channel.Kind.TELEGRAM:
        raise ConflictError("Only an account at Telegram is linked by a code.")
    code, until = secrets.token_hex(5), clock.now() + talking.CODE_COUNTS
    Channel.objects.filter(pk=channel.pk).update(link_code=talking.digest_of(code), link_until=until)
    audit.record(audit.Area.KEYS, "Channel's code made", owner_id=owner_id, subject=channel.name)
    return code, until


def find_channel(*, owner_id: UUID, channel_id: UUID, for_change: bool = False) -> Channel:
    """One's own channel. Raises NotFoundError."""
    rows = Channel.objects.filter(owner_id=owner_id, pk=channel_id)
    found = (rows.select_for_update() if for_change else rows).first()
    if found is None:
        raise NotFoundError("There is no such channel.")
    return found


def _fill(channel: Channel, **given: Any) -> None:
    """Put what is given into the row. Raises InvalidInputError."""
    if given.get("digest_at") not in (None, channel.digest_at):
        channel.digested_on = digests.begun(given["digest_at"], channel.owner.timezone)
    for name, value in given.items():
        setattr(channel, name, value)
    wrong = {}
    channel.name = channel.name.strip()
    if not channel.name or len(channel.name) > NAME_LENGTH or not channel.name.isprintable():
        wrong["name"] = f"Give it a name of at most {NAME_LENGTH} characters."
    if channel.level not in Message.Level.values:
        wrong["level"] = f"One of {', '.join(Message.Level.values)}."
    if not set(channel.areas) <= AREAS.keys():
        wrong["areas"] = f"Among {', '.join(AREAS)}."
    if (channel.quiet_from is None) != (channel.quiet_until is None):
        missing = "quiet_until" if channel.quiet_until is None else "quiet_from"
        wrong[missing] = "Quiet hours need a beginning and an end."
    if wrong:
        raise InvalidInputError("This is not how a channel can be.", fields=wrong)
    channel.areas = [area for area in AREAS if area in channel.areas]


def _seal(channel: Channel, address: Mapping[str, str]) -> None:
    channel.address = addresses.seal(address, owner_id=channel.owner_id, channel_id=channel.pk)
    channel.hint = addresses.hint_of(channel.kind, address)


def _save(channel: Channel) -> None:
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        raise InvalidInputError(
            "You have a channel of this name.", fields={"name": "You have a channel of this name."}
        ) from error


def _told(channel: Channel) -> dict[str, Any]:
    told = {name: getattr(channel, name) for name in _TOLD}
    hours = {name: told[name].isoformat("minutes") if told[name] else "" for name in _HOURS}
    return told | hours | {"areas": ", ".join(channel.areas)}
