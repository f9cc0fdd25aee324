"""What the bot of a linked account at Telegram is asked, and what it answers.

An account is linked by a code that its owner reads on a page of theirs and writes to their bot: only a private chat in
which that code was written, once and in time, may ask and pause. Whoever else writes to the bot is not answered.
Messages are asked for every ten seconds without waiting for them, so that no bot holds a worker. Which were looked at
is noted before they are answered, by one conditional update each, so that nothing is done twice.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from kit import clock, display, tenancy
from kit.alerts.channels import addresses, messages, senders, sources
from kit.alerts.models import Channel
from kit.errors import MoniqoError
from kit.sealing import Secret

CODE_COUNTS: Final = timedelta(minutes=15)
MOST_MESSAGES: Final = 10
_MOST_ANSWER: Final = 1 << 20
_MOST_TEXT: Final = 200
HELP: Final = "Ask /status, /positions, or /pause with the name of a farm or an agent."


def digest_of(code: str) -> str:
    """What is kept of a code."""
    return hashlib.sha256(code.encode()).hexdigest()


def who_listens() -> list[tuple[UUID, UUID]]:
    """The owners and channels whose bots are asked: linked ones, and those that a code was made for just now."""
    linked_or_linking = Q(linked_at__isnull=False) | Q(link_until__gt=clock.now())
    with tenancy.system():
        rows = Channel.objects.filter(linked_or_linking, kind=Channel.Kind.TELEGRAM, is_active=True)
        rows = rows.filter(owner__is_active=True)
        return list(rows.order_by("pk").values_list("owner_id", "pk"))


def hear(*, owner_id: UUID, channel_id: UUID) -> int:
    """Look at what was written to the bot and answer it; returns how many messages there were.

    Run it outside of transactions.
    """
    with tenancy.tenant(owner_id):
        channel = Channel.objects.filter(pk=channel_id, is_active=True).first()
        address = addresses.unseal(channel) if channel is not None else {}
    if channel is None:
        return 0
    try:
        updates = _updates(address, after=channel.heard)
    except senders.UndeliveredError as error:
        if channel.linked_at is None:  # who is linking it looks at the page
            with tenancy.tenant(owner_id):
                Channel.objects.filter(pk=channel_id).update(last_error_at=clock.now(), last_error=str(error))
        return 0
    for update in updates:
        number = update["update_id"]
        with tenancy.tenant(owner_id):
            is_new = Channel.objects.filter(pk=channel_id, heard__lt=number).update(heard=number)
        if not is_new:
            continue
        with tenancy.tenant(owner_id):
            answer = _heard(channel_id, update)
        if answer:
            _say(address, _chat_of(update), answer)
    return len(updates)


def _heard(channel_id: UUID, update: Mapping[str, Any]) -> str:
    """Do what the message asks for, if it may; returns the answer, which is empty for strangers."""
    rows = Channel.objects.select_related("owner").defer("owner__password").select_for_update(of=("self",))
    channel = rows.filter(pk=channel_id).first()
    chat = _chat_of(update)
    words = _words_of(update["message"].get("text")) if chat else []
    if channel is None or not words:
        return ""
    if words[0] in {"/link", "/start"} and len(words) == 2 and _is_code(channel, words[1]):
        return _link(channel, chat)
    if channel.linked_at is None or addresses.unseal(channel).get("chat") != chat:
        return ""
    with display.showing(messages.shown_to(channel.owner)):
        return _answer(channel.owner_id, words[0], " ".join(words[1:]))


def _answer(owner_id: UUID, command: str, rest: str) -> str:
    try:
        match command:
            case "/status":
                return "\n".join(map(str, sources.status(owner_id)))
            case "/positions":
                return "\n".join(map(str, sources.positions(owner_id)))
            case "/pause" if rest:
                return str(sources.pause(owner_id, rest))
    except MoniqoError as error:
        return str(error)
    return HELP


def _link(channel: Channel, chat: str) -> str:
    """From now on this chat is told, and may ask. The code counts no more."""
    address = {**addresses.unseal(channel), "chat": chat}
    channel.address = addresses.seal(address, owner_id=channel.owner_id, channel_id=channel.pk)
    channel.hint = addresses.hint_of(channel.kind, address)
    channel.linked_at, channel.link_code, channel.link_until = clock.now(), "", None
    channel.save(update_fields=("address", "hint", "linked_at", "link_code", "link_until"))
    return f"This chat is linked. {HELP}"


def _is_code(channel: Channel, code: str) -> bool:
    counts = channel.link_until is not None and channel.link_until > clock.now()
    return counts and compare_digest(channel.link_code, digest_of(code))


def _chat_of(update: Mapping[str, Any]) -> str:
    """The private chat that a message was written in; empty for every other."""
    message = update.get("message")
    chat = message.get("chat") if isinstance(message, dict) else None
    is_private = isinstance(chat, dict) and chat.get("type") == "private" and isinstance(chat.get("id"), int)
    return str(chat["id"]) if is_private and isinstance(chat, dict) else ""


def _words_of(text: Any) -> list[str]:
    words = text[:_MOST_TEXT].replace("\0", "").split() if isinstance(text, str) else []
    return [words[0].lower(), *words[1:]] if words else []


def _updates(address: Mapping[str, Secret], *, after: int) -> list[dict[str, Any]]:
    """Messages behind the last one that was looked at. Raises UndeliveredError."""
    asked = {"offset": after + 1, "limit": MOST_MESSAGES, "timeout": 0, "allowed_updates": ["message"]}
    try:
        told = json.loads(_call(address, "getUpdates", asked))
    except ValueError as error:
        raise senders.UndeliveredError("It answered something that is no JSON.") from error
    found = told.get("result") if isinstance(told, dict) else None
    known = [row for row in found or [] if isinstance(row, dict) and isinstance(row.get("update_id"), int)]
    return sorted(known, key=lambda row: int(row["update_id"]))


def _say(address: Mapping[str, Secret], chat: str, text: str) -> None:
    """An answer that does not arrive is asked for again by who wants it."""
    try:
        _call(address, "sendMessage", {"chat_id": chat, "text": text[: senders.TELEGRAM_LENGTH]})
    except senders.UndeliveredError:
        return


def _call(address: Mapping[str, Secret], method: str, given: Mapping[str, Any]) -> str:
    url = f"{settings.TELEGRAM_URL}/bot{address['token']}/{method}"
    return senders.posted(url, json.dumps(given).encode(), most=_MOST_ANSWER)
