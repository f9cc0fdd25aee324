"""The pages of advice: what was asked and came of it, the owner's setting, an agent's level."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from farms.advice import asking, facts, reading, wanting, watching
from farms.advice.forms import AdviceForm, LevelForm, MarketForm, WatchForm
from farms.advice.honesty import by_agent, honesty
from kit.errors import InvalidInputError, MoniqoError, NotFoundError
from kit.forms import explain
from kit.http import HtmxRequest, missing_is_404, owner_of, vary
from kit.paging import Pages

SHOWN: Final = 25


@login_required
@require_GET
def listed(request: HtmxRequest) -> HttpResponse:
    """Every question, newest first."""
    owner_id = owner_of(request)
    page = Pages(reading.calls(owner_id=owner_id), SHOWN).get_page(request.GET.get("page"))
    rows = [reading.call_row(call) for call in page.object_list]
    context = {"page": page, "rows": rows, "wanted": reading.wanted(owner_id=owner_id)}
    return vary(render(request, "advice/list.html", context | {"is_open": any(row.is_open for row in rows)}))


@login_required
@require_GET
def call(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One question: what the model was told, what it said, and what became of it."""
    with missing_is_404():
        row = reading.find_call(owner_id=owner_of(request), call_id=pk)
    return render(request, "advice/call.html", {"row": row})


@login_required
@require_GET
def proposal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the question that a proposal answers; to all of them once its words are kept no longer."""
    with missing_is_404():
        call_id = reading.call_of(owner_id=owner_of(request), proposal_id=pk)
    return redirect("advice:list") if call_id is None else redirect("advice:call", pk=call_id)


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Turn advice on or off, choose where it is asked for, and say what it may use."""
    owner_id = owner_of(request)
    found = reading.wanted(owner_id=owner_id)
    form = AdviceForm(request.POST if request.method == "POST" else None, wanted=found)
    if form.is_valid():
        try:
            wanting.set_advice(
                owner_id=owner_id,
                is_on=form.cleaned_data["is_on"],
                endpoint_id=form.endpoint,
                budgets=form.budgets,
            )
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, "It is saved, and counts from the next question on.")
            return redirect("advice:settings")
    context = {"form": form, "wanted": found}
    return render(request, "advice/settings.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def level(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What advice may come to for one agent."""
    owner_id = owner_of(request)
    with missing_is_404():
        found = reading.of_agent(owner_id=owner_id, agent_id=pk)
    form = LevelForm(request.POST if request.method == "POST" else None, found=found)
    if form.is_valid():
        try:
            wanting.set_level(owner_id=owner_id, agent_id=pk, **form.cleaned_data)
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, "It is saved, and counts from the next question on.")
            return redirect("farms:agent", pk=pk)
    context: dict[str, Any] = {
        "form": form,
        "title": f"Advice for {found.agent.name}",
        "text": "A language model sees the agent's numbers and answers with a proposal. It can change no limit, and "
        "where real money is each of its proposals is a question to you.",
        "verb": "Save the level",
        "cancel_url": reverse("farms:agent", args=(pk,)),
    }
    return render(request, "components/form_page.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def card(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """The part of an agent's page that tells of advice: its level and the last of it."""
    with missing_is_404():
        found = reading.of_agent(owner_id=owner_of(request), agent_id=pk)
    return vary(render(request, "advice/card.html", {"found": found}))


@login_required
@require_http_methods(["GET", "POST"])
def farm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """At which candles a farm is asked about."""
    owner_id = owner_of(request)
    with missing_is_404():
        found = reading.of_thing(owner_id=owner_id, about=facts.find(owner_id=owner_id, farm_id=pk))
    form = WatchForm(request.POST if request.method == "POST" else None, found=found)
    if _watched(request, form, found):
        return redirect("farms:farm", pk=pk)
    context = {
        "form": form,
        "title": f"Advice for {found.words}",
        "text": "A language model sees the numbers of all markets of the farm and proposes for one of them. That is "
        "shown, and nothing else: what is done has its level at each agent.",
        "verb": "Save",
        "cancel_url": reverse("farms:farm", args=(pk,)),
    }
    return render(request, "components/form_page.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def farm_card(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """The part of a farm's page that tells of advice: when it is asked about, and the last of it."""
    owner_id = owner_of(request)
    with missing_is_404():
        found = reading.of_thing(owner_id=owner_id, about=facts.find(owner_id=owner_id, farm_id=pk))
    return vary(render(request, "advice/farm_card.html", {"found": found}))


@login_required
@require_GET
def markets(request: HttpRequest) -> HttpResponse:
    """Choose a market to ask about; and what is asked about at the close of candles."""
    form = MarketForm(request.GET if "market" in request.GET else None)
    if form.is_valid():
        return redirect("advice:market", form.cleaned_data["market"].pk, form.cleaned_data["timeframe"])
    context = {"form": form, "rows": reading.watch_rows(owner_id=owner_of(request))}
    return render(request, "advice/markets.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def market(request: HttpRequest, pk: int, timeframe: str) -> HttpResponse:
    """A market: the last that a model said of it, a button to ask, and at which candles it is asked about."""
    owner_id = owner_of(request)
    with missing_is_404(InvalidInputError):
        about = facts.find(owner_id=owner_id, instrument_id=pk, timeframe=timeframe)
        found = reading.of_thing(owner_id=owner_id, about=about)
    form = WatchForm(request.POST if request.method == "POST" else None, found=found)
    if _watched(request, form, found):
        return redirect("advice:market", pk, timeframe)
    return render(request, "advice/market.html", {"found": found, "form": form}, status=422 if form.is_bound else 200)


def _watched(request: HttpRequest, form: WatchForm, found: reading.OfThing) -> bool:
    """Whether it was saved; what is refused stands in the form."""
    if not form.is_valid():
        return False
    try:
        watching.set_watch(owner_id=owner_of(request), about=found.about, **form.cleaned_data)
    except MoniqoError as error:
        explain(form, error)
        return False
    messages.success(request, "It is saved, and counts from the next candle on.")
    return True


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask a model about an agent's market, a farm, a market or the portfolio, as the form says."""
    owner_id = owner_of(request)
    try:
        with missing_is_404(ValueError):
            agent_id, farm_id = (_named(request.POST, name) for name in ("agent_id", "farm_id"))
            market_id, timeframe = request.POST.get("instrument_id", ""), request.POST.get("timeframe", "")
            about = facts.find(
                owner_id=owner_id, agent_id=agent_id, farm_id=farm_id,
                instrument_id=int(market_id) if market_id else None, timeframe=timeframe,
            )  # fmt: skip
        asking.request_advice(owner_id=owner_id, about=about)
    except NotFoundError:
        raise
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "A model is asked; its answer stands here when it is there.")
    return redirect("advice:list")


@login_required
@require_GET
def honest(request: HtmxRequest) -> HttpResponse:
    """What was proposed against what happened then, of all agents or of one."""
    owner_id = owner_of(request)
    with missing_is_404(ValueError):
        agent_id = _named(request.GET, "agent")
        agent = None if agent_id is None else facts.find(owner_id=owner_id, agent_id=agent_id).agent
    made = reading.proposals(owner_id=owner_id)
    page = Pages(made if agent is None else made.filter(agent=agent), SHOWN).get_page(request.GET.get("page"))
    context = {
        "agent": agent,
        "found": honesty(owner_id=owner_id, agent_id=agent_id),
        "agents": by_agent(owner_id=owner_id),
        "page": page,
        "rows": [reading.proposal_row(one) for one in page.object_list],
    }
    return render(request, "advice/honesty.html", context)


def _named(given: QueryDict, name: str) -> UUID | None:
    text = given.get(name, "")
    return UUID(text) if text else None
