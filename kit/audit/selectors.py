"""Reading the audit log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page
from django.db.models import Count, Max, Q

from kit import glossary
from kit.audit.models import AuditEntry, Call
from kit.paging import Pages
from kit.sentences import Sentence, Value, amount, calendar_day, figure, joined, moment, quoted, sentence, share

PAGE_ROWS = 50
REFUSED_FROM: Final = 400
# Where the unit of an amount stands, beside it.
UNITS: Final = {"amount": "asset", "maximum_notional": "notional_asset"}
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(_DAY.pattern + r"T\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after, as its reader writes it; None where there was, or is, none."""

    name: str
    before: Sentence | None
    after: Sentence | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act, in words. `who` is from the owner's side: "You", an operator's address, or "Moniqo"."""

    at: datetime
    area: str
    action: str
    subject: str
    who: str
    channel: str
    address: str
    changes: tuple[Change, ...]


def audit_log(*, owner_id: UUID, area: str = "", page: str = "", is_oldest_first: bool = False) -> "Page[AuditRow]":
    """The owner's log, newest first unless asked otherwise, of one area or of all: either way by one index."""
    rows = AuditEntry.objects.filter(owner_id=owner_id).select_related("actor").defer("actor__password")
    if area in AuditEntry.Area.values:
        rows = rows.filter(area=area)
    if is_oldest_first:
        rows = rows.order_by("at", "id")
    found: Any = Pages(rows, PAGE_ROWS).get_page(page)
    found.object_list = [_row(entry, owner_id) for entry in found.object_list]
    return found  # type: ignore[no-any-return]  # rows of entries became rows of words


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call of a program: `is_refused` says that nothing was done, whatever the reason."""

    at: datetime
    protocol: str
    tool: str
    arguments: str
    status: int
    milliseconds: int

    @property
    def is_refused(self) -> bool:
        return self.status >= REFUSED_FROM


@dataclass(frozen=True, slots=True)
class CallSums:
    """How often a token called since the oldest that is kept, and how often in vain."""

    count: int
    refused: int
    last_at: datetime | None


def calls_of(*, owner_id: UUID, token_id: UUID, page: str = "") -> "Page[CallRow]":
    """What the token called, newest first."""
    found: Any = Pages(Call.objects.filter(owner_id=owner_id, token_id=token_id), PAGE_ROWS).get_page(page)
    found.object_list = [
        CallRow(call.at, call.get_protocol_display(), call.tool, call.arguments, call.status, call.milliseconds)
        for call in found.object_list
    ]
    return found  # type: ignore[no-any-return]  # rows of the table became rows of words


def sum_calls(*, owner_id: UUID, token_id: UUID) -> CallSums:
    """One query by the index of the token's calls."""
    refused = Count("pk", filter=Q(status__gte=REFUSED_FROM))
    found = Call.objects.filter(owner_id=owner_id, token_id=token_id).aggregate(
        count=Count("pk"), refused=refused, last_at=Max("at")
    )
    return CallSums(**found)


def _row(entry: AuditEntry, owner_id: UUID) -> AuditRow:
    names = [*entry.before, *(name for name in entry.after if name not in entry.before)]
    return AuditRow(
        at=entry.at,
        area=entry.get_area_display(),
        action=entry.action,
        subject=entry.subject,
        who=_who(entry, owner_id),
        channel=entry.get_channel_display(),
        address=entry.address or "",
        changes=tuple(
            Change(name.replace("_", " "), _words(name, entry.before), _words(name, entry.after)) for name in names
        ),
    )


def _who(entry: AuditEntry, owner_id: UUID) -> str:
    if entry.actor is None:
        return "Moniqo" if entry.channel == AuditEntry.Channel.ENGINE else "Somebody"
    if entry.actor_id != owner_id and not entry.actor.is_staff:
        return "Somebody"  # no other person's address is anybody's business
    who = "You" if entry.actor_id == owner_id else f"Operator {entry.actor}"
    return f"{who}, by {entry.token}" if entry.token else who


def _words(name: str, values: Mapping[str, Any]) -> Sentence | None:
    """What was noted by `name`, by the kind of its field: shares, amounts, moments and days are noted raw."""
    match value := values.get(name):
        case None | "":
            return None
        case bool():
            return Sentence("yes" if value else "no")
        case {"template": _}:
            return Sentence.of(value)
        case [{"template": _}, *_]:
            return joined(*(Sentence.of(part) for part in value))
        case list():
            return sentence("{said}", said=quoted(", ".join(str(part) for part in value) or "none"))
    return sentence("{said}", said=_written(name, str(value), values))


def _written(name: str, text: str, values: Mapping[str, Any]) -> Value:
    if _NUMBER.fullmatch(text):
        if glossary.kind_of(name) == "share":
            return share(Decimal(text))
        unit = str(values.get(UNITS.get(name, "")) or "")
        return amount(Decimal(text), unit) if unit else figure(Decimal(text))
    if _MOMENT.fullmatch(text):
        return moment(datetime.fromisoformat(text))
    return calendar_day(date.fromisoformat(text)) if _DAY.fullmatch(text) else quoted(text)
