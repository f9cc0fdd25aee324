"""What each kind of channel asks for, and how it is kept: sealed for its owner and its row, never shown again."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from kit import sealing, tenancy
from kit.alerts.channels import outside
from kit.alerts.models import Channel
from kit.errors import ConflictError, InvalidInputError, MoniqoError

SECRET_LENGTH: Final = 16
MOST_LENGTH: Final = 2000
NO_CHAT: Final = "no chat yet"
_TELEGRAM_TOKEN: Final = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,100}")
_TELEGRAM_CHAT: Final = re.compile(r"-?\d{1,20}|@[A-Za-z0-9_]{4,40}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One field of an address. `check` returns it as it is kept, or raises ValueError with a sentence."""

    name: str
    label: str
    help: str
    check: Callable[[str], str]
    required: bool = True


class UnreadableError(ConflictError):
    """What is stored cannot be read, or nothing can be stored. Says nothing of its value."""

    code = "credential"


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError as error:
        raise ValueError("Enter an e-mail address, such as olive@example.com.") from error
    return text


def _url(text: str) -> str:
    try:
        outside.read_address(text)
    except MoniqoError as error:
        raise ValueError(str(error)) from error
    return text


def _secret(text: str) -> str:
    if len(text) < SECRET_LENGTH:
        raise ValueError(f"Use {SECRET_LENGTH} characters or more.")
    return text


def _shaped(pattern: re.Pattern[str], sentence: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(sentence)
        return text

    return check


ASKED: Final[Mapping[str, tuple[Asked, ...]]] = {
    Channel.Kind.EMAIL: (Asked("email", "E-mail address", "Where the messages go.", _email),),
    Channel.Kind.TELEGRAM: (
        Asked(
            "token", "Token of your bot", "Write /newbot to @BotFather in Telegram: it makes one.",
            _shaped(_TELEGRAM_TOKEN, "A token looks like 123456789:AAH…, as @BotFather tells it."),
        ),
        Asked(
            "chat", "Chat",
            "Empty: link your own account by a code once this is saved. Else a number, or a name such as @my_fund.",
            _shaped(_TELEGRAM_CHAT, "A chat is a number, such as 123456789, or a name, such as @my_fund."),
            required=False,
        ),
    ),
    Channel.Kind.WEBHOOK: (
        Asked("url", "Address", "Where each message is sent to by POST, as JSON: https://…", _url),
        Asked(
            "secret", "Secret",
            f"Any text of {SECRET_LENGTH} characters or more that your receiver knows too: it signs messages.", _secret,
        ),
    ),
    Channel.Kind.SLACK: (
        Asked("url", "Webhook address", "In Slack: Apps, Incoming WebHooks, Add: https://hooks.slack.com/…", _url),
    ),
    Channel.Kind.DISCORD: (
        Asked("url", "Webhook address", "In Discord: Edit channel, Integrations, Webhooks: https://discord.com", _url),
    ),
}  # fmt: skip


def checked(kind: str, given: Mapping[str, str]) -> dict[str, str]:
    """The fields of an address of this kind as they are kept. Raises InvalidInputError that names what is wrong."""
    asked = ASKED[kind]
    wrong = dict.fromkeys(set(given) - {field.name for field in asked}, "There is no such field here.")
    kept = {}
    for field in asked:
        text = given.get(field.name, "").strip()
        try:
            if not text and not field.required:
                continue
            if not text:
                raise ValueError("It is needed.")
            if len(text) > MOST_LENGTH or not text.isprintable():
                raise ValueError("It is too long, or holds what is no text.")
            kept[field.name] = field.check(text)
        except ValueError as error:
            wrong[field.name] = str(error)
    if wrong:
        raise InvalidInputError("This is no address that messages could be sent to.", fields=wrong)
    return kept


def hint_of(kind: str, address: Mapping[str, str]) -> str:
    """What tells two channels apart and is no secret: the server, the chat, or the mail's ends."""
    match kind:
        case Channel.Kind.EMAIL:
            name, _, domain = address["email"].rpartition("@")
            return f"{name[:1]}…@{domain}"
        case Channel.Kind.TELEGRAM:
            return f"chat …{address['chat'][-4:]}" if "chat" in address else NO_CHAT
        case _:
            return (urlsplit(address["url"]).hostname or "")[:120]


def seal(address: Mapping[str, str], *, owner_id: UUID, channel_id: UUID) -> bytes:
    """The address as a row keeps it. Raises UnreadableError when no key is configured."""
    try:
        return sealing.seal(json.dumps(dict(address)), place=_place(owner_id, channel_id))
    except sealing.SealError as error:
        raise UnreadableError(error.sentence) from error


def unseal(channel: Channel) -> dict[str, sealing.Secret]:
    """The address in clear, for who sends. Raises UnreadableError."""
    try:
        opened = sealing.unseal(bytes(channel.address), place=_place(channel.owner_id, channel.pk))
    except sealing.KeysMissingError as error:
        raise UnreadableError(error.sentence) from error
    except sealing.SealError as error:
        raise UnreadableError(
            "Enter the address of this channel again: what is stored cannot be read with the keys that are configured."
        ) from error
    return {name: sealing.Secret(value) for name, value in json.loads(opened).items()}


def rotate_addresses() -> tuple[int, tuple[str, ...]]:
    """Seal every address again with the first of MONIQO_CREDENTIAL_KEYS unless it is.

    Returns how many, and whose could be opened by no configured key: theirs stay as they are.
    """
    rotated, unreadable = 0, []
    with tenancy.system():
        for channel in Channel.objects.select_related("owner").order_by("pk").iterator():
            before = bytes(channel.address)
            if sealing.is_newest(before):
                continue
            try:
                sealed = seal(unseal(channel), owner_id=channel.owner_id, channel_id=channel.pk)
            except UnreadableError:
                unreadable.append(f"{channel.owner.email}: {channel.name}")
            else:
                rotated += Channel.objects.filter(pk=channel.pk, address=before).update(address=sealed)
    return rotated, tuple(unreadable)


def count_old_addresses() -> int:
    """How many addresses, of everybody, are not sealed with the first key."""
    with tenancy.system():
        return sum(not sealing.is_newest(bytes(sealed)) for sealed in Channel.objects.values_list("address", flat=True))


def _place(owner_id: UUID, channel_id: UUID) -> tuple[str, ...]:
    return str(owner_id), str(channel_id), "address"
