"""Reading what was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page
from django.db.models import Q, QuerySet

from kit import clock
from kit.alerts.links import about, url_of, words_of
from kit.approvals.acts import act_of, label_of
from kit.approvals.models import Approval
from kit.errors import NotFoundError
from kit.paging import Pages
from kit.sentences import Sentence, quoted, sentence
from kit.statuses import colour

PAGE_ROWS: Final = 50
# What of an act's arguments and of its result has a page, and whose.
SUBJECTS: Final = {
    "wallet_id": "wallet", "agent_id": "agent", "farm_id": "farm", "order_id": "order", "goal_id": "goal",
    "proposal_id": "proposal",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A question in the words of whoever reads it; one that is too late is no longer open, whoever has noticed."""

    id: UUID
    kind: str
    label: str
    verb: str
    title: Sentence
    lines: Sequence[Sentence]
    reason: Sentence
    asked_by: str
    created_at: datetime
    expires_at: datetime
    status: str
    status_label: str
    answered_at: datetime | None
    answered_by: str
    note: Sentence
    given: dict[str, Any]
    result: dict[str, Any]
    needs_owner: bool

    @property
    def is_open(self) -> bool:
        return self.status == Approval.Status.OPEN

    @property
    def health(self) -> str:
        """The chip's colour."""
        return colour("approval", self.status)

    @property
    def links(self) -> list[tuple[str, str]]:
        """Words and addresses of what it is about, and of what came of it."""
        named = self.given | self.result
        things = [about(kind, named[name]) for name, kind in SUBJECTS.items() if named.get(name)]
        return [(words_of(thing), url_of(thing)) for thing in things]

    @property
    def refusal(self) -> Sentence:
        """Why what was approved was not done; empty where it was."""
        return _quoted(str(self.result.get("said", "")))


def open_approvals(*, owner_id: UUID) -> list[ApprovalRow]:
    """What waits for an answer, what ends first before the others."""
    rows = Approval.objects.filter(owner_id=owner_id, status=Approval.Status.OPEN, expires_at__gt=clock.now())
    return [approval_row(asked) for asked in rows.order_by("expires_at", "id")]


def stands(*, owner_id: UUID, kind: str, given: Mapping[str, Any]) -> bool:
    """Whether a question of that kind, with these among its arguments, waits for an answer."""
    rows = Approval.objects.filter(owner_id=owner_id, kind=kind, given__contains=dict(given))
    return rows.filter(status=Approval.Status.OPEN, expires_at__gt=clock.now()).exists()


def past_approvals(*, owner_id: UUID, page: Any = 1) -> "Page[ApprovalRow]":
    """What is over, newest first."""
    rows = Approval.objects.filter(owner_id=owner_id).exclude(status=Approval.Status.OPEN)
    found: Any = Pages(rows.order_by("-created_at", "-id"), PAGE_ROWS).get_page(page)
    found.object_list = [approval_row(asked) for asked in found.object_list]
    return found  # type: ignore[no-any-return]  # rows of the table became rows of words


def of_status(rows: "QuerySet[Approval]", status: str) -> "QuerySet[Approval]":
    """Those that are told as such: what is too late is expired, whoever has noticed."""
    late = Q(status=Approval.Status.OPEN, expires_at__lte=clock.now())
    if status == Approval.Status.EXPIRED:
        return rows.filter(late | Q(status=status))
    return rows.filter(status=status).exclude(late)


def find_approval(*, owner_id: UUID, approval_id: UUID) -> Approval:
    """One of the owner's. Raises NotFoundError."""
    asked = Approval.objects.filter(owner_id=owner_id, pk=approval_id).first()
    if asked is None:
        raise NotFoundError("There is no such question.")
    return asked


def approval_row(asked: Approval) -> ApprovalRow:
    is_late = asked.is_open and asked.expires_at <= clock.now()
    status = Approval.Status.EXPIRED if is_late else Approval.Status(asked.status)
    return ApprovalRow(
        id=asked.pk,
        kind=asked.kind,
        label=label_of(asked.kind),
        verb=_verb(asked.kind),
        title=asked.title,
        lines=[Sentence.of(line) for line in asked.lines],
        reason=_quoted(asked.reason),
        asked_by=asked.asked_by,
        created_at=asked.created_at,
        expires_at=asked.expires_at,
        status=status.value,
        status_label=status.label,
        answered_at=asked.answered_at,
        answered_by=asked.answered_by,
        note=_quoted(asked.note),
        given=asked.given,
        result=asked.result,
        needs_owner=_needs_owner(asked.kind),
    )


def _quoted(text: str) -> Sentence:
    """Words of somebody else's: any figure in them may be an amount."""
    return sentence("{said}", said=quoted(text)) if text else Sentence()


def _verb(kind: str) -> str:
    try:
        return act_of(kind).verb
    except NotFoundError:
        return "Approve"


def _needs_owner(kind: str) -> bool:
    try:
        return act_of(kind).needs_owner
    except NotFoundError:
        return True
