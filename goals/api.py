"""Goals for programs: make them, see how far they are, what they would move and what they have moved."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from goals import selectors, services
from goals.cards import Comparison, GoalRow
from goals.drafts import told
from goals.models import Goal, GoalEvent, GoalMove, GoalProgress
from goals.plan import PLACES, Projection
from goals.schemas import (
    DoneMoveOut,
    GoalChange,
    GoalEventOut,
    GoalFillOut,
    GoalIn,
    GoalOut,
    GoalPreviewOut,
    GoalsQuery,
    GoalTradeOut,
    SeriesOut,
)
from goals.words import pace_in_words
from kit.api import OptionalKey, Page, PageQuery, paginate
from kit.http import owner_of
from kit.users.access import TRADE
from trading.models import Fill, Position
from wallets.hierarchy.places import get_wallet

router = Router()


@router.get("/goals", response=list[GoalOut], summary="Goals with where they stand, worst first")
def list_goals(request: HttpRequest, query: Query[GoalsQuery]) -> Any:
    """All that have not ended, and the hundred that ended last; `/goals/ended` has all of these page by page."""
    status = Goal.Status.values if query.status is None else (query.status,)
    _require_wallet(request, query)
    rows = selectors.goal_rows(owner_id=owner_of(request), status=status, wallet_id=query.wallet_id)
    return [_goal(row) for row in rows]


@router.get("/goals/ended", response=Page[GoalOut], summary="Goals that have ended, the newest end first")
def list_ended_goals(request: HttpRequest, query: Query[GoalsQuery], page: Query[PageQuery]) -> Any:
    owner_id = owner_of(request)
    _require_wallet(request, query)
    status = selectors.ENDED if query.status is None else (query.status,)
    ended = selectors.ended_goals(owner_id=owner_id, status=status, wallet_id=query.wallet_id)
    found = paginate(ended, page, moment="ended_at")
    return {**found, "items": [_goal(row) for row in selectors.rows_of(owner_id=owner_id, goals=found["items"])]}


@router.post("/goals", response={201: GoalOut}, summary="Make a goal; it counts at once unless it is a draft")
def create_goal(request: HttpRequest, body: GoalIn, key: OptionalKey = None) -> Any:
    given = body.all_fields()
    goal = services.create(owner_id=owner_of(request), is_draft=given.pop("draft"), key=key or "", **given)
    return Status(201, _read(request, goal.pk))


@router.get("/goals/{goal_id}", response=GoalOut, summary="One goal: status, progress, plan")
def get_goal(request: HttpRequest, goal_id: UUID) -> Any:
    return _read(request, goal_id)


@router.patch("/goals/{goal_id}", response=GoalOut, summary="Change a goal that has not ended")
def change_goal(request: HttpRequest, goal_id: UUID, body: GoalChange) -> Any:
    services.change(owner_id=owner_of(request), goal_id=goal_id, **body.sent())
    return _read(request, goal_id)


@router.get("/goals/{goal_id}/preview", response=GoalPreviewOut, summary="What it would move if it were achieved now")
def preview_goal(request: HttpRequest, goal_id: UUID) -> Any:
    """Exactly what is moved then, if nothing changes until then. Nothing is written."""
    found = selectors.preview(owner_id=owner_of(request), goal_id=goal_id)
    return {
        "moves": [
            {
                "source": move.source.pk,
                "source_name": move.source.name,
                "target": move.target.pk,
                "target_name": move.target.name,
                "asset": move.asset,
                "amount": move.amount,
            }
            for move in found.moves
        ],
        "stays": found.stays,
        "totals": [{"asset": asset, "amount": total} for asset, total in sorted(found.totals.items())],
    }


@router.post("/goals/{goal_id}/start", response=GoalOut, summary="Let a draft begin")
def start_goal(request: HttpRequest, goal_id: UUID) -> Any:
    services.activate(owner_id=owner_of(request), goal_id=goal_id)
    return _read(request, goal_id)


@router.post("/goals/{goal_id}/pause", auth=TRADE, response=GoalOut, summary="Let it count on, and not end")
def pause_goal(request: HttpRequest, goal_id: UUID) -> Any:
    services.pause(owner_id=owner_of(request), goal_id=goal_id)
    return _read(request, goal_id)


@router.post("/goals/{goal_id}/resume", auth=TRADE, response=GoalOut, summary="Let it end again")
def resume_goal(request: HttpRequest, goal_id: UUID) -> Any:
    services.resume(owner_id=owner_of(request), goal_id=goal_id)
    return _read(request, goal_id)


@router.post("/goals/{goal_id}/cancel", response=GoalOut, summary="End it, with nothing done")
def cancel_goal(request: HttpRequest, goal_id: UUID) -> Any:
    services.cancel(owner_id=owner_of(request), goal_id=goal_id)
    return _read(request, goal_id)


@router.get("/goals/{goal_id}/progress", response=SeriesOut, summary="The series behind its chart, and where it leads")
def goal_progress(request: HttpRequest, goal_id: UUID) -> Any:
    row = selectors.goal_row(owner_id=owner_of(request), goal_id=goal_id)
    points = selectors.series(owner_id=owner_of(request), goal_id=goal_id)
    return {"points": [_point(point) for point in points], "projection": _projection(selectors.projection(row))}


@router.get("/goals/{goal_id}/trades", response=Page[GoalTradeOut], summary="The closed trades that count for it")
def goal_trades(request: HttpRequest, goal_id: UUID, query: Query[PageQuery]) -> Any:
    return paginate(
        selectors.trades(owner_id=owner_of(request), goal_id=goal_id), query, moment="closed_at", present=_trade
    )


@router.get("/goals/{goal_id}/fills", response=Page[GoalFillOut], summary="The fills that count for it")
def goal_fills(request: HttpRequest, goal_id: UUID, query: Query[PageQuery]) -> Any:
    return paginate(
        selectors.fills(owner_id=owner_of(request), goal_id=goal_id), query, moment="filled_at", present=_fill
    )


@router.get("/goals/{goal_id}/moves", response=Page[DoneMoveOut], summary="What it has collected and distributed")
def goal_moves(request: HttpRequest, goal_id: UUID, query: Query[PageQuery]) -> Any:
    selectors.get_goal(owner_id=owner_of(request), goal_id=goal_id)
    return paginate(selectors.moves(owner_id=owner_of(request), goal_id=goal_id), query, present=_move)


@router.get("/goals/{goal_id}/events", response=Page[GoalEventOut], summary="What happened to it, newest first")
def goal_events(request: HttpRequest, goal_id: UUID, query: Query[PageQuery]) -> Any:
    selectors.get_goal(owner_id=owner_of(request), goal_id=goal_id)
    return paginate(selectors.events(owner_id=owner_of(request), goal_id=goal_id), query, present=_event)


def _require_wallet(request: HttpRequest, query: GoalsQuery) -> None:
    """Raises NotFoundError for a wallet that is not the owner's: the whole fund's goals would look like its own."""
    if query.wallet_id is not None:
        get_wallet(owner_id=owner_of(request), wallet_id=query.wallet_id)


def _read(request: HttpRequest, goal_id: UUID) -> dict[str, Any]:
    return _goal(selectors.goal_row(owner_id=owner_of(request), goal_id=goal_id))


def _goal(row: GoalRow) -> dict[str, Any]:
    goal = row.goal
    written = told(goal)
    names = ("id", "name", "kind", "status", "base", "starts_at", "ends_at", "ended_at", "created_at", "renews_id")
    following = next(iter(goal.renewals.all()), None)
    return {
        **{name: getattr(goal, name) for name in names},
        **{name: written[name] for name in ("target", "scope", "actions", "on_miss", "accepts_changes")},
        "state": row.state,
        "is_paused": row.is_paused,
        "target_words": row.wanted,
        "comparisons": [_comparison(one) for one in row.comparisons],
        "value": row.reading.value,
        "progress": row.reading.progress,
        "is_reached": row.reading.is_reached,
        "unknown": row.reading.unknown,
        "standing": row.standing,
        "pace": pace_in_words(row.target, row.plan, goal.base),
        "plan": row.plan,
        "collected": row.collected,
        "rewarded": row.rewarded,
        "assignments": list(goal.assignments.all()),
        "steps": list(goal.steps.all()),
        "renewed_by_id": following.pk if following else None,
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "metric": one.condition.metric.name,
        "operator": one.condition.operator,
        "threshold": one.condition.value,
        "value": one.found.value,
        "holds": one.found.holds,
        "unknown": one.found.unknown,
    }


def _projection(found: Projection | None) -> dict[str, Any] | None:
    """Its amounts are estimates, and told with as many digits as amounts have."""
    if found is None:
        return None
    amounts = {name: Decimal(repr(getattr(found, name))).quantize(PLACES) for name in ("middle", "low", "high")}
    return {**amounts, "chance": found.chance}


def _point(point: GoalProgress) -> dict[str, Any]:
    return {"at": point.at, "value": point.value, "progress": point.progress}


def _trade(trade: Position) -> dict[str, Any]:
    return {
        "id": trade.pk,
        "wallet_id": trade.wallet_id,
        "symbol": trade.instrument.symbol,
        "quote": trade.instrument.quote,
        "closed_at": trade.closed_at,
        "profit": Decimal(trade.realized_pnl),
    }


def _fill(fill: Fill) -> dict[str, Any]:
    names = ("order_id", "wallet_id", "side", "filled_at", "price", "quantity")
    told = {name: getattr(fill, name) for name in names}
    symbol, quote = fill.instrument.symbol, fill.instrument.quote
    return {**told, "id": fill.pk, "symbol": symbol, "quote": quote, "volume": fill.notional}


def _move(move: GoalMove) -> dict[str, Any]:
    return {
        "id": move.pk,
        "goal_id": move.goal_id,
        "purpose": move.purpose,
        "source": move.source_id,
        "source_name": move.source.name,
        "target": move.target_id,
        "target_name": move.target.name,
        "asset": move.asset,
        "amount": move.amount,
        "posting_id": move.posting_id,
        "created_at": move.created_at,
    }


def _event(event: GoalEvent) -> dict[str, Any]:
    return {"id": event.pk, "kind": event.kind, "detail": event.detail, "created_at": event.created_at}
