"""Promotion from paper to a real account, for programs. The same services as the page."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status

from farms.promoting.schemas import PromotedOut, PromotionIn, PromotionsOut
from farms.selectors.promotions import promotions_of, standing_of
from farms.services.promoting import Override, promote_agent
from kit.api import IdempotencyKey
from kit.http import owner_of

router = Router()


@router.get(
    "/agents/{agent_id}/promotions", response=PromotionsOut, summary="Where it comes from, and what it lacks to go live"
)
def get_promotions(request: HttpRequest, agent_id: UUID) -> Any:
    owner_id = owner_of(request)
    now, found = standing_of(owner_id=owner_id, agent_id=agent_id), promotions_of(owner_id=owner_id, agent_id=agent_id)
    told = {name: getattr(now, name) for name in ("lacks", "override_words", "verdict_backtest_id")}
    return told | {"promoted_from": found.promoted_from, "promoted": found.promoted}


@router.post(
    "/agents/{agent_id}/promote", response={201: PromotedOut}, summary="Hire a copy of it, paused, at a real account"
)
def promote(request: HttpRequest, agent_id: UUID, body: PromotionIn, key: IdempotencyKey) -> Any:
    """The copy has the same rules, market, candles and size, and no money until it is funded.

    409 without a verdict in favour of its rules of the last 30 days, unless the owner's `override` says why not; for
    an agent at a real account already, and for a farm whose kind does not allow its strategy.
    """
    given = None if body.override is None else Override(body.override.words, body.override.reason)
    owner_id = owner_of(request)
    made = promote_agent(
        owner_id=owner_id, agent_id=agent_id, farm_id=body.farm_id, key=key, name=body.name, override=given
    )
    return Status(201, promotions_of(owner_id=owner_id, agent_id=made.pk).promoted_from)
