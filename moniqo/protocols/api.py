"""Asking the owner for something, for programs: each answers with the question, which stands until it is answered."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status

from kit.api import IdempotencyKey
from kit.approvals import services
from kit.approvals.schemas import ApprovalOut
from kit.approvals.selectors import approval_row
from kit.approvals.services import Source
from kit.http import owner_of
from kit.users import bindings
from kit.users.access import ASKING
from kit.users.models import Token
from moniqo.protocols.proposals import (
    AllocationAskIn,
    Asking,
    CollectionAskIn,
    GoalAskIn,
    HaltAskIn,
    LimitAskIn,
    OrderAskIn,
    WorkAskIn,
    wallets_of,
)

router = Router()


@router.post("/approvals/orders", auth=ASKING, response={201: ApprovalOut}, summary="Ask for an order")
def ask_for_order(request: HttpRequest, body: OrderAskIn, key: IdempotencyKey) -> Any:
    """Nothing is placed before its owner approves it, and the gate judges it then as it judges every order. What it
    would refuse now is not asked: 422 with its sentence."""
    return _ask(request, "order", body, key)


@router.post("/approvals/pauses", auth=ASKING, response={201: ApprovalOut}, summary="Ask for a pause")
def ask_for_pause(request: HttpRequest, body: WorkAskIn, key: IdempotencyKey) -> Any:
    """Of an agent or of a farm."""
    return _ask(request, "pause", body, key)


@router.post("/approvals/halts", auth=ASKING, response={201: ApprovalOut}, summary="Ask for an emergency stop")
def ask_for_halt(request: HttpRequest, body: HaltAskIn, key: IdempotencyKey) -> Any:
    """Of a wallet and all below it: orders are cancelled, positions keep their stops, and it only reduces."""
    return _ask(request, "halt", body, key)


@router.post("/approvals/starts", auth=ASKING, response={201: ApprovalOut}, summary="Ask to start an agent or a farm")
def ask_for_start(request: HttpRequest, body: WorkAskIn, key: IdempotencyKey) -> Any:
    """It acts from its next bar on, once its owner approves it."""
    return _ask(request, "resume", body, key)


@router.post("/approvals/allocations", auth=ASKING, response={201: ApprovalOut}, summary="Ask for an allocation")
def ask_for_allocation(request: HttpRequest, body: AllocationAskIn, key: IdempotencyKey) -> Any:
    """Money of a wallet to its child, once its owner approves it."""
    return _ask(request, "allocation", body, key)


@router.post("/approvals/collections", auth=ASKING, response={201: ApprovalOut}, summary="Ask for a collection")
def ask_for_collection(request: HttpRequest, body: CollectionAskIn, key: IdempotencyKey) -> Any:
    """Money of a wallet to its parent, once its owner approves it."""
    return _ask(request, "collection", body, key)


@router.post("/approvals/goals", auth=ASKING, response={201: ApprovalOut}, summary="Ask for a goal")
def ask_for_goal(request: HttpRequest, body: GoalAskIn, key: IdempotencyKey) -> Any:
    """It counts from when its owner approves it."""
    return _ask(request, "goal", body, key)


@router.post("/approvals/limits", auth=ASKING, response={201: ApprovalOut}, summary="Ask for another limit")
def ask_for_limit(request: HttpRequest, body: LimitAskIn, key: IdempotencyKey) -> Any:
    """Only its owner approves it, in the browser: no token does, whatever its scopes."""
    return _ask(request, "limit", body, key)


def _ask(request: HttpRequest, kind: str, body: Asking, key: str) -> Any:
    for wallet_id in wallets_of(owner_of(request), body):
        bindings.require_within(request, wallet_id)
    token: Token | None = getattr(request, "token", None)
    asked = services.ask(
        owner_id=owner_of(request),
        kind=kind,
        given=body.given,
        source=Source(token, key),
        reason=body.reason,
        lasts=timedelta(minutes=body.minutes),
    )
    return Status(201, approval_row(asked))
