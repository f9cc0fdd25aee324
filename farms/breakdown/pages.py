"""Pages of who and what made the profit, and of the history of each. They work without JavaScript."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from farms.breakdown import files
from farms.selectors.breakdown import USUAL, Breakdown, Dimension, account_of, choices, history_of, ratios_of
from kit import days
from kit.errors import InvalidInputError
from kit.http import missing_is_404
from kit.sentences import Sentence
from portfolio.selectors.accounts import FUND
from portfolio.selectors.calendar import Unit
from portfolio.selectors.histories import MOST, History
from portfolio.selectors.periods import Period, Span
from wallets.models import Wallet

PERIODS = [(period.value, period.value) for period in Period]
BYS = [(by.value, by.value.title()) for by in Dimension]
UNITS = [(unit.value, unit.value.title()) for unit in Unit]


@login_required
@require_GET
def breakdown(request: HttpRequest) -> HttpResponse:
    """`?by=` says of what, `?range=` or `?from=&to=` the period; `?format=csv` is the file."""
    asked = request.GET
    by = Dimension(asked["by"]) if asked.get("by", "") in set(Dimension) else Dimension.FARM
    refused = Sentence()
    period: Period | Span = Period.parse(asked.get("range", ""), otherwise=USUAL)
    if asked.get("range", "") not in set(Period):
        try:
            period = Span.parse(asked.get("from", "").strip(), asked.get("to", "").strip()) or period
        except InvalidInputError as error:
            refused = error.sentence
    found = Breakdown(owner=request.user, by=by, period=period)  # type: ignore[arg-type]  # signed in
    if asked.get("format") == "csv":
        return _refused(refused) if refused else files.breakdown(found)
    span = (period.first, period.last) if isinstance(period, Span) else (None, None)
    context = {
        "found": found,
        "refused": refused,
        "bys": BYS,
        "periods": PERIODS,
        "first": span[0],
        "last": span[1],
        "keep": [("by", by.value)],
        "days": _days(found),
        "csv": f"?{urlencode({**asked.dict(), 'format': 'csv'})}",
    }
    return render(request, "breakdown/breakdown.html", context)


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """`?account=` says whose, `?period=` by what, `?from=` and `?to=` the days; `?format=csv` is the file."""
    asked = request.GET
    unit = Unit.parse(asked.get("period", ""))
    refused = Sentence()
    with missing_is_404():
        try:
            account = account_of(asked.get("account", "").strip(), owner=request.user)  # type: ignore[arg-type]  # signed in
        except InvalidInputError as error:
            refused, account = error.sentence, account_of("", owner=request.user)  # type: ignore[arg-type]  # signed in
    given: dict[str, Any] = {"owner": request.user, "unit": unit}
    try:
        window = {name: days.read(asked.get(name, "").strip(), name=name) for name in ("from", "to")}
        found = history_of(account, **given, first=window["from"], last=window["to"])
    except InvalidInputError as error:
        refused, found = error.sentence, history_of(account, **given)
    if asked.get("format") == "csv":
        return _refused(refused) if refused else files.history(found)
    context = {
        "found": found,
        "explained": _explained(found),
        "ratios": ratios_of(found, owner=request.user),  # type: ignore[arg-type]  # signed in
        "refused": refused,
        "units": UNITS,
        "choices": choices(owner=request.user),  # type: ignore[arg-type]  # signed in
        "csv": f"?{urlencode({**asked.dict(), 'format': 'csv'})}",
    }
    return render(request, "breakdown/history.html", context)


def _days(found: Breakdown) -> str:
    """What the history of a line is asked for to tell of the same days: each of them, or months of more than a year."""
    first, last = found.days
    unit = Unit.DAY if (last - first).days < MOST[Unit.DAY] else Unit.MONTH
    return urlencode({"period": unit.value, "from": max(first, last - timedelta(days=MOST[unit] - 31)), "to": last})


def _explained(found: History) -> str:
    """What pages that explain a figure are asked for its days, empty where they tell of no such account."""
    account = found.account
    if account.kind != FUND and account.kind not in Wallet.Role.values:
        return ""
    scope = {} if account.kind == FUND else {"wallet": account.key}
    return urlencode({"from": found.first, "to": found.last, **scope})


def _refused(why: Sentence) -> HttpResponse:
    """Instead of a file of something else than was asked for."""
    return HttpResponse(str(why), content_type="text/plain; charset=utf-8", status=422)
