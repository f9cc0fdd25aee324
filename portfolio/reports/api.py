"""Contributions, comparisons, months and reports for programs. The same readings as the pages."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from kit import clock, days
from kit.api import Day
from kit.decimals import plain
from kit.formatting import Missing
from portfolio.reports.charts import thinned
from portfolio.reports.schemas import ComparisonOut, ContributionOut, MonthsOut, ReportOut
from portfolio.selectors.calendar import Span as Stretch
from portfolio.selectors.comparison import MONEY, Comparison, Row
from portfolio.selectors.contribution import By, Contribution, Part
from portfolio.selectors.months import Months
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.report import Frame, Length, Report
from portfolio.selectors.scope import Scope

router = Router()


class PeriodQuery(Schema):
    """`?range=1M`, or `?from=2026-10-01&to=2026-10-31`: days of the reader, both included; they come before `range`."""

    range: Period = Period.ALL
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")


class FrameQuery(Schema):
    """`?period=quarter&at=2026-10-31`, the one that the day lies in, or `?from=2026-10-01&to=2026-10-31`."""

    period: Length = Length.MONTH
    at: Day | None = None
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")


@router.get("/contribution", response=ContributionOut, summary="What each farm or agent made of the profit")
def get_contribution(
    request: HttpRequest, period: Query[PeriodQuery], by: By = By.FARM, wallet_id: UUID | None = None
) -> Any:
    """Of all wallets together, or of one with everything below it."""
    asked = _period(period)
    found = Contribution.of(_scope(request, asked, wallet_id), by=by)
    return {
        "base": found.base, "range": asked.value, "by": by.value, "profit": found.total,
        "parts": [_part(part) for part in found.parts],
    }  # fmt: skip


@router.get("/months", response=MonthsOut, summary="Return and profit of every month and year")
def get_months(request: HttpRequest, wallet_id: UUID | None = None) -> Any:
    scope = _scope(request, Period.WEEK, wallet_id)
    years = [
        {
            "year": year.year,
            "months": [_stretch(span) for span in year.months if span],
            "whole": _stretch(year.whole) if year.whole else None,
        }
        for year in Months(scope).years
    ]
    return {"base": scope.base, "timezone": days.zone().key, "years": years}


@router.get("/comparison", response=ComparisonOut, summary="Two accounts over the same days")
def get_comparison(request: HttpRequest, period: Query[PeriodQuery], account: str = "", against: str = "") -> Any:
    """`account` and `against` are `fund`, or the id of a wallet or a connection."""
    found = Comparison(owner=request.user, period=_period(period), first=account, second=against)  # type: ignore[arg-type]  # signed in
    return {
        "first": found.pair[0],
        "second": found.pair[1],
        "since": found.span.first if found.span else None,
        "until": min(found.span.last or days.day_of(found.moment), days.day_of(found.moment)) if found.span else None,
        "whole_days": found.whole_days,
        "why_no_difference": found.why_no_difference,
        "metrics": [_metric(row) for row in found.rows],
        "curves": [
            [{"at": at, "twr": twr} for at, twr in thinned(course.line)] for course in found.courses or ()
        ],
    }  # fmt: skip


@router.get("/report", response=ReportOut, summary="What an account did in a month, a quarter, a year or chosen days")
def get_report(request: HttpRequest, frame: Query[FrameQuery], account: str = "") -> Any:
    """`account` is `fund`, or the id of a wallet or a connection; without it the fund."""
    found = Report(owner=request.user, key=account, frame=_frame(frame))  # type: ignore[arg-type]  # signed in
    is_known = found.is_known
    outcome = found.course.outcome
    return {
        "account": found.account,
        "base": found.base,
        "timezone": days.zone().key,
        "first": found.frame.span.first,
        "last": found.last,
        "is_over": found.is_over,
        "total": found.total if is_known else None,
        "realized": outcome.realized,
        "other": outcome.other,
        "performance": found.course.performance if is_known else None,
        "accounts": list(found.lines[1:]) if is_known else [],
        "contribution": [_part(part) for part in found.contribution.parts] if is_known else [],
        "holdings": list(found.holdings) if is_known else [],
        "not_in_holdings": found.not_in_holdings,
        "flows": [{"day": day, "flow": flow} for day, flow in found.flow_days] if is_known else [],
    }


def _part(part: Part) -> dict[str, Any]:
    names = ("name", "wallet_id", "role", "profit", "share", "base", "opening", "flows", "closing", "twr")
    return {"kind": part.kind.value, **{name: getattr(part, name) for name in names}}


def _stretch(span: Stretch) -> dict[str, Any]:
    return {"begins": span.begins, "profit": span.profit, "twr": span.twr, "equity": span.equity}


def _metric(row: Row) -> dict[str, Any]:
    first, second, difference = map(_number, (*row.values, row.difference))
    unit = row.units[0] if row.metric.kind in MONEY else ""
    return {"name": row.metric.name, "unit": unit, "first": first, "second": second, "difference": difference}


def _number(value: Any) -> str | None:
    if value is None or isinstance(value, Missing):
        return None
    return plain(value) if isinstance(value, Decimal) else repr(value)


def _period(asked: PeriodQuery) -> Period | Span:
    return Span.of(asked.since, asked.until) or asked.range


def _frame(asked: FrameQuery) -> Frame:
    if span := Span.of(asked.since, asked.until):
        return Frame(None, span)
    return Frame.around(asked.period, asked.at or days.day_of(clock.now()))


def _scope(request: HttpRequest, period: Period | Span, wallet_id: UUID | None) -> Scope:
    return Scope(owner=request.user, period=period, wallet_id=wallet_id)  # type: ignore[arg-type]  # signed in
