"""The portfolio: one page whose regions can be asked for alone, and for each figure the page that explains it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kit import days
from kit.errors import InvalidInputError
from kit.http import HtmxRequest, missing_is_404, owner_of, page_or_part, vary
from kit.sentences import Sentence
from moniqo.home import charts
from moniqo.home.page import Home
from portfolio import services
from portfolio.selectors import explain as explanations
from portfolio.selectors.calendar import Calendar, Unit
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.reckoning import reckon
from portfolio.selectors.series import deepest_drawdown, flows_since
from trading.selectors.filters import PAGE_ROWS
from trading.selectors.trades import trades_since

PERIODS = [(period.value, period.value) for period in Period]
UNITS = {"value": "Value", "return": "Return"}
GROUPS = {"asset": "Asset", "farm": "Farm", "venue": "Venue"}
# What a live update or a switch asks for by the id of the element it replaces: the partials of home.html.
REGIONS = {
    "portfolio",
    "metrics",
    "needs",
    "equity",
    "allocation",
    "positions",
    "farms",
    "markets",
    "exposure",
    "activity",
    "progress",
}


@login_required
@require_GET
def home(request: HtmxRequest) -> HttpResponse:
    """The page, or the one region that HTMX will replace."""
    found = _home(request)
    region = request.htmx.target if request.htmx and request.htmx.target in REGIONS else None
    if region == "progress" and found.state.building is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    unit, group = _choice(request, "unit", UNITS), _choice(request, "by", GROUPS)
    context = {
        "home": found,
        "unit": unit,
        "group": group,
        "charts": Charts(found, unit=unit, group=group),
        "periods": PERIODS,
        "is_span": isinstance(found.period, Span),
        "units": UNITS.items(),
        "groups": GROUPS.items(),
    }
    template = f"portfolio/home.html#{region}" if region else "portfolio/home.html"
    return vary(render(request, template, context))


@login_required
@require_GET
def marks(request: HttpRequest) -> JsonResponse:
    """Fills and the ends of goals, as traces that the chart of the same address adds to its own once it is drawn."""
    found = _home(request)
    drawn = charts.equity(
        found.points, None, currency=found.base, as_return=_choice(request, "unit", UNITS) == "return"
    )  # fmt: skip
    return JsonResponse({"data": charts.events(drawn, found.fill_marks, found.goal_marks)})


@login_required
@require_GET
def explain(request: HtmxRequest, figure: str) -> HttpResponse:
    """What a figure is computed from."""
    found = _home(request)
    contexts: dict[str, Callable[[Home], dict[str, Any]]] = {
        "net-value": _explain_net_value,
        "profit": _explain_profit,
        "drawdown": _explain_drawdown,
        "day": lambda home: _explain_day(home, request),
    }
    context = {"home": found, "periods": [(period.value, period.value) for period in Period], "figure": figure}
    if figure not in contexts:
        reckoning = reckon(found, figure)
        if reckoning is None:
            raise Http404("There is no explanation of that figure.")
        return vary(render(request, "portfolio/explain_figure.html", context | {"reckoning": reckoning}))
    return vary(
        render(request, f"portfolio/explain_{figure.replace('-', '_')}.html", context | contexts[figure](found))
    )


@login_required
@require_GET
def calendar(request: HtmxRequest) -> HttpResponse:
    """What each day, week, month or year made: a page of its own, and the part that other pages fetch when it is seen.

    `?period=` is the unit, `?at=` a day of the window that is shown.
    """
    unit = Unit.parse(request.GET.get("period", ""))
    found, refused = _calendar(_home(request, Period.WEEK), unit, request, "at")
    context = {
        "calendar": found,
        "refused": refused,
        "home": found.scope,
        "units": [(one.value, one.title()) for one in Unit],
    }
    return page_or_part(request, "portfolio/calendar.html", "calendar", context)


@login_required
@require_GET
def statistics(request: HtmxRequest) -> HttpResponse:
    """Return, risk and trades of a scope: a page of its own, and the part that other pages fetch when it is seen."""
    context = {"home": _home(request), "periods": PERIODS}
    return page_or_part(request, "portfolio/statistics.html", "statistics", context)


@login_required
@require_POST
def sync(request: HttpRequest) -> HttpResponse:
    """Ask a worker to look at every venue now."""
    services.request_sync(owner_id=owner_of(request))
    messages.info(request, "Asking every venue now: the figures follow by themselves.")
    return redirect("portfolio:home")


class Charts:
    """The page's figures, built when a template asks for them."""

    def __init__(self, home: Home, *, unit: str, group: str) -> None:
        self._home = home
        self._unit = unit
        self._group = group

    @property
    def equity(self) -> dict[str, Any]:
        home = self._home
        revision = f"{home.scope} {home.period.value}"
        return charts.equity(
            home.points, home.benchmark, currency=home.base, as_return=self._unit == "return", revision=revision
        )

    @property
    def shares(self) -> Any:
        """The parts of the whole, as many as the ring shows."""
        return charts.largest(self._parts)

    @property
    def has_targets(self) -> bool:
        """Whether the ring of targets is drawn."""
        return any(share.target is not None for share in self.shares)

    @property
    def allocation(self) -> dict[str, Any]:
        return charts.allocation(self._parts, currency=self._home.base, unit=self._group)

    @property
    def _parts(self) -> Any:
        return {"asset": self._home.by_asset, "farm": self._home.by_farm, "venue": self._home.by_venue}[self._group]


def _explain_net_value(found: Home) -> dict[str, Any]:
    return {"worth": explanations.net_value(found.parameters)}


def _explain_profit(found: Home) -> dict[str, Any]:
    return {
        "flows": flows_since(scope=found.scope, base=found.base, start=found.start, until=found.end),
        "days": found.days,
    }


def _explain_drawdown(found: Home) -> dict[str, Any]:
    return {
        "trough": deepest_drawdown(scope=found.scope, base=found.base, start=found.start, until=found.end),
        "figure_data": charts.equity(found.points, None, currency=found.base),
    }


def _explain_day(found: Home, request: HttpRequest) -> dict[str, Any]:
    calendar, refused = _calendar(found, Unit.DAY, request, "day")
    shown = calendar.day
    span = next((span for span in calendar.spans if span.begins == shown), None)
    return {
        "day": shown,
        "refused": refused,
        "span": span,
        "before": shown - timedelta(days=1),
        "after": shown + timedelta(days=1) if shown < calendar.today else None,
        "trades": trades_since(
            owner_id=found.owner_id,
            since=span.since,
            until=span.until,
            wallet_ids=[found.wallet.pk] if found.wallet else None,
            limit=PAGE_ROWS,
        )
        if span and span.since and span.until
        else (),
    }


def _home(request: HttpRequest, period: Period | None = None) -> Home:
    with missing_is_404(ValueError):
        wallet = UUID(text) if (text := request.GET.get("wallet", "")) else None
        asked, refused = (period, Sentence()) if period else _period(request)
        found = Home(owner=request.user, period=asked, wallet_id=wallet)  # type: ignore[arg-type]  # signed in
        found.refused = refused
        return found


def _period(request: HttpRequest) -> tuple[Period | Span, Sentence]:
    """What is asked for by its name, else from a day to a day, else the usual one; and what is wrong with the days."""
    named, first, last = (request.GET.get(name, "").strip() for name in ("range", "from", "to"))
    if named in set(Period):
        return Period(named), Sentence()
    try:
        return Span.parse(first, last) or Period.parse(named), Sentence()
    except InvalidInputError as error:
        return Period.parse(""), error.sentence


def _calendar(found: Home, unit: Unit, request: HttpRequest, name: str) -> tuple[Calendar, Sentence]:
    """The calendar around the day that the parameter `name` says, and what is wrong with it: then it is today's."""
    try:
        day = days.read(request.GET.get(name, "").strip(), name=name)
        return Calendar(found, unit=unit, day=day), Sentence()
    except InvalidInputError as error:
        return Calendar(found, unit=unit), error.sentence


def _choice(request: HttpRequest, name: str, choices: dict[str, str]) -> str:
    """The chosen key of the address, or the first."""
    given = request.GET.get(name, "")
    return given if given in choices else next(iter(choices))
