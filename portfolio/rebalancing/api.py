"""Rules that rebalance for programs, and their runs. The same services as the pages."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from kit.api import Page, PageQuery, paginate
from kit.http import owner_of
from kit.users.access import MOVE, READ
from portfolio.rebalancing import rules, running, selectors
from portfolio.rebalancing.models import RebalanceRule, RebalanceRun
from portfolio.rebalancing.schemas import (
    RebalanceApproveIn,
    RebalanceRuleIn,
    RebalanceRuleOut,
    RebalanceRunOut,
    RunStatus,
)
from wallets.hierarchy.places import get_wallet

router = Router()


@router.get("/rebalancing", auth=READ, response=list[RebalanceRuleOut], summary="Rules that rebalance, oldest first")
def list_rebalance_rules(request: HttpRequest) -> Any:
    return [_rule(rule) for rule in selectors.rules_of(owner_id=owner_of(request))]


@router.get("/wallets/{wallet_id}/rebalancing", auth=READ, response=RebalanceRuleOut, summary="The rule of a wallet")
def get_rebalance_rule(request: HttpRequest, wallet_id: UUID) -> Any:
    return _rule(rules.find_rule(owner_id=owner_of(request), wallet_id=wallet_id))


@router.put(
    "/wallets/{wallet_id}/rebalancing", auth=MOVE, response=RebalanceRuleOut, summary="Let a wallet rebalance by itself"
)
def put_rebalance_rule(request: HttpRequest, wallet_id: UUID, body: RebalanceRuleIn) -> Any:
    """It replaces the rule that the wallet has; what of that one is put off or waits is over."""
    return _rule(rules.set_rule(owner_id=owner_of(request), wallet_id=wallet_id, wish=body.wish))


@router.delete("/wallets/{wallet_id}/rebalancing", auth=MOVE, response={204: None}, summary="Take the rule away")
def delete_rebalance_rule(request: HttpRequest, wallet_id: UUID) -> Any:
    """Its runs go with it; what they moved, and the plans, stay."""
    rules.remove_rule(owner_id=owner_of(request), wallet_id=wallet_id)
    return Status(204, None)


@router.get("/rebalancing/runs", auth=READ, response=Page[RebalanceRunOut], summary="What rules did, newest first")
def list_rebalance_runs(
    request: HttpRequest, query: Query[PageQuery], wallet_id: UUID | None = None, status: RunStatus | None = None
) -> Any:
    if wallet_id is not None:
        get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    rows = selectors.runs_of(
        owner_id=owner_of(request), wallet_id=wallet_id, statuses=[status] if status is not None else []
    )
    return paginate(rows, query, present=_run)


@router.get("/rebalancing/runs/{run_id}", auth=READ, response=RebalanceRunOut, summary="One of them")
def get_rebalance_run(request: HttpRequest, run_id: UUID) -> Any:
    return _run(selectors.find_run(owner_id=owner_of(request), run_id=run_id))


@router.post(
    "/rebalancing/runs/{run_id}/approve",
    auth=MOVE,
    response={200: RebalanceRunOut, 202: RebalanceRunOut},
    summary="Apply the plan that a run waits with",
)
def approve_rebalance_run(request: HttpRequest, run_id: UUID, body: RebalanceApproveIn) -> Any:
    """200: it is done, all of it at once. 202: money has moved since, so nothing was applied and the plan was worked
    out anew; `status` and `plan_id` say what now waits, if anything. 409 where the run does not wait with that plan, or
    something stands in the way."""
    owner_id = owner_of(request)
    run = running.approve(
        owner_id=owner_id, run=selectors.find_run(owner_id=owner_id, run_id=run_id), plan_id=body.plan_id
    )
    return Status(
        200 if run.status == RebalanceRun.Status.DONE else 202,
        _run(selectors.find_run(owner_id=owner_id, run_id=run_id)),
    )


@router.post(
    "/rebalancing/runs/{run_id}/decline", auth=MOVE, response=RebalanceRunOut, summary="Leave what a run wants to move"
)
def decline_rebalance_run(request: HttpRequest, run_id: UUID) -> Any:
    """Nothing of it is moved; the next one comes when it is due."""
    owner_id = owner_of(request)
    running.decline(owner_id=owner_id, run=selectors.find_run(owner_id=owner_id, run_id=run_id))
    return _run(selectors.find_run(owner_id=owner_id, run_id=run_id))


def _rule(rule: RebalanceRule) -> dict[str, Any]:
    found = selectors.standing_of(rule)
    names = (
        "id", "wallet_id", "is_on", "every", "on_day", "hour", "method", "asked", "band", "automatic_up_to",
        "approve_within", "after_goals",
    )  # fmt: skip
    return {
        **{name: getattr(rule, name) for name in names},
        "next_at": found.next_at,
        "put_off": list(found.in_the_way),
    }


def _run(run: RebalanceRun) -> dict[str, Any]:
    names = (
        "id", "due_at", "because", "status", "reason", "used", "base", "capital", "drift", "turnover", "cost", "notes",
        "expires_at", "settled_at", "taken_back_at",
    )  # fmt: skip
    return {
        **{name: getattr(run, name) for name in names},
        "wallet_id": run.rule.wallet_id,
        "method": run.rule.method,
        "plan_id": run.allocation_id,
        "targets": list(selectors.explained(run).targets),
    }
