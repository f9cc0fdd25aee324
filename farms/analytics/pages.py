"""The pages that say how a farm or an agent does, and when. They work without JavaScript."""

from typing import Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from farms.analytics.reading import BACK, FEWEST_DAYS, Analytics
from kit import bars
from kit.figures import Figure
from kit.http import missing_is_404

# A goal's path is drawn so far beyond the line, a part of the line's length: a far deadline would leave it no room.
AHEAD: Final = 4


@login_required
@require_GET
def farm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How a farm does."""
    with missing_is_404():
        found = Analytics(owner=request.user, farm_id=pk)  # type: ignore[arg-type]  # signed in
    return _page(request, found)


@login_required
@require_GET
def agent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How an agent does."""
    with missing_is_404():
        found = Analytics(owner=request.user, agent_id=pk)  # type: ignore[arg-type]  # signed in
    return _page(request, found)


def _page(request: HttpRequest, found: Analytics) -> HttpResponse:
    tables = (
        ("h-regimes", "By regime", "what the market did in the twenty days before an entry", found.regimes),
        ("h-exits", "By exit", "what closed the trade", found.exits),
        ("h-hours", "By hour", "of the entry, in UTC", found.hours),
    )
    context = {
        "found": found,
        "chart": _chart(found) if len(found.line) > 1 else None,
        "tables": tables,
        "back": BACK,
        "fewest": FEWEST_DAYS,
    }
    return render(request, "farms/analytics.html", context)


def _chart(found: Analytics) -> Figure:
    lines = [(found.subject.name, found.line)]
    if found.held:
        lines.append((found.benchmark_name, found.held))
    first, last = found.line[0][0], found.line[-1][0]
    shown = last + (last - first) / AHEAD
    plans = [(f"Goal: {path.name}", path.upto(shown)) for path in found.paths]
    return bars.returns(lines, plans=plans, revision=str(found.subject.pk))
