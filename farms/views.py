"""The pages of farms and agents: lists, what each does and why, and how they are made, started and paused."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from farms import charts, listing, selectors, services
from farms.composing.working import (
    require_sound_agent,
    require_sound_change,
    require_sound_farm,
    require_sound_start,
)
from farms.forms import AgentForm, FarmForm
from farms.models import Agent, AgentRun, Farm, StrategyVersion
from farms.policy.readings import policy_row
from kit.errors import ConflictError, MoniqoError
from kit.forms import explain
from kit.http import HtmxRequest, missing_is_404, owner_of, page_or_part, vary, wants_part
from kit.paging import Pages
from kit.sorting import understood
from quant import strategies
from quant.strategies import Strategy
from trading.models import Order
from trading.selectors import wallet_limits
from trading.selectors.ai_state import wished
from wallets.models import Wallet

Row = TypeVar("Row", Farm, Agent)

RUNS_SHOWN = 25
FIGURES = "agent-figures"  # the element that asks for what follows the price
SHOWN = (("", "Holds folded"), ("acted", "Decisions"), ("all", "All runs"))


# The bars of an agent, newest first or oldest first: by the index that lists them.
RUN_SORTS: Final = ("bar",)


@login_required
@require_GET
def farms(request: HtmxRequest) -> HttpResponse:
    """All farms with their agents, for a live update alone; of very many agents those of the farm that is `?open=…`."""
    sort = understood(request.GET.get("sort", ""), listing.SORTS)
    opened = request.GET.get("open", "")
    rows, is_folded = selectors.farm_list(owner_id=owner_of(request), most=listing.FEW, opened=opened)
    page = Pages(rows, listing.SHOWN).get_page(request.GET.get("page"))
    farms = listing.listed(list(page.object_list), sort, is_folded=is_folded, opened=opened)
    context = {"farms": farms, "page": page, "rows": rows, "sort": sort, "is_folded": is_folded}
    return page_or_part(request, "farms/list.html", "list", context)


@login_required
@require_GET
def farm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One farm: what its agents make of its money."""
    with missing_is_404():
        page = selectors.farm_page(owner_id=owner_of(request), farm_id=pk)
    sort = understood(request.GET.get("sort", ""), listing.SORTS)
    agents = listing.agents_of(page.farm, sort, request.GET.get("page"))
    context = {"page": page, "farm": page.farm, "agents": agents, "sort": sort, "chart": charts.profit_curve(page)}
    context["policy"] = policy_row(owner_id=owner_of(request), farm_id=pk)
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
def run_of_order(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the decision that placed this order, in the list of its agent; to the agent where a person or a stop did."""
    owner_id = owner_of(request)
    run = AgentRun.objects.filter(owner_id=owner_id, order_id=pk).first()
    if run is None:
        with missing_is_404(Order.DoesNotExist):
            placed = Order.objects.get(owner_id=owner_id, pk=pk)
        messages.info(request, "No decision at a candle's close placed this order: a stop, a target or a person did.")
        return redirect("farms:of-wallet", pk=placed.wallet_id)
    acted = selectors.agent_runs(owner_id=owner_id, agent_id=run.agent_id).exclude(decision=AgentRun.Decision.HOLD)
    page = acted.filter(bar__gt=run.bar).count() // RUNS_SHOWN + 1
    return redirect(f"{reverse('farms:agent', args=[run.agent_id])}?show=acted&page={page}#run-{run.pk}")


@login_required
@require_GET
def agent(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One agent: its market as it sees it, and why it did what it did; what follows the price alone for a live update.

    `?span=` says how far back its market is shown, `?show=` whether the bars on which it did nothing are folded, left
    out (`acted`) or listed one by one (`all`).
    """
    owner_id = owner_of(request)
    if wants_part(request) and request.htmx.target == FIGURES:
        with missing_is_404():
            row = selectors.agent_row(owner_id=owner_id, agent_id=pk)
        return vary(render(request, "farms/agent.html#now", {"agent": row, "is_fragment": True}))
    with missing_is_404():
        page = selectors.agent_page(owner_id=owner_id, agent_id=pk, span=request.GET.get("span", ""))
    given = request.GET.get("show", "")
    show = given if given in dict(SHOWN) else ""
    # Folds stand between decisions as time went by, newest first.
    sort = understood(request.GET.get("sort", ""), RUN_SORTS) if show else ""
    runs = selectors.agent_runs(owner_id=owner_id, agent_id=pk).order_by("bar" if sort == "bar" else "-bar")
    acted = runs.exclude(decision=AgentRun.Decision.HOLD)
    listed = Pages(runs if show == "all" else acted, RUNS_SHOWN).get_page(request.GET.get("page"))
    shown = [selectors.run_row(run) for run in listed.object_list] if show else selectors.folded(runs, listed)
    context = {
        "page": page,
        "agent": page.agent,
        "chart": charts.market(page) if len(page.candles) else None,
        "spans": [(span, span) for span in page.spans],
        "obstacle": wallet_limits(owner_id=owner_id, wallet_id=page.agent.wallet_id).obstacle_to(page.agent.symbol),
        "wish": wished(wallet_id=page.agent.wallet_id),
        "listed": listed,
        "runs": shown,
        "show": show,
        "sort": (sort or "-bar") if show else "",
        "options": SHOWN,
        "kept_days": settings.AGENT_RUN_DAYS,
        "noun": "runs" if show == "all" else "decisions",
        "held": sum(row.count for row in shown if isinstance(row, selectors.Fold)),
    }
    return vary(render(request, "farms/agent.html", context))


# --- starting and pausing ------------------------------------------------------------------------------------------


@login_required
@require_POST
def switch_farm(request: HttpRequest, pk: UUID, action: str) -> HttpResponse:
    """Start or pause a farm."""
    switch = services.start_farm if action == "start" else services.pause_farm
    try:
        with missing_is_404():
            if action == "start":
                require_sound_farm(owner_id=owner_of(request), farm_id=pk)
            changed = switch(owner_id=owner_of(request), farm_id=pk)
        messages.success(request, f"{changed.name} is {changed.get_status_display().lower()}.")
    except ConflictError as error:
        messages.error(request, str(error))
    return redirect("farms:farm", pk=pk)


@login_required
@require_POST
def switch_agent(request: HttpRequest, pk: UUID, action: str) -> HttpResponse:
    """Start or pause an agent."""
    switch = services.start_agent if action == "start" else services.pause_agent
    try:
        with missing_is_404():
            if action == "start":
                require_sound_start(owner_id=owner_of(request), agent_id=pk)
            changed = switch(owner_id=owner_of(request), agent_id=pk)
        messages.success(request, f"{changed.name} is {changed.get_status_display().lower()}.")
    except ConflictError as error:
        messages.error(request, str(error))
    return redirect("farms:agent", pk=pk)


# --- hiring --------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def new_farm(request: HttpRequest) -> HttpResponse:
    """Ask for a farm and make it; `?like=…` begins with another. Who has no master wallet makes that first."""
    if not Wallet.objects.filter(owner_id=owner_of(request), role=Wallet.Role.MASTER).exists():
        messages.info(request, "A farm works with a part of a master wallet's money: make that first.")
        return redirect("wallets:create")
    form = FarmForm(request.POST or None, like=_named_like(request, Farm.objects.select_related("wallet")))
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
def edit_farm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change what may be changed of a farm."""
    found = _owned(request, Farm.objects.exclude(wallet__role=Wallet.Role.POOL).select_related("wallet"), pk)
    form = FarmForm(request.POST or None, like=found, is_new=False)
    if form.is_valid():
        try:
            changed = services.update_farm(owner_id=owner_of(request), farm_id=pk, **form.cleaned_data)
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, f"{changed.name} is saved. It binds the next candle.")
            return redirect("farms:farm", pk=pk)
    return _form(request, form, title=f"Edit {found.name}", verb="Save the farm", farm=found)


@login_required
@require_http_methods(["GET", "POST"])
def hire(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for an agent of the farm and hire it. `?strategy=…` says which parameters are asked for.

    `?saved=…` says which version of a saved strategy it follows instead. `?like=…` begins with what another agent has,
    its rules included. Sent with `do=look` it makes nothing, and asks what the market that is chosen now has.
    """
    found = _owned(request, Farm.objects.select_related("wallet__connection"), pk)
    like: Agent | None = _named_like(request, Agent.objects.filter(farm=found).select_related("version__saved"))
    offered = _offered(found)
    saved = selectors.hireable_versions(owner_id=owner_of(request), farm=found)
    version = like.version if like else _version(request, found, saved)
    own = _strategy_of(like) or (version and strategies.get(version.saved.strategy))
    strategy = own or offered.get(request.GET.get("strategy", "")) or next(iter(offered.values()))
    allowed = wallet_limits(owner_id=owner_of(request), wallet_id=found.wallet_id).allowed_symbols
    venue = found.wallet.connection.venue
    is_looking = request.POST.get("do") == "look"
    form = AgentForm(
        request.POST or None, strategy=strategy, venue=venue, like=like, allowed=allowed, version=version,
        is_looking=is_looking,
    )  # fmt: skip
    if not is_looking and form.is_valid():
        given = form.cleaned_data
        try:
            rules: dict[str, Any] = {
                "strategy": strategy.slug, "parameters": None if version else form.parameters(),
                "version_id": form.version_id, "instrument_id": given["instrument"].pk, "timeframe": given["timeframe"],
            }  # fmt: skip
            require_sound_agent(**rules)
            made = services.create_agent(
                owner_id=owner_of(request),
                farm_id=pk,
                name=given["name"],
                **rules,
                sizing=given["sizing"],
                size=form.size,
                leverage=form.leverage_now,
            )
        except MoniqoError as error:
            explain(form, error, renamed={"instrument_id": "instrument", "size": _size_field(form)})
        else:
            messages.success(request, f"{made.name} is hired. Allocate money to it, then start it.")
            return redirect("farms:agent", pk=made.pk)
    options = [] if like else [(each.slug, each.name) for each in offered.values()]
    context = {"farm": found, "strategy": strategy, "strategies": options, "version": version}
    context["saved"] = [] if like else saved
    context["composes"] = services.allows(found.kind, Farm.Kind.CUSTOM)
    return _form(request, form, title=f"Hire an agent for {found.name}", verb="Hire the agent", **context)


@login_required
@require_http_methods(["GET", "POST"])
def edit_agent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change what may be changed of an agent: not its market and strategy, whose history it has."""
    found = _owned(request, Agent.objects.select_related("farm", "instrument", "version__saved"), pk)
    strategy = _strategy_of(found)
    if strategy is None:
        raise Http404("The strategy of this agent is not installed.")
    form = AgentForm(request.POST or None, strategy=strategy, venue="", like=found, is_new=False, version=found.version)
    if form.is_valid():
        given = form.cleaned_data
        try:
            rules: dict[str, Any] = {
                "owner_id": owner_of(request), "agent_id": pk, "timeframe": given["timeframe"],
                "parameters": form.parameters(), "version_id": form.version_id,
            }  # fmt: skip
            require_sound_change(**rules)
            changed = services.update_agent(
                name=given["name"], sizing=given["sizing"], size=form.size, leverage=form.leverage_now, **rules
            )
        except MoniqoError as error:
            explain(form, error, renamed={"size": _size_field(form), "version_id": "version"})
        else:
            messages.success(request, f"{changed.name} is saved. It binds the next candle.")
            return redirect("farms:agent", pk=pk)
    context = {"farm": found.farm, "strategy": strategy, "agent": found, "version": found.version}
    return _form(request, form, title=f"Edit {found.name}", verb="Save the agent", **context)


# --- archiving -----------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def archive_farm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what archiving does, then do it."""
    found = _owned(request, Farm.objects.select_related("wallet__parent"), pk)
    text = (
        "Its agents stop, and all free money goes up to the master wallet. Trades, orders and events stay. "
        "It is refused while a position or an order is open."
    )
    back = reverse("farms:farm", args=(pk,))
    return _archive(request, found, services.archive_farm, {"farm_id": pk}, text=text, back=back)


@login_required
@require_http_methods(["GET", "POST"])
def archive_agent(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what archiving does, then do it."""
    found = _owned(request, Agent.objects.select_related("farm"), pk)
    text = (
        f"It stops, and its free money goes up to {found.farm.name}. Trades, orders and events stay. "
        "It is refused while a position or an order of it is open."
    )
    back = reverse("farms:agent", args=(pk,))
    return _archive(request, found, services.archive_agent, {"agent_id": pk}, text=text, back=back)


def _archive(
    request: HttpRequest,
    found: Farm | Agent,
    archive: Callable[..., Farm | Agent],
    which: dict[str, UUID],
    *,
    text: str,
    back: str,
) -> HttpResponse:
    if request.method == "POST":
        try:
            done = archive(owner_id=owner_of(request), **which)
        except MoniqoError as error:
            messages.error(request, str(error))
            return redirect(back)
        messages.success(request, f"{done.name} is archived, its free money collected.")
        return redirect("farms:list")
    title = f"Archive {found.name}"
    context = {"title": title, "verb": title, "text": text, "cancel_url": back, "action": request.path, "danger": True}
    return render(request, "components/confirm_page.html", context)


def _owned(request: HttpRequest, rows: QuerySet[Row], pk: UUID) -> Row:
    found = rows.filter(pk=pk, owner_id=owner_of(request)).first()
    if found is None:
        raise Http404("There is no such farm or agent.")
    return found


def _named_like(request: HttpRequest, rows: Any) -> Any:
    """The one that `?like=…` names, under a name that is free to be taken; None without."""
    if not (text := request.GET.get("like", "")):
        return None
    with missing_is_404(ValueError):
        found = _owned(request, rows, UUID(text))
    found.name = f"{found.name[:70]} (copy)"
    return found


def _strategy_of(agent: Agent | None) -> Strategy | None:
    """The agent's own strategy, also one that a new form does not offer."""
    return next((each for each in strategies.catalog() if agent and each.slug == agent.strategy), None)


def _offered(farm: Farm) -> dict[str, Strategy]:
    """The strategies that a form can ask for and that the farm's kind allows."""
    simple = (strategy for strategy in strategies.catalog() if not strategy.is_composed)
    return {strategy.slug: strategy for strategy in simple if services.allows(farm.kind, strategy.slug)}


def _version(request: HttpRequest, farm: Farm, saved: Sequence[StrategyVersion]) -> StrategyVersion | None:
    """The saved rules that the address names; in a farm of composed rules the first, if it names none."""
    if not (text := request.GET.get("saved", "")):
        first = farm.kind == Farm.Kind.CUSTOM and "strategy" not in request.GET
        return next((one for one in saved if first and one.saved.strategy == farm.kind), None)
    found = next((one for one in saved if str(one.pk) == text), None)
    if found is None:
        raise Http404("There is no such saved strategy, or no market of this farm can follow it.")
    return found


def _size_field(form: AgentForm) -> str:
    return "risk_share" if form.cleaned_data.get("sizing") == Agent.Sizing.RISK else "cash_share"


def _form(request: HttpRequest, form: Form, **context: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "farms/form.html", {"form": form, **context}, status=status)
