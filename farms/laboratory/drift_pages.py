"""The page that holds an agent's fills against those of its backtest; it works without JavaScript."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from farms.laboratory.asking import compare_agent
from farms.laboratory.drift import drift_of
from kit.errors import MoniqoError, NotFoundError
from kit.http import HtmxRequest, missing_is_404, owner_of, vary
from kit.paging import Pages

SHOWN: Final = 50


@login_required
@require_http_methods(["GET", "POST"])
def drift(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """How far the agent's fills are from its backtest's; a POST asks for a backtest up to the present."""
    owner_id = owner_of(request)
    if request.method == "POST":
        with missing_is_404():
            try:
                compare_agent(owner_id=owner_id, agent_id=pk)
            except NotFoundError:
                raise
            except MoniqoError as error:
                messages.error(request, str(error))
        return redirect("laboratory:drift", pk=pk)
    with missing_is_404():
        found = drift_of(owner_id=owner_id, agent_id=pk)
    page = Pages(found.pairs, SHOWN).get_page(request.GET.get("page"))
    return vary(render(request, "laboratory/drift.html", {"found": found, "agent": found.agent, "page": page}))
