"""Goals for programs: make them, see how far they are, what they would move and what they have moved."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import AfterValidator, Field

from goals import selectors, services
from goals.drafts import told
from goals.models import GoalEvent, GoalMove, GoalProgress
from goals.plan import PLACES, Projection
from goals.selectors import GoalRow
from goals.words import pace_in_words
from kit.api import LEFT_OUT, Amount, Body, OptionalKey, Page, PageQuery, Words, paginate
from kit.http import owner_of
from kit.users.access import TRADE
from trading.models import Position

router = Router()

Kind = Literal["trade_volume", "profit_target", "strategy_performance", "equity", "custom"]
GoalStatus = Literal["draft", "active", "achieved", "missed", "cancelled"]


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


# A moment without a zone is UTC, as everywhere in this API.
Moment = Annotated[datetime, AfterValidator(_aware), Field(examples=["2026-12-31T00:00:00Z"])]


class TotalOut(Schema):
    """An amount of an asset."""

    asset: str
    amount: Amount


class PlanOut(Schema):
    """The straight plan at this moment, in the unit of what is measured. `pace` and `needed` are per day."""

    planned: Amount
    ahead: Amount
    pace: Amount | None
    needed: Amount | None


class StepOut(Schema):
    """An action that was begun when the goal ended."""

    number: int
    do: str
    status: str
    result: Words
    tries: int
    done_at: datetime | None


class GoalOut(Schema):
    """A goal and where it stands. Money in `base`, shares as fractions; `progress` from 0 to 1.

    `value` is of the first thing that is measured, null while it is unknown: `unknown` says why. `scope` are ids of
    wallets, or "fund". `state` is a word for how it does: behind, ahead, on plan, running, unknown, paused,
    scheduled, or its status.
    """

    id: UUID
    name: str
    kind: str
    status: str
    state: str
    is_paused: bool
    base: str
    target: dict[str, Any]
    target_words: Words
    starts_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    scope: list[UUID] | str
    actions: list[dict[str, Any]]
    on_miss: list[dict[str, Any]]
    accepts_changes: dict[str, Any] | None
    value: Amount | None
    progress: float
    is_reached: bool
    unknown: Words
    standing: Words
    pace: Words
    plan: PlanOut | None
    collected: list[TotalOut]
    rewarded: list[TotalOut]
    steps: list[StepOut]
    renews_id: UUID | None
    renewed_by_id: UUID | None


class GoalIn(Body):
    """`target`: a number, or `{measure, value, minimum_trades, minimum_days}`; of a custom goal `{match, conditions:
    [{metric, operator, value}]}`. `scope`: ids of wallets, or "fund". `actions` happen in their order once it is
    achieved: `{do: close | collect | distribute | pause | continue | renew, …}`; `on_miss` when its time is over:
    `{do: reduce | halt | return | extend | adjust, …}`."""

    name: str = Field(examples=["200 trades this month"])
    kind: Kind
    target: Any = Field(examples=[{"measure": "count", "value": "200"}])
    starts_at: Moment | None = Field(None, description="Now, if it is left out; what happened since then counts.")
    ends_at: Moment | None = Field(None, description="The deadline; without one it is never missed.")
    scope: Any = Field(examples=["fund"])
    actions: list[Any] = Field(default_factory=list, examples=[[{"do": "collect", "amount": "profit", "to": "master"}]])
    on_miss: list[Any] = Field(default_factory=list)
    accepts_changes: dict[str, Any] | None = None
    draft: bool = Field(False, description="Keep it as a draft: it begins with `/start`.")


class GoalChange(Body):
    """Fields that are left out stay as they are."""

    name: str = LEFT_OUT
    target: Any = LEFT_OUT
    starts_at: Moment = LEFT_OUT
    ends_at: Moment | None = LEFT_OUT
    scope: Any = LEFT_OUT
    actions: list[Any] = LEFT_OUT
    on_miss: list[Any] = LEFT_OUT
    accepts_changes: dict[str, Any] | None = LEFT_OUT


class GoalsQuery(Schema):
    """Which goals: of one status, and those that a wallet works for."""

    status: GoalStatus | None = None
    wallet_id: UUID | None = None


class MoveOut(Schema):
    """Money from one wallet to another, by their ids."""

    source: UUID
    source_name: str
    target: UUID
    target_name: str
    asset: str
    amount: Amount


class PreviewOut(Schema):
    """What would move if the goal were achieved now, in this order; `stays` says what would not, and why."""

    moves: list[MoveOut]
    stays: list[Words]
    totals: list[TotalOut]


class DoneMoveOut(MoveOut):
    """What a goal has moved: collected, or distributed as a reward."""

    id: int
    goal_id: UUID
    purpose: str
    posting_id: int
    created_at: datetime


class EventOut(Schema):
    """Something that happened to a goal."""

    id: int
    kind: str
    detail: Words
    created_at: datetime


class PointOut(Schema):
    """A point of the series: the value of what is measured, and the part of the way."""

    at: datetime
    value: Amount
    progress: float


class GoalTradeOut(Schema):
    """A closed trade that counts; `profit` net of all fees, in `quote`."""

    id: UUID
    wallet_id: UUID
    symbol: str
    quote: str
    closed_at: datetime
    profit: Amount


class ProjectionOut(Schema):
    """Where it leads if the days to come are like those so far: the middle, the range of eight in ten, and the part of
    the futures that reach the target."""

    middle: Amount
    low: Amount
    high: Amount
    chance: float


class SeriesOut(Schema):
    """How the goal came to where it is."""

    points: list[PointOut]
    projection: ProjectionOut | None


@router.get("/goals", response=list[GoalOut], summary="All goals with where they stand, worst first")
def list_goals(request: HttpRequest, query: Query[GoalsQuery]) -> Any:
    status = None if query.status is None else (query.status,)
    rows = selectors.goal_rows(owner_id=owner_of(request), status=status, wallet_id=query.wallet_id)
    return [_goal(row) for row in rows]


@router.post("/goals", response={201: GoalOut}, summary="Make a goal; it counts at once unless it is a draft")
def create_goal(request: HttpRequest, body: GoalIn, key: OptionalKey = None) -> Any:
    given = body.dict()
    goal = services.create(owner_id=owner_of(request), is_draft=given.pop("draft"), key=key or "", **given)
    return Status(201, _read(request, goal.pk))


@router.get("/goals/{goal_id}", response=GoalOut, summary="One goal: status, progress, plan")
def get_goal(request: HttpRequest, goal_id: UUID) -> Any:
    return _read(request, goal_id)


@router.patch("/goals/{goal_id}", response=GoalOut, summary="Change a goal that has not ended")
def change_goal(request: HttpRequest, goal_id: UUID, body: GoalChange) -> Any:
    services.change(owner_id=owner_of(request), goal_id=goal_id, **body.sent())
    return _read(request, goal_id)


@router.get("/goals/{goal_id}/preview", response=PreviewOut, summary="What it would move if it were achieved now")
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
    return {"points": [_point(point) for point in points], "projection": _projection(selectors.projection(row, points))}


@router.get("/goals/{goal_id}/trades", response=Page[GoalTradeOut], summary="The closed trades that count for it")
def goal_trades(request: HttpRequest, goal_id: UUID, query: Query[PageQuery]) -> Any:
    return paginate(
        selectors.trades(owner_id=owner_of(request), goal_id=goal_id), query, moment="closed_at", present=_trade
    )


@router.get("/goals/{goal_id}/moves", response=Page[DoneMoveOut], summary="What it has collected and distributed")
def goal_moves(request: HttpRequest, goal_id: UUID, query: Query[PageQuery]) -> Any:
    selectors.get_goal(owner_id=owner_of(request), goal_id=goal_id)
    return paginate(selectors.moves(owner_id=owner_of(request), goal_id=goal_id), query, present=_move)


@router.get("/goals/{goal_id}/events", response=Page[EventOut], summary="What happened to it, newest first")
def goal_events(request: HttpRequest, goal_id: UUID, query: Query[PageQuery]) -> Any:
    selectors.get_goal(owner_id=owner_of(request), goal_id=goal_id)
    return paginate(selectors.events(owner_id=owner_of(request), goal_id=goal_id), query, present=_event)


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
        "value": row.reading.value,
        "progress": row.reading.progress,
        "is_reached": row.reading.is_reached,
        "unknown": row.reading.unknown,
        "standing": row.standing,
        "pace": pace_in_words(row.target, row.plan, goal.base),
        "plan": row.plan,
        "collected": row.collected,
        "rewarded": row.rewarded,
        "steps": list(goal.steps.all()),
        "renewed_by_id": following.pk if following else None,
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
