"""From nothing to trading in one request, for programs. The same plan and service as the page."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status

from kit.api import Amount, Body, IdempotencyKey, PositiveAmount, may_answer
from kit.errors import ConflictError
from kit.http import owner_of
from kit.users.access import EVERYTHING, READ
from moniqo.start.recipes import RECIPES, Member, Offer, Plan, find_offer, make_plan
from moniqo.start.services import start_with_play_money

router = Router()


class RecipeOut(Schema):
    slug: str
    name: str
    description: str
    kind: str


class OfferOut(Schema):
    """What play money can be tried with: an amount of `asset` from `least` to `most`, and a recipe."""

    asset: str
    prices: str
    least: Amount
    most: Amount
    usual: Amount
    recipes: list[RecipeOut]


class StartIn(Body):
    """How much play money, and the slug of a recipe."""

    amount: PositiveAmount
    recipe: Literal["calm", "breakout", "quick"] = "calm"


class MemberOut(Schema):
    """An agent as it will be made; `size` is the fraction of its cash that an entry takes (cash) or risks."""

    name: str
    strategy: str
    symbol: str
    timeframe: str
    parameters: dict[str, Any]
    sizing: str
    size: Amount
    amount: Amount
    target_weight: Amount


class StartPlanOut(Schema):
    """All that will be made. `left` stays in the master wallet; limits stand on the new account."""

    recipe: str
    asset: str
    amount: Amount
    to_farm: Amount
    left: Amount
    allowed_symbols: list[str]
    maximum_notional: Amount
    maximum_share: Amount
    maximum_daily_loss: Amount
    farm_share: Amount
    first_decision_at: datetime
    members: list[MemberOut]


class StartedOut(Schema):
    farm_id: UUID
    wallet_id: UUID
    master_id: UUID
    agent_ids: list[UUID]


@router.get(
    "/start", response=OfferOut, summary="What play money can be tried with here", openapi_extra=may_answer(409)
)
def get_offer(request: HttpRequest) -> Any:
    """409 while no market has a price."""
    offer = _offer()
    return {name: getattr(offer, name) for name in ("asset", "prices", "least", "most", "usual")} | {"recipes": RECIPES}


@router.post("/start/preview", auth=READ, response=StartPlanOut, summary="What a start would make; changes nothing")
def preview_start(request: HttpRequest, body: StartIn) -> Any:
    return _plan(make_plan(offer=_offer(), recipe=body.recipe, amount=body.amount))


@router.post(
    "/start", auth=EVERYTHING, response={201: StartedOut}, summary="Play money: make, fund, limit and start it"
)
def start(request: HttpRequest, body: StartIn, key: IdempotencyKey) -> Any:
    """An account, a master wallet, limits, a farm and its agents: all of it, or nothing. The same key makes it once."""
    plan = make_plan(offer=_offer(), recipe=body.recipe, amount=body.amount)
    farm = start_with_play_money(owner_id=owner_of(request), plan=plan, key=key)
    agents = list(farm.agents.order_by("created_at").values_list("pk", flat=True))
    made = {"farm_id": farm.pk, "wallet_id": farm.wallet_id, "master_id": farm.wallet.parent_id, "agent_ids": agents}
    return Status(201, made)


def _offer() -> Offer:
    offer = find_offer()
    if offer is None:
        raise ConflictError("No market has a price yet: wait until the feed brings one.")
    return offer


def _plan(plan: Plan) -> dict[str, Any]:
    names = (
        "asset",
        "amount",
        "to_farm",
        "left",
        "maximum_notional",
        "maximum_share",
        "maximum_daily_loss",
        "farm_share",
    )
    return {name: getattr(plan, name) for name in (*names, "first_decision_at")} | {
        "recipe": plan.recipe.slug,
        "allowed_symbols": plan.symbols,
        "members": [_member(member) for member in plan.members],
    }


def _member(member: Member) -> dict[str, Decimal | Any]:
    role = member.role
    return {
        "name": member.name,
        "strategy": role.strategy,
        "symbol": member.instrument.symbol,
        "timeframe": role.timeframe,
        "parameters": role.parameters,
        "sizing": role.sizing,
        "size": role.size,
        "amount": member.amount,
        "target_weight": member.weight,
    }
