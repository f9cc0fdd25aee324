"""Writing the audit log: one call per act, in the transaction of the act, so that neither exists without the other."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase

from kit.audit.models import AuditEntry
from kit.decimals import plain
from kit.http import client_address
from kit.months import Months
from kit.sentences import Sentence

Area = AuditEntry.Area
SUBJECT_LENGTH = 200
ENTRIES = Months("audit_auditentry", by="at", days="AUDIT_DAYS")
CALLS = Months("audit_call", by="at", days="CALL_DAYS")
CHANNELS = {"/api/": AuditEntry.Channel.API, "/admin/": AuditEntry.Channel.ADMIN}

_request: ContextVar[HttpRequest | None] = ContextVar("moniqo_audited_request", default=None)


class OriginMiddleware:
    """Remembers for the length of a request who is asking and from where."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def record(
    area: AuditEntry.Area,
    action: str,
    *,
    owner_id: UUID,
    subject: object = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    actor_id: UUID | None = None,
) -> None:
    """Note that `action` ("Limits changed") was done to `subject` in the account of `owner_id`.

    `before` and `after` are values by name; give no secrets. Who did it, from where and with which token is read from
    the request that is being answered; `actor_id` names somebody who is just signing in.
    """
    request = _request.get()
    user = getattr(request, "user", None)
    AuditEntry.objects.create(
        owner_id=owner_id,
        area=area,
        action=action,
        subject=str(subject)[:SUBJECT_LENGTH],
        before=_texts(before),
        after=_texts(after),
        actor_id=actor_id or (user.pk if user is not None and user.is_authenticated else None),
        channel=_channel(request),
        address=client_address(request) if request else None,
        token=getattr(getattr(request, "token", None), "name", ""),
    )


def record_change(
    area: AuditEntry.Area,
    action: str,
    *,
    owner_id: UUID,
    subject: object,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """`record` what differs between `before` and `after`; nothing when nothing does."""
    names = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    if names:
        record(
            area,
            action,
            owner_id=owner_id,
            subject=subject,
            before={name: value for name, value in before.items() if name in names},
            after={name: value for name, value in after.items() if name in names},
        )


def _channel(request: HttpRequest | None) -> AuditEntry.Channel:
    if request is None:
        return AuditEntry.Channel.ENGINE
    found = (channel for prefix, channel in CHANNELS.items() if request.path.startswith(prefix))
    return next(found, AuditEntry.Channel.PAGE)


def _texts(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _text(value) for name, value in (values or {}).items()}


def _text(value: Any) -> Any:
    match value:
        case Decimal():
            return plain(value)
        case None | bool() | int() | str():
            return value
        case date():
            return value.isoformat()
        case Sentence():
            return value.parts
        case Model():
            return str(value)
        case Mapping():
            return _texts({str(name): part for name, part in value.items()})
        case list() | tuple() | set() | frozenset():
            return [_text(part) for part in value]
        case _:
            return str(value)
