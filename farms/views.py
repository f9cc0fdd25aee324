"""The pages of farms and agents: lists, what each does and why, and how they are made, started and paused."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from farms import charts, selectors, services
from farms.forms import AgentForm, FarmForm
from farms.models import Agent, AgentRun, Farm
from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from quant import strategies
from quant.strategies import Strategy
from trading.selectors import wallet_limits
from wallets.models import Wallet

RUNS_SHOWN = 25
SHOWN = (("", "All runs"), ("acted", "Decisions"))


@login_required
@require_GET
def farms(request: HttpRequest) -> HttpResponse:
    """All farms with their agents."""
    return render(request, "farms/list.html", {"farms": selectors.farm_rows(owner_id=owner_of(request))})


@login_required
@require_GET
def farm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One farm: what its agents make of its money."""
    with missing_is_404():
        page = selectors.farm_page(owner_id=owner_of(request), farm_id=pk)
    context = {"page": page, "farm": page.farm, "chart": charts.profit_curve(page)}
    return render(request, "farms/farm.html", context)


@login_required
@require_GET
def of_wallet(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the farm or the agent that works with this wallet; to all farms where none does."""
    owner_id = owner_of(request)
    worker = Agent.objects.filter(wallet_id=pk, owner_id=owner_id).first()
    if worker is not None:
        return redirect("farms:agent", pk=worker.pk)
    found = Farm.objects.filter(wallet_id=pk, owner_id=owner_id).first()
    if found is not None:
        return redirect("farms:farm", pk=found.pk)
    messages.info(request, "No farm and no agent works with this wallet.")
    return redirect("farms:list")


@login_required
@require_GET
def agent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One agent: its market as it sees it, and why it did what it did. `?show=acted` leaves out the bars it held."""
    owner_id = owner_of(request)
    with missing_is_404():
        page = selectors.agent_page(owner_id=owner_id, agent_id=pk)
    show = request.GET.get("show", "")
    runs = selectors.agent_runs(owner_id=owner_id, agent_id=pk).order_by("-bar")
    if show == "acted":
        runs = runs.exclude(decision=AgentRun.Decision.HOLD)
    listed = Paginator(runs, RUNS_SHOWN).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "agent": page.agent,
        "chart": charts.market(page),
        "obstacle": wallet_limits(owner_id=owner_id, wallet_id=page.agent.wallet_id).obstacle_to(page.agent.symbol),
        "listed": listed,
        "runs": [selectors.run_row(run) for run in listed.object_list],
        "show": show,
        "options": SHOWN,
    }
    return render(request, "farms/agent.html", context)


# --- starting and pausing ------------------------------------------------------------------------------------------


@login_required
@require_POST
def switch_farm(request: HttpRequest, pk: UUID, action: str) -> HttpResponse:
    """Start or pause a farm."""
    switch = services.start_farm if action == "start" else services.pause_farm
    with missing_is_404():
        changed = switch(owner_id=owner_of(request), farm_id=pk)
    messages.success(request, f"{changed.name} is {changed.get_status_display().lower()}.")
    return redirect("farms:farm", pk=pk)


@login_required
@require_POST
def switch_agent(request: HttpRequest, pk: UUID, action: str) -> HttpResponse:
    """Start or pause an agent."""
    switch = services.start_agent if action == "start" else services.pause_agent
    with missing_is_404():
        changed = switch(owner_id=owner_of(request), agent_id=pk)
    messages.success(request, f"{changed.name} is {changed.get_status_display().lower()}.")
    return redirect("farms:agent", pk=pk)


# --- hiring --------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def new_farm(request: HttpRequest) -> HttpResponse:
    """Ask for a farm and make it; who has no master wallet makes that first."""
    if not Wallet.objects.filter(owner_id=owner_of(request), role=Wallet.Role.MASTER).exists():
        messages.info(request, "A farm works with a part of a master wallet's money: make that first.")
        return redirect("wallets:create")
    form = FarmForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = services.create_farm(
                owner_id=owner_of(request),
                master_id=given["master"].pk,
                name=given["name"],
                kind=given["kind"],
                maximum_share=given["maximum_share"],
                target_weight=given["target_weight"],
            )
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, f"{made.name} is there. Hire its first agent, then allocate money to it.")
            return redirect("farms:farm", pk=made.pk)
    return _form(request, form, title="New farm", verb="Make the farm")


@login_required
@require_http_methods(["GET", "POST"])
def hire(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for an agent of the farm and hire it. `?strategy=…` says which parameters are asked for."""
    found = Farm.objects.filter(pk=pk, owner_id=owner_of(request)).select_related("wallet__connection").first()
    if found is None:
        raise Http404("This farm does not exist.")
    offered = _offered(found)
    strategy = offered.get(request.GET.get("strategy", "")) or next(iter(offered.values()))
    form = AgentForm(request.POST or None, strategy=strategy, venue=found.wallet.connection.venue)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = services.create_agent(
                owner_id=owner_of(request),
                farm_id=pk,
                name=given["name"],
                strategy=strategy.slug,
                instrument_id=given["instrument"].pk,
                timeframe=given["timeframe"],
                parameters=form.parameters(),
                sizing=given["sizing"],
                size=form.size,
            )
        except MoniqoError as error:
            explain(form, error, renamed={"instrument_id": "instrument", "size": _size_field(form)})
        else:
            messages.success(request, f"{made.name} is hired. Allocate money to it, then start it.")
            return redirect("farms:agent", pk=made.pk)
    options = [(each.slug, each.name) for each in offered.values()]
    context = {"farm": found, "strategy": strategy, "strategies": options}
    return _form(request, form, title=f"Hire an agent for {found.name}", verb="Hire the agent", **context)


def _offered(farm: Farm) -> dict[str, Strategy]:
    """The strategies that a form can ask for, the farm's own kind first."""
    simple = [strategy for strategy in strategies.catalog() if not strategy.is_composed]
    simple.sort(key=lambda strategy: strategy.slug != farm.kind)
    return {strategy.slug: strategy for strategy in simple}


def _size_field(form: AgentForm) -> str:
    return "risk_share" if form.cleaned_data.get("sizing") == Agent.Sizing.RISK else "cash_share"


def _form(request: HttpRequest, form: Form, **context: Any) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "farms/form.html", {"form": form, **context}, status=status)
