"""Pages that look back: who contributed what, month by month, two beside each other, and the report.

Every choice is in the address, and every form is a plain one, so that all of it works without JavaScript.
"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET

from kit import formatting
from kit.errors import InvalidInputError
from kit.http import HtmxRequest, missing_is_404, page_or_part, vary, wants_part
from kit.sentences import Sentence
from portfolio.reports import asking, charts, files
from portfolio.selectors.comparison import METRICS, Comparison, Metric, known
from portfolio.selectors.contribution import By, Contribution, Kind, shortened, shown
from portfolio.selectors.months import NAMES, Months
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.reckoning import Input
from portfolio.selectors.report import Length, Report
from portfolio.selectors.scope import Scope

PERIODS = [(period.value, period.value) for period in Period]
LENGTHS = [(length.value, length.value.title()) for length in Length]
STATISTICS = {
    "xirr", "annualised_return", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "value_at_risk",
    "expected_shortfall", "trades", "win_rate", "profit_factor",
}  # fmt: skip
BY = [(by.value, by.value.title()) for by in By]


@login_required
@require_GET
def contribution(request: HtmxRequest) -> HttpResponse:
    """The parts of the profit of a period: a page of its own, and the part that Portfolio fetches when it is seen."""
    return page_or_part(request, "reports/contribution.html", "contribution", _contribution(request))


@login_required
@require_GET
def months(request: HtmxRequest) -> HttpResponse:
    """Every month of every year: a page of its own, and the part that Portfolio fetches when it is seen."""
    return page_or_part(request, "reports/months.html", "months", _months(request))


@login_required
@require_GET
def past(request: HtmxRequest) -> HttpResponse:
    """Both of these, which Portfolio fetches together when they are seen; each goes on by itself from there."""
    if not wants_part(request):
        return redirect(f"{reverse('reports:contribution')}?{request.GET.urlencode()}")
    parts = {"contribution": _contribution(request), "months": _months(request)}
    told = {name: render_to_string(f"reports/{name}.html#{name}", context, request) for name, context in parts.items()}
    return vary(render(request, "reports/past.html", told))


@login_required
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Two accounts over the same days."""
    period, refused = asking.period_of(request.GET.dict())
    first, second = (request.GET.get(name, "").strip() for name in ("account", "against"))
    with missing_is_404():
        try:
            found = Comparison(owner=request.user, period=period, first=first, second=second)  # type: ignore[arg-type]  # signed in
        except InvalidInputError as error:
            refused = error.sentence
            found = Comparison(owner=request.user, period=period, first="", second="")  # type: ignore[arg-type]  # signed in
    revision = f"{found.pair[0].key} {found.pair[1].key} {period.value}"
    context = {
        "comparison": found,
        "refused": refused,
        "figure": charts.courses(found.courses, revision=revision) if found.courses else None,
        "sides": [("account", found.pair[0], "First"), ("against", found.pair[1], "Second")],
        "keep": [("account", found.pair[0].key), ("against", found.pair[1].key)],
    }
    return render(request, "reports/compare.html", context | _periods(period))


@login_required
@require_GET
def report(request: HttpRequest) -> HttpResponse:
    """What an account did in a month, a quarter, a year or from a day to a day; `?format=csv` is the file, which is
    refused where the page would show something else than was asked for."""
    frame, refused = asking.frame_of(request.GET.dict())
    with missing_is_404():
        try:
            found = Report(owner=request.user, key=request.GET.get("account", "").strip(), frame=frame)  # type: ignore[arg-type]  # signed in
        except InvalidInputError as error:
            refused = error.sentence
            found = Report(owner=request.user, key="", frame=frame)  # type: ignore[arg-type]  # signed in
    if request.GET.get("format") == "csv":
        return files.refused(refused) if refused else files.answer(found)
    left = found.not_in_holdings
    context = {
        "report": found,
        "refused": refused,
        "lengths": LENGTHS,
        "parts": shortened(shown(found.contribution.parts, found.base)) if found.is_known else (),
        "figure": charts.courses([found.course], revision=found.words)
        if found.is_known and len(found.course.line) > 1
        else None,
        "waterfall": charts.contribution(found.contribution) if found.is_known and found.contribution.parts else None,
        "not_in_holdings": None if left is None or formatting.is_dust(left, found.base) else left,
        "statistics": [_statistic(found, metric) for metric in METRICS if metric.name in STATISTICS],
        "keep": [("account", found.account.key)],
        "first": frame.span.first,
        "last": found.last,
        "csv": f"?{urlencode({**asking.asked_of(frame), 'account': found.account.key, 'format': 'csv'})}",
    }
    return render(request, "reports/report.html", context)


def _contribution(request: HttpRequest) -> dict[str, Any]:
    scope, refused = _scope(request)
    asked = request.GET.get("by", "")
    by = By(asked) if asked in set(By) else By.FARM
    found = Contribution.of(scope, by=by)
    parts = shortened(shown(found.parts, found.base))
    return {
        "home": scope,
        "refused": refused,
        "contribution": found,
        "parts": parts,
        "rates": any(part.kind is Kind.REST for part in parts),
        "figure": charts.contribution(found) if found.parts else None,
        "by": by.value,
        "bys": BY,
        "keep": [(name, request.GET.get(name, "")) for name in ("wallet", "by")],
        "address": f"{reverse('reports:contribution')}?{request.GET.urlencode()}",
        **_periods(scope.period),
    }


def _months(request: HttpRequest) -> dict[str, Any]:
    scope, _ = _scope(request, Period.WEEK)
    wallet = f"?wallet={scope.wallet.pk}" if scope.wallet else ""
    return {"home": scope, "months": Months(scope), "names": NAMES, "address": f"{reverse('reports:months')}{wallet}"}


def _statistic(found: Report, metric: Metric) -> dict[str, Any]:
    value = known(metric, found.course)
    return {"figure": metric.figure, "term": metric.term, "told": Input(metric.name, value, metric.kind, found.base)}


def _periods(period: Period | Span) -> dict[str, Any]:
    is_span = isinstance(period, Span)
    first, last = (period.first, period.last) if isinstance(period, Span) else (None, None)
    return {"periods": PERIODS, "period": period, "is_span": is_span, "first": first, "last": last}


def _scope(request: HttpRequest, period: Period | None = None) -> tuple[Scope, Sentence]:
    with missing_is_404(ValueError):
        wallet = UUID(text) if (text := request.GET.get("wallet", "")) else None
        asked, refused = (period, Sentence()) if period else asking.period_of(request.GET.dict())
        return Scope(owner=request.user, period=asked, wallet_id=wallet), refused  # type: ignore[arg-type]  # signed in
