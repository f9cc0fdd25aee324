"""Breakdowns and histories for programs. The same readings as the pages."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from farms.breakdown.schemas import BreakdownOut, HistoryOut
from farms.selectors.breakdown import USUAL, Breakdown, Dimension, account_of, history_of, ratios_of
from kit import days
from kit.api import Day
from portfolio.selectors.calendar import Unit
from portfolio.selectors.periods import Period, Span

router = Router()


class BreakdownQuery(Schema):
    """`?by=strategy&range=1M`, or `?by=asset&from=2026-10-01&to=2026-10-31`, which come before `range`."""

    by: Dimension = Dimension.FARM
    range: Period = USUAL
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")


class HistoryQuery(Schema):
    """`account` is `fund`, the id of a wallet or a connection, a strategy or an asset as `GET /portfolio/breakdown`
    names it: `asset:BTC:USDT` is BTC that is paid in USDT.

    Days from `from` to `to`, both included; by default as far back as the page goes.
    """

    account: str = Field("fund", max_length=120)
    period: Unit = Unit.DAY
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")


@router.get("/breakdown", response=BreakdownOut, summary="What each wallet, connection, strategy or asset made")
def get_breakdown(request: HttpRequest, query: Query[BreakdownQuery]) -> Any:
    period = Span.of(query.since, query.until) or query.range
    found = Breakdown(owner=request.user, by=query.by, period=period)  # type: ignore[arg-type]  # signed in
    is_of_assets = query.by is Dimension.ASSET
    return {
        "by": query.by.value,
        "range": period.value,
        "lines": [] if is_of_assets else list(found.lines),
        "assets": list(found.assets) if is_of_assets else [],
    }


@router.get("/history", response=HistoryOut, summary="Days, weeks, months or years of an account, with their trades")
def get_history(request: HttpRequest, query: Query[HistoryQuery]) -> Any:
    owner = request.user
    account = account_of(query.account, owner=owner)  # type: ignore[arg-type]  # signed in
    found = history_of(account, owner=owner, unit=query.period, first=query.since, last=query.until)  # type: ignore[arg-type]  # signed in
    return {
        "account": account.key,
        "name": account.name,
        "base": account.base,
        "timezone": days.zone().key,
        "period": query.period.value,
        "first": found.first,
        "last": found.last,
        "rows": list(found.rows),
        "total": found.total,
        "ratios": ratios_of(found, owner=owner),  # type: ignore[arg-type]  # signed in
    }
