"""Plans by method for programs: previewed, applied, taken back. The same services as the pages."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from kit.api import IdempotencyKey, Page, PageQuery, paginate
from kit.http import owner_of
from kit.users.access import MOVE, READ
from portfolio.allocation import selectors, services
from portfolio.allocation.asking import FEWEST_BACK, MOST_BACK, USUAL_BACK
from portfolio.allocation.comparing import compare_methods
from portfolio.allocation.risk import read_risk
from portfolio.allocation.schemas import (
    MethodApplyIn,
    MethodComparisonOut,
    MethodPlanBriefOut,
    MethodPlanOut,
    MethodPreviewIn,
    MethodTrackOut,
    RiskOut,
)
from portfolio.models import AllocationPlan
from wallets.hierarchy.places import get_wallet

router = Router()

DaysBack = Annotated[int, Query(ge=FEWEST_BACK, le=MOST_BACK)]


@router.post(
    "/wallets/{wallet_id}/plans/preview", auth=MOVE, response=MethodPlanOut, summary="Weigh a wallet's children"
)
def preview_method_plan(request: HttpRequest, wallet_id: UUID, body: MethodPreviewIn) -> Any:
    """Nothing moves yet: the answer says now, target and change of each child and why, and what would move.

    422 where fewer than two can be weighed, a price is missing, or no weights keep the constraints: the sentence says
    what is enough to relax.
    """
    return _plan(services.preview(owner_id=owner_of(request), wallet_id=wallet_id, asked=body.asked))


@router.get(
    "/wallets/{wallet_id}/plans/comparison",
    auth=READ,
    response=MethodComparisonOut,
    summary="All methods side by side on this history",
)
def compare_method_plans(request: HttpRequest, wallet_id: UUID, days: DaysBack = MOST_BACK) -> Any:
    """Walk-forward with costs, equal weights included; the verdict says when none beats them."""
    found = compare_methods(owner_id=owner_of(request), wallet_id=wallet_id, back=days)
    return {
        **{name: getattr(found, name) for name in ("verdict", "days", "lookback", "step", "cost")},
        "tracks": [{name: getattr(track, name) for name in MethodTrackOut.model_fields} for track in found.tracks],
    }


@router.get(
    "/wallets/{wallet_id}/risk", auth=READ, response=RiskOut, summary="The risk of a wallet's children, side by side"
)
def read_wallet_risk(request: HttpRequest, wallet_id: UUID, days: DaysBack = USUAL_BACK) -> Any:
    """The riskiest first, with the parts of each score, and how they move together; 422 where nothing is below it."""
    found = read_risk(owner_id=owner_of(request), wallet_id=wallet_id, back=days)
    measures = ("value", "share", "days", "drawdown", "volatility", "shortfall", "win_rate", "trades")
    return {
        "days": found.back,
        "children": [
            {
                "wallet_id": row.wallet.pk,
                "name": row.wallet.name,
                "risk_score": row.score and row.score.value,
                "risk_parts": dict(row.score.parts) if row.score else {},
                **{name: getattr(row, name) for name in measures},
            }
            for row in found.rows
        ],
        "correlations": [list(line) for line in found.correlations],
        "herfindahl": found.herfindahl,
        "left_out": found.left_out,
    }


@router.post("/wallets/{wallet_id}/plans", auth=MOVE, response={201: MethodPlanOut}, summary="Apply a plan by method")
def apply_method_plan(request: HttpRequest, wallet_id: UUID, body: MethodApplyIn, key: IdempotencyKey) -> Any:
    """All of its moves as one posting, or nothing: 409 where money has moved since, which asks for a new preview."""
    owner_id = owner_of(request)
    services.apply(owner_id=owner_id, wallet_id=wallet_id, plan_id=body.plan_id, key=key)
    return Status(201, _plan(selectors.find(owner_id=owner_id, plan_id=body.plan_id)))


@router.post("/plans/{plan_id}/undo", auth=MOVE, response={201: MethodPlanOut}, summary="Take a plan by method back")
def undo_method_plan(request: HttpRequest, plan_id: UUID) -> Any:
    """Every move the other way; 409 where the money is no longer there. A second time changes nothing."""
    services.undo(owner_id=owner_of(request), plan_id=plan_id)
    return Status(201, _plan(selectors.find(owner_id=owner_of(request), plan_id=plan_id)))


@router.get("/plans", auth=READ, response=Page[MethodPlanBriefOut], summary="Plans by method, newest first")
def list_method_plans(request: HttpRequest, query: Query[PageQuery], wallet_id: UUID | None = None) -> Any:
    if wallet_id is not None:
        get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    return paginate(selectors.rows_of(owner_id=owner_of(request), wallet_id=wallet_id), query, present=_brief)


@router.get("/plans/{plan_id}", auth=READ, response=MethodPlanOut, summary="One of them, with its moves")
def get_method_plan(request: HttpRequest, plan_id: UUID) -> Any:
    return _plan(selectors.find(owner_id=owner_of(request), plan_id=plan_id))


def _brief(row: AllocationPlan) -> dict[str, Any]:
    targets = selectors.targets_of(row)
    taken = ("wallet_id", "created_at", "method", "used", "asked", "base", "days", "capital", "notes")
    return {
        **{name: getattr(row, name) for name in taken},
        "plan_id": row.allocation_id,
        "status": row.allocation.status,
        "cash_weight": row.cash,
        "expected_return": row.expected_return,
        "volatility": row.volatility,
        "is_partial": any(one.is_short for one in targets),
        "targets": list(targets),
    }


def _plan(plan: selectors.MethodPlan) -> dict[str, Any]:
    moves = [
        {"source_id": line.source.pk, "target_id": line.target.pk, "asset": line.asset, "amount": line.amount}
        for line in plan.lines
        if line.source
    ]
    return {
        **_brief(plan.row),
        "moves": moves,
        "stays": plan.stays,
        "warnings": list(plan.warnings),
        "cost": plan.cost,
    }
