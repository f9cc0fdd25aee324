"""What programs ask their owner for: list, read, answer."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from kit.api import Body, Page, PageQuery, paginate
from kit.approvals import selectors, services
from kit.approvals.models import Approval
from kit.approvals.schemas import ApprovalOut
from kit.http import owner_of
from kit.users.models import Token

router = Router()


class ApprovalsQuery(PageQuery):
    """Which of them; left out: all."""

    status: Literal["open", "approved", "declined", "expired"] | None = None


class AnswerIn(Body):
    """Yes or no, and a word for whoever asked."""

    approved: bool
    note: str = Field("", max_length=200, description="Whoever asked reads it.")


@router.get("/approvals", response=Page[ApprovalOut], summary="What programs ask for, newest first")
def list_approvals(request: HttpRequest, query: Query[ApprovalsQuery]) -> Any:
    """`open` are those that wait for an answer; what nobody answered in time is `expired`."""
    rows = Approval.objects.filter(owner_id=owner_of(request))
    if query.status is not None:
        rows = selectors.of_status(rows, query.status)
    return paginate(rows, query, present=selectors.approval_row)


@router.get("/approvals/{uuid:approval_id}", response=ApprovalOut, summary="One question, and what came of it")
def get_approval(request: HttpRequest, approval_id: UUID) -> Any:
    return selectors.approval_row(selectors.find_approval(owner_id=owner_of(request), approval_id=approval_id))


@router.post("/approvals/{uuid:approval_id}/answer", response=ApprovalOut, summary="Answer a question, once")
def answer_approval(request: HttpRequest, approval_id: UUID, body: AnswerIn) -> Any:
    """What is approved is done at once, as if its owner had asked for it; `result` says what came of it. The same
    answer again changes nothing; another one, one that comes too late, and a yes to what a revoked token asked is
    refused with 409. 403 for the token that asked, for a yes without the scope that doing it needs (`trade`, `move`),
    and where only the owner says yes, in the browser."""
    token: Token | None = getattr(request, "token", None)
    done = services.answer(
        owner_id=owner_of(request), approval_id=approval_id, is_approved=body.approved, note=body.note, token=token
    )
    return selectors.approval_row(done)
