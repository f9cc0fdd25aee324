"""Reading the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page

from kit.audit.models import AuditEntry
from kit.paging import Pages

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after; None where there was, or is, none."""

    name: str
    before: str | None
    after: str | None


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


def audit_log(*, owner_id: UUID, area: str = "", page: str = "") -> "Page[AuditRow]":
    """The owner's log, newest first, of one area or of all."""
    rows = AuditEntry.objects.filter(owner_id=owner_id).select_related("actor")
    if area in AuditEntry.Area.values:
        rows = rows.filter(area=area)
    found: Any = Pages(rows, PAGE_ROWS).get_page(page)
    found.object_list = [_row(entry, owner_id) for entry in found.object_list]
    return found  # type: ignore[no-any-return]  # rows of entries became rows of words


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
            Change(name.replace("_", " "), _words(entry.before.get(name)), _words(entry.after.get(name)))
            for name in names
        ),
    )


def _who(entry: AuditEntry, owner_id: UUID) -> str:
    if entry.actor is None:
        return "Moniqo" if entry.channel == AuditEntry.Channel.ENGINE else "Somebody"
    if entry.actor_id != owner_id and not entry.actor.is_staff:
        return "Somebody"  # no other person's address is anybody's business
    who = "You" if entry.actor_id == owner_id else f"Operator {entry.actor}"
    return f"{who}, by {entry.token}" if entry.token else who


def _words(value: Any) -> str | None:
    match value:
        case None | "":
            return None
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(str(part) for part in value) or "none"
        case _:
            return str(value)
