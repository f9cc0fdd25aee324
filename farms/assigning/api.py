"""Farms for free agents, for programs. The same services as the page."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from farms.assigning.proposing import propose, take
from farms.assigning.schemas import ProposalOut, TakenIn, TakenOut, told
from kit.api import IdempotencyKey, may_answer
from kit.http import owner_of

router = Router()


@router.get(
    "/farms/{farm_id}/proposal",
    response=ProposalOut,
    summary="Which farms the free agents of a pool might work in",
    openapi_extra=may_answer(409),
)
def get_proposal(request: HttpRequest, farm_id: UUID) -> Any:
    """By the kind of their strategy, then by the lowest correlation of daily returns. 409 for what is no pool."""
    return told(propose(owner_id=owner_of(request), pool_id=farm_id))


@router.post("/farms/{farm_id}/proposal", response=list[TakenOut], summary="Move agents as it was proposed")
def take_proposal(request: HttpRequest, farm_id: UUID, body: TakenIn, key: IdempotencyKey) -> Any:
    """All of these lines or none. 409 where something else would be proposed by now."""
    lines = [(line.agent_id, line.farm_id) for line in body.lines]
    moved = take(owner_id=owner_of(request), pool_id=farm_id, seen=body.seen, lines=lines, key=key)
    return [{"agent_id": agent.pk, "farm_id": agent.farm_id} for agent in moved]
