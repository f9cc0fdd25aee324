"""How each kind of channel is told: one function each, all alike. They say what the receiver said, or raise.

The formats are the ones that the services document: a JSON object by POST, a mail by SMTP.
"""

import hashlib
import hmac
import json
import smtplib
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from kit import clock
from kit.alerts.channels import outside
from kit.alerts.channels.messages import Letter
from kit.alerts.models import Channel
from kit.errors import MoniqoError

SAID_LENGTH: Final = 300
TELEGRAM_LENGTH: Final = 4096
_DISCORD_LENGTH: Final = 2000
_SLACK_LENGTH: Final = 4000


class UndeliveredError(MoniqoError):
    """The receiver did not take it. The sentence holds its own words; `wait` is how long it wants to be left alone."""

    code = "undelivered"

    def __init__(self, message: str, *, wait: int = 0) -> None:
        super().__init__(message[:SAID_LENGTH])
        self.wait = wait


def send(kind: str, address: Mapping[str, str], letter: Letter, *, key: str) -> str:
    """Have the channel take the letter; returns what it said. `key` is the same at every try of the same message.

    Raises UndeliveredError.
    """
    try:
        return _SENDERS[kind](address, letter, key)[:SAID_LENGTH]
    except outside.OutsideError as error:
        raise UndeliveredError(str(error)) from error


def signature(secret: str, *, at: int, body: bytes) -> str:
    """What a webhook's receiver computes anew: HMAC-SHA256 over the moment in seconds, a point, and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _webhook(address: Mapping[str, str], letter: Letter, key: str) -> str:
    body = json.dumps(letter.data, ensure_ascii=False).encode()
    signed = signature(address["secret"], at=int(clock.now().timestamp()), body=body)
    return _posted(address["url"], body, {"Idempotency-Key": key, "Moniqo-Signature": signed})


def _slack(address: Mapping[str, str], letter: Letter, key: str) -> str:
    text = f"*{letter.subject}*\n{letter.text}"
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):  # or a name could call everybody by <!channel>
        text = text.replace(sign, written)
    return _posted(address["url"], json.dumps({"text": text[:_SLACK_LENGTH]}).encode())


def _discord(address: Mapping[str, str], letter: Letter, key: str) -> str:
    text = f"**{letter.subject}**\n{letter.text}"[:_DISCORD_LENGTH]
    return _posted(address["url"], json.dumps({"content": text, "allowed_mentions": {"parse": []}}).encode())


def _telegram(address: Mapping[str, str], letter: Letter, key: str) -> str:
    if "chat" not in address:
        raise UndeliveredError("It has no chat yet: link your account, or enter one.")
    text = f"{letter.subject}\n{letter.text}"[:TELEGRAM_LENGTH]
    body = {"chat_id": address["chat"], "text": text, "link_preview_options": {"is_disabled": True}}
    return _posted(f"{settings.TELEGRAM_URL}/bot{address['token']}/sendMessage", json.dumps(body).encode())


def _email(address: Mapping[str, str], letter: Letter, key: str) -> str:
    server = settings.SMTP
    if not server:
        raise UndeliveredError("No mail is sent from here: an operator has to set MONIQO_SMTP_URL.")
    backend = EmailBackend(timeout=outside.SECONDS, **server["login"])
    subject = " ".join(letter.subject.split())
    headers = {"Message-ID": f"<{key}@moniqo>", "Auto-Submitted": "auto-generated"}
    mail = EmailMessage(subject, letter.text, server["sender"], [address["email"]], connection=backend, headers=headers)
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise UndeliveredError(f"The mail server answered {code}: {_decoded(said)}") from error
    except smtplib.SMTPResponseException as error:
        raise UndeliveredError(f"The mail server answered {error.smtp_code}: {_decoded(error.smtp_error)}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise UndeliveredError("The mail server could not be reached, or broke off.") from error
    return "The mail server took it."


_SENDERS: Final[Mapping[str, Callable[[Mapping[str, str], Letter, str], str]]] = {
    Channel.Kind.EMAIL: _email,
    Channel.Kind.TELEGRAM: _telegram,
    Channel.Kind.WEBHOOK: _webhook,
    Channel.Kind.SLACK: _slack,
    Channel.Kind.DISCORD: _discord,
}


def posted(url: str, body: bytes, *, most: int) -> str:
    """What Telegram's Bot API answers, as it is. Raises UndeliveredError."""
    try:
        return _taken(outside.post(url, body=body, headers={"Content-Type": "application/json"}, most=most)).text
    except outside.OutsideError as error:
        raise UndeliveredError(str(error)) from error


def _posted(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> str:
    """What a receiver of JSON said that took it. Raises UndeliveredError with what it said otherwise."""
    answer = outside.post(url, body=body, headers={"Content-Type": "application/json", **(headers or {})})
    return _said(_taken(answer))


def _said(answer: outside.Answer) -> str:
    return f"{answer.status} {_words(answer.text)}".strip()


def _taken(answer: outside.Answer) -> outside.Answer:
    """The answer, if it says that the message was taken. Raises UndeliveredError."""
    if 200 <= answer.status < 300:
        return answer
    if 300 <= answer.status < 400:
        raise UndeliveredError(f"It answered {answer.status}: it leads elsewhere, which is not followed.")
    raise UndeliveredError(f"It answered {_said(answer)}", wait=answer.wait)


def _words(text: str) -> str:
    """What a receiver says in words: the description in its JSON if there is one, in one line."""
    try:
        told: Any = json.loads(text)
    except ValueError:
        told = text
    if isinstance(told, dict):
        told = next((told[name] for name in ("description", "message", "error", "detail") if told.get(name)), text)
    words = " ".join(str(told).split())
    return "".join(sign for sign in words if sign.isprintable())


def _decoded(said: Any) -> str:
    return _words(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))
