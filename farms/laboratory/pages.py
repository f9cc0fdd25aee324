"""Pages of the laboratory: backtests listed, asked for, looked at and compared. They work without JavaScript."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from farms.laboratory import asking, charts, files, words
from farms.laboratory.assumed import begun, shown
from farms.laboratory.forms import RENAMED, BacktestForm, offered
from farms.laboratory.grid import month_rows
from farms.laboratory.outcome import trade_returns
from farms.laboratory.readings import Found, backtest_rows, backtests
from farms.models import Backtest, StrategyVersion
from farms.selectors import newest_versions
from kit.errors import MoniqoError
from kit.formatting import respelled
from kit.forms import explain
from kit.http import HtmxRequest, missing_is_404, named_row, owner_of, vary
from kit.paging import Pages
from kit.sorting import understood
from markets.candles.known import known_series
from quant import strategies
from quant.strategies import Strategy

SHOWN: Final = 25
TRADES_SHOWN: Final = 25
COMPARED: Final = 6
SORTS: Final = ("closed", "pnl", "return")


@login_required
@require_GET
def laboratory(request: HtmxRequest) -> HttpResponse:
    """The backtests, newest first."""
    page = Pages(backtests(owner_id=owner_of(request)), SHOWN).get_page(request.GET.get("page"))
    context = {"page": page, "rows": backtest_rows(list(page.object_list))}
    return vary(render(request, "laboratory/list.html", context))


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Ask for a backtest: `?strategy=` of these rules, `?agent=` of an agent's, `?version=` of saved ones.

    `?like=` asks as an earlier one.
    """
    known = offered()
    start = begun(request, backtests(owner_id=owner_of(request)), known)
    start |= _saved(request, start, known)
    form = BacktestForm(request.POST or None, known=known_series(), **start)
    if form.is_valid():
        try:
            made = asking.request_backtest(owner_id=owner_of(request), wish=form.wish())
        except MoniqoError as error:
            explain(form, error, renamed=RENAMED)
        else:
            return redirect("laboratory:backtest", pk=made.pk)
    context = shown(form, start, known)
    context["saved"] = newest_versions(owner_id=owner_of(request)) if context["strategies"] else []
    return render(request, "laboratory/new.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def backtest(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One backtest: how far it is, or what it found.

    `?market=` says whose candles are drawn, `?trade=` which trade is looked at, `?sort=` and `?page=` of the trades.
    """
    with missing_is_404():
        found = Found(owner_id=owner_of(request), backtest_id=pk)
    strategy = strategies.get(found.backtest.strategy)
    context: dict[str, Any] = {
        "row": found.row,
        "is_perpetual": any(one.is_perpetual for one in found.instruments),
        "sized": words.sized(found.backtest.assumptions["size"]),
        "settings": [
            (item.title, respelled(item.in_words(found.backtest.parameters.get(item.name, item.default))), item.help)
            for item in strategy.schema
        ],
    }
    if found.result is not None:
        context |= _result(request, found)
    return vary(render(request, "laboratory/backtest.html", context))


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End it before it is done."""
    return _act(request, asking.cancel_backtest, pk, said="It is cancelled.")


@login_required
@require_POST
def repeat(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the same again."""
    return _act(request, asking.repeat_backtest, pk, said="It is asked again: the same rules over the same time.")


@login_required
@require_GET
def trades(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Its trades as CSV."""
    with missing_is_404():
        return files.trades(Found(owner_id=owner_of(request), backtest_id=pk))


@login_required
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Backtests beside each other: `?id=` of each, two to six of those that have a result."""
    several = []
    for text in dict.fromkeys(request.GET.getlist("id")):
        with missing_is_404(ValueError):
            several.append(Found(owner_id=owner_of(request), backtest_id=UUID(text)))
    several = [found for found in several if found.result is not None][:COMPARED]
    names = [f"{chr(ord('A') + number)} {found.row.name}" for number, found in enumerate(several)]
    context: dict[str, Any] = {"several": [(name[0], found.row) for name, found in zip(names, several, strict=True)]}
    if len(several) > 1:
        tables = [(found.result.statistics if found.result else {}, found.row.quote) for found in several]
        context |= {
            "chart": charts.growth(several, names),
            "figures": [
                (figure, [(table.get(figure.name), quote) for table, quote in tables]) for figure in words.COMPARED
            ],
        }
    return render(request, "laboratory/compare.html", context)


def _saved(request: HttpRequest, start: dict[str, Any], known: Mapping[str, Strategy]) -> dict[str, Any]:
    """The version of a saved strategy that the form is of, and its strategy: one that was named, or the earlier one's.

    What of an earlier one is archived by now may be changed like any rules.
    """
    there = StrategyVersion.objects.filter(saved__archived_at=None, saved__strategy__in=known).select_related("saved")
    version: StrategyVersion | None = named_row(request, "version", there)
    if version is None and start["like"] is not None:
        version = there.filter(pk=start["like"].version_id).first()
    return {"version": version} | ({"strategy": known[version.saved.strategy]} if version else {})


def _result(request: HttpRequest, found: Found) -> dict[str, Any]:
    result = found.result
    assert result is not None  # noqa: S101 - for the type checker
    count = result.trade_count
    trade = _number(request.GET.get("trade", ""), count)
    place = _number(request.GET.get("market", ""), len(found.instruments))
    shown = found.trades.instrument[trade - 1] if trade and found.trades is not None else (place or 1) - 1
    sort = understood(request.GET.get("sort", ""), SORTS) or "-closed"
    page = Paginator(_order(found, sort), TRADES_SHOWN).get_page(request.GET.get("page"))
    months = result.breakdown["months"]
    return {
        "result": result,
        "verdict": found.verdict,
        "answers": found.answers,
        "figures": words.told(result.statistics, but=words.HEADLINE),
        "benchmark": result.benchmark,
        "equity_chart": charts.equity(found),
        "market_chart": charts.market(found, int(shown), trade=trade),
        "distribution_chart": charts.distribution(found) if count else None,
        "together": result.charts[int(shown)]["together"][0] if trade is None else 1,
        "trade": trade,
        "markets": [(str(number), one.symbol) for number, one in enumerate(found.instruments, start=1)],
        "market": str(int(shown) + 1),
        "years": month_rows(months),
        "reasons": [(words.REASONS.get(one["reason"], one["reason"]), one) for one in result.breakdown["reasons"]],
        "held": [(found.instruments[one["instrument"]], one) for one in result.breakdown["held"]],
        "is_marked_in_part": count > charts.MARKED,
        "page": page,
        "trades": found.trade_rows(page.object_list),
        "sort": sort,
    }


def _order(found: Found, sort: str) -> list[int]:
    """The numbers of the trades in this order."""
    trades = found.trades
    if trades is None:
        return []
    key = {"closed": np.arange(len(trades)), "pnl": trades.pnl, "return": trade_returns(trades)}
    order = np.argsort(key[sort.removeprefix("-")], kind="stable") + 1
    numbers: list[int] = (order[::-1] if sort.startswith("-") else order).tolist()
    return numbers


def _number(text: str, most: int) -> int | None:
    """The whole number from 1 to `most` that the text is, if it is one."""
    return int(text) if text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most else None


def _act(request: HttpRequest, act: Callable[..., Backtest], pk: UUID, *, said: str) -> HttpResponse:
    try:
        with missing_is_404():
            done = act(owner_id=owner_of(request), backtest_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
        return redirect("laboratory:backtest", pk=pk)
    messages.success(request, said)
    return redirect("laboratory:backtest", pk=done.pk)
