"""The portfolio for programs: the figures of the page, exact."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from kit import days
from kit.api import Amount, Day, Quotient
from portfolio.schemas import RatiosOut, Reworked
from portfolio.selectors import holdings
from portfolio.selectors.calendar import Calendar, Unit
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.scope import Scope
from portfolio.selectors.series import Change, Resolution, UnknownChange

router = Router()

# What is unknown, and not zero, as long as nothing that is held has a price.
WORTH: Final = (
    "equity", "invested", "derivatives_pnl", "unrealized_pnl", "realized_pnl", "fees", "gross_exposure", "net_exposure",
)  # fmt: skip


class ScopeQuery(Schema):
    """`?range=1M&wallet_id=<id>`, or `?from=2026-10-01&to=2026-10-31`; without a wallet all of them together.

    `from` and `to` are days of the reader, both included, and one of them may be left out; they come before `range`.
    A `from` that is after `to`, or that has not begun, is refused with 422.
    """

    range: Period = Period.ALL
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")
    wallet_id: UUID | None = None


class Measured(Schema):
    """The moment a period is measured from, and what stood then and at its end.

    A fund that began in the period began with nothing: its first money is a flow. What is not written down yet, because
    no sync has come since it began, begins now.
    """

    began: datetime | None
    opening: Amount | None
    closing: Amount | None


class ChangeOut(Measured):
    """What a period did; profit = market + realized + funding − fees + adjustments, exactly.

    opening + flows + profit = closing, exactly. `twr` and drawdowns are fractions; `funding` is what holding
    derivatives brought, received less paid. `began` is the moment it is measured from, the first of all with
    `range=All`; a fund that began in the period opened with "0", and its first money is a flow. All of it is null while
    the value now is unknown.
    """

    flows: Amount | None
    profit: Amount | None
    market: Amount | None
    realized: Amount | None
    funding: Amount | None
    fees: Amount | None
    adjustments: Amount | None
    twr: float | None
    max_drawdown: float | None
    current_drawdown: float | None


class SummaryOut(Reworked):
    """Amounts in `base`; exposures in `base` too, signed where net. `unpriced` assets are not counted anywhere.

    equity = cash + invested + derivatives_pnl, exactly; `unrealized_pnl` is that of open positions and of derivatives.

    Where nothing that is held has a price, its worth is unknown: null, and not "0".
    """

    at: datetime
    base: str
    equity: Amount | None
    cash: Amount
    invested: Amount | None
    derivatives_pnl: Amount | None
    unrealized_pnl: Amount | None
    realized_pnl: Amount | None
    fees: Amount | None
    gross_exposure: Amount | None
    net_exposure: Amount | None
    open_positions: int
    sharpe: float | None
    sharpe_days: int
    today: ChangeOut
    period: ChangeOut
    synced_at: datetime | None
    is_stale: bool
    stale_connections: list[str]
    unpriced: list[str]
    is_simulated: bool
    corrected_at: datetime | None = Field(
        description="As of the points of the period; null where nothing was corrected."
    )


class PointOut(Schema):
    at: datetime
    equity: Amount
    drawdown: float
    twr_index: float
    flow: Amount


class EquityOut(Reworked):
    """At most 480 points that keep every extreme; `flow` is the money that came in (+) or left (−) at the point.

    They are picked from values of every five minutes (`5m`) in a period of up to 7 days, of every hour (`1h`) in one of
    up to 31, and of every day (`1d`) in a longer one, or where the finer values are not kept any more;
    `resolution_reason` says why. Where a period begins or ends within an hour or a day, that part is finer. Drawdown is
    the same at each: hours and days remember the deepest fall within them. `corrected_at` is when a value of the period
    was corrected last, as after a trade that was told late, or written down afterwards; null where each stands as it
    was written.
    """

    base: str
    range: str = Field(description="A name of `range`, or `2026-10-01..2026-10-31`.")
    resolution: Resolution
    resolution_reason: str
    corrected_at: datetime | None
    points: list[PointOut]


class ShareOut(Schema):
    name: str
    value: Amount
    share: Quotient
    quantity: Amount | None = Field(None, description="Only by asset.")
    target: Amount | None = None
    drift: Quotient | None = None


class CompositionOut(Schema):
    base: str
    by: Literal["asset", "farm", "venue"]
    total: Amount | None = Field(description="Of what has a price; null where nothing has one.")
    shares: list[ShareOut]
    unpriced: list[str]


class DayOut(Schema):
    """change = flow + market + realized + funding − fees + adjustments, exactly."""

    day: date
    equity: Amount
    change: Amount
    flow: Amount
    market: Amount
    realized: Amount
    funding: Amount
    fees: Amount
    adjustments: Amount
    twr: float


class SpanOut(Schema):
    """profit = market + realized + funding − fees + adjustments, exactly.

    `equity` is at its close, `ends` its last day.

    Profit and trades are counted from midnight to midnight. A day that nobody closed then is closed afterwards, from
    the books and the prices of its midnight; where one of these is not known, it goes from the last value before it on.
    Null is what is not known: no value was written down then, or what is held cannot be valued now.
    """

    begins: date
    ends: date
    equity: Amount | None
    profit: Amount | None
    flow: Amount | None
    market: Amount | None
    realized: Amount | None
    funding: Amount | None
    fees: Amount | None
    adjustments: Amount | None
    twr: float | None
    trades: int
    won: int
    lost: int
    corrected_at: datetime | None = Field(
        description="When a value of its days that are over was corrected last, or written down afterwards."
    )


class CalendarOut(Reworked):
    """Spans of which something is known, oldest first; days are those of `timezone`, weeks begin on Monday.

    The window is a month of days, a quarter of weeks, a year of months or a decade; `previous` and `next` are days of
    those beside it for `at`, null where nothing is known of them.
    """

    base: str
    timezone: str
    period: Unit
    first: date
    last: date
    previous: date | None
    next: date | None
    total: SpanOut
    spans: list[SpanOut]


class PerformanceOut(RatiosOut, Measured, Reworked):
    """`began`, `opening` and `closing` as in the summary's period; `why_blank` says why a ratio is null."""

    why_blank: str
    daily: list[DayOut]


@router.get("/summary", response=SummaryOut, summary="What it is worth, what it earned, at what risk")
def summary(request: HttpRequest, scope: Query[ScopeQuery]) -> Any:
    figures = _figures(request, scope)
    now, freshness = figures.now, figures.freshness
    worth = {name: getattr(now, name) for name in SummaryOut.model_fields if hasattr(now, name)}
    return {
        **worth,
        **({} if now.is_known else dict.fromkeys(WORTH)),
        "base": figures.base,
        "open_positions": len(figures.positions),
        "sharpe": figures.performance.sharpe,
        "sharpe_days": figures.performance.days,
        "today": _change(figures, figures.today),
        "period": _change(figures, figures.change),
        "synced_at": freshness.synced_at,
        "stale_connections": [connection.name for connection in freshness.behind],
        "is_simulated": freshness.is_simulated,
        "corrected_at": figures.corrected_at,
    }


@router.get("/equity", response=EquityOut, summary="Value over time")
def equity(request: HttpRequest, scope: Query[ScopeQuery]) -> Any:
    figures = _figures(request, scope)
    chosen = figures.resolution
    return {
        "base": figures.base,
        "range": figures.period.value,
        "resolution": chosen.resolution,
        "resolution_reason": chosen.why,
        "corrected_at": figures.corrected_at,
        "points": list(figures.points),
    }


@router.get("/allocation", response=CompositionOut, summary="What it consists of, with targets and drift")
def allocation(request: HttpRequest, scope: Query[ScopeQuery], by: Literal["asset", "farm", "venue"] = "asset") -> Any:
    figures = _figures(request, scope)
    shares: dict[str, tuple[holdings.Share, ...]] = {
        "asset": figures.by_asset, "farm": figures.by_farm, "venue": figures.by_venue,
    }  # fmt: skip
    return {
        "base": figures.base,
        "by": by,
        "total": sum((share.value for share in shares[by]), Decimal(0)) if figures.now.is_known else None,
        "shares": [_share(share, by) for share in shares[by]],
        "unpriced": list(figures.now.unpriced),
    }


@router.get("/performance", response=PerformanceOut, summary="Return, risk and trades, and what changed each day")
def performance(request: HttpRequest, scope: Query[ScopeQuery]) -> Any:
    figures = _figures(request, scope)
    performance = figures.performance
    return {
        **{name: getattr(performance, name) for name in PerformanceOut.model_fields if hasattr(performance, name)},
        **{name: _change(figures, figures.change)[name] for name in Measured.model_fields},
        # As the page and the summary say them, up to now; the ratios rest on whole days.
        "total_return": figures.change.twr,
        "max_drawdown": figures.change.max_drawdown,
        "daily": list(figures.days),
    }


@router.get("/calendar", response=CalendarOut, summary="What each day, week, month or year made, and its trades")
def calendar(
    request: HttpRequest, wallet_id: UUID | None = None, period: Unit = Unit.DAY, at: Day | None = None
) -> Any:
    found = Calendar(_scope(request, Period.WEEK, wallet_id), unit=period, day=at)
    return {
        "base": found.scope.base,
        "timezone": days.zone().key,
        "period": found.unit,
        "first": found.window.first,
        "last": found.window.last,
        "previous": found.previous,
        "next": found.next,
        "total": found.total,
        "spans": list(found.spans),
    }


def _change(figures: Scope, change: Change | UnknownChange) -> dict[str, Any]:
    """A period as it is told: one that nothing is written down of yet, though its value is known, begins now; one that
    is measured from the last instant of a day begins at the reader's midnight."""
    told = {name: getattr(change, name) for name in ChangeOut.model_fields}
    if change.began is None:
        return told | ({"began": figures.moment} if change.closing is not None else {})
    return told | {"began": days.from_midnight(change.began)}


def _share(share: holdings.Share, by: str) -> dict[str, Any]:
    return {
        "name": share.name,
        "value": share.value,
        "share": share.share,
        "quantity": share.quantity if by == "asset" else None,
        "target": share.target,
        "drift": share.drift,
    }


def _figures(request: HttpRequest, scope: ScopeQuery) -> Scope:
    return _scope(request, Span.of(scope.since, scope.until) or scope.range, scope.wallet_id)


def _scope(request: HttpRequest, period: Period | Span, wallet_id: UUID | None) -> Scope:
    return Scope(owner=request.user, period=period, wallet_id=wallet_id)  # type: ignore[arg-type]  # signed in
