"""Pages of saved strategies: listed, written, looked at and changed. They work without JavaScript."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from farms.composing import changes, raw, readings, saving
from farms.composing.checking import markets_with_candles
from farms.composing.forms import JSON, RENAMED, ComposeForm, as_json, digest
from farms.composing.preview import preview
from farms.composing.saving import Rules
from farms.models import Agent, SavedStrategy, StrategyVersion
from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import HtmxRequest, missing_is_404, owner_of, vary, wants_part
from kit.limits import KEY_LENGTH
from kit.paging import Pages
from markets.models import Instrument, Timeframe
from quant import strategies
from quant.errors import UnknownStrategyError
from quant.strategies import Strategy

SHOWN: Final = 25
COMPOSER: Final = "composer"  # the form that is made anew while somebody writes
FIRST: Final = "custom"


@login_required
@require_GET
def saved(request: HtmxRequest) -> HttpResponse:
    """Saved strategies by name; `?archived=1` those that were put away."""
    is_archived = request.GET.get("archived") == "1"
    found = readings.saved_strategies(owner_id=owner_of(request), archived=is_archived)
    others = readings.saved_strategies(owner_id=owner_of(request), archived=not is_archived)
    page = Pages(found, SHOWN).get_page(request.GET.get("page"))
    context = {"page": page, "rows": readings.strategy_rows(list(page.object_list)), "is_archived": is_archived}
    context["has_others"] = others.exists()
    return render(request, "strategies/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HtmxRequest) -> HttpResponse:
    """Write a strategy: `?strategy=` says which, `?agent=` begins with an agent's rules, `?like=` with a version's.

    `?market=` and `?timeframe=` say on whose candles the signals are drawn at first.
    """
    slug, begins, where = _beginning(request)
    strategy = _installed(slug or request.GET.get("strategy", "") or FIRST)
    options = [] if slug else [(one.slug, one.name) for one in strategies.catalog()]
    return _compose(request, strategy, begins, where, context={"title": "New strategy", "strategies": options})


@login_required
@require_GET
def strategy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One saved strategy: its rules in words, who follows them, and what was changed when."""
    with missing_is_404():
        found = readings.saved_strategy(owner_id=owner_of(request), strategy_id=pk)
    versions = readings.versions_of(found)
    known = {one.slug: one for one in strategies.catalog()}
    context = {
        "saved": found,
        "strategy": known.get(found.strategy),
        "newest": versions[0],
        "versions": versions,
        "rules": readings.in_words(found.strategy, versions[0].parameters),
        "document": as_json(versions[0].parameters),
    }
    return render(request, "strategies/strategy.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Change its name or its rules, which makes a new version and says first what differs."""
    with missing_is_404():
        found = readings.saved_strategy(owner_id=owner_of(request), strategy_id=pk)
    newest = readings.newest_version(found)
    where = {"name": found.name, "market": str(newest.instrument_id), "timeframe": newest.timeframe}
    context = {"title": f"Edit {found.name}", "saved": found}
    return _compose(
        request, _installed(found.strategy), newest.parameters, where, context=context, saved=found, newest=newest
    )


@login_required
@require_POST
def archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put it away, where nobody follows it."""
    return _act(request, saving.archive_strategy, pk, said="{name} is archived: it is offered nowhere any more.")


@login_required
@require_POST
def restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take it back."""
    return _act(request, saving.restore_strategy, pk, said="{name} is there again.")


def _act(request: HttpRequest, act: Callable[..., SavedStrategy], pk: UUID, *, said: str) -> HttpResponse:
    try:
        with missing_is_404():
            done = act(owner_id=owner_of(request), strategy_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said.format(name=done.name))
    return redirect("strategies:strategy", pk=pk)


def _compose(
    request: HtmxRequest,
    strategy: Strategy,
    begins: Mapping[str, Any],
    where: Mapping[str, str],
    *,
    context: dict[str, Any],
    saved: SavedStrategy | None = None,
    newest: StrategyVersion | None = None,
) -> HttpResponse:
    """The form as it begins, as it is after a row was added or a field changed, or what is wrong; saved if nothing."""
    markets = markets_with_candles()
    followers = _followers(saved) if saved else []
    posted = request.method == "POST"
    is_part = wants_part(request) and request.htmx.target == COMPOSER
    # Fields that change come by themselves; it is saved by the button, which loads the page.
    do = request.POST.get("do", "look" if is_part else "") if posted else "look"
    given = _given(request, where, markets, _followers_of(newest, followers))
    base = _number(given.get("base", "")) if posted else newest.number if newest else 0
    is_stale = newest is not None and base != newest.number
    is_json = given.get("view") == JSON
    branches = raw.read(request.POST.dict()) if posted else raw.spread(strategy, strategy.validate(begins))
    made: dict[str, Any] = {"strategy": strategy, "markets": markets, "followers": followers}
    form = ComposeForm(given, raw.act(branches, do), is_json=is_json, is_saving=not do, **made)
    if do in {JSON, "form"} and form.params is not None:
        # The other view of the same rules; what is wrong is put right in the view that it was written in.
        is_json = do == JSON
        given = {**given, "view": do, "document": as_json(form.params)}
        form = ComposeForm(given, raw.spread(strategy, form.params), is_json=is_json, **made)
    said = _changes(strategy, newest, form.params)
    seen = digest(form.params) if form.params is not None else ""
    meanwhile = readings.meanwhile(saved, base) if saved and base and is_stale else []
    if posted and not do and form.is_valid():
        if is_stale and base:
            form.add_error(None, "Somebody saved another version meanwhile: look at what it changed, then save yours.")
        elif newest is not None and (is_stale or (said and given.get("seen") != seen)):
            form.add_error(None, "Look at what changes, then save it.")
        elif (answer := _save(request, form, saved, said, base)) is not None:
            return answer
    if posted and not do and newest is not None:
        base = newest.number  # what was refused has said what it would undo
    context |= {
        "form": form,
        "strategy": strategy,
        "is_json": is_json,
        "preview": _preview(form),
        "changes": changes.told(said),
        "seen": seen,
        "newest": newest,
        "base": base,
        "key": request.POST.get("key") or str(uuid4()),
        "meanwhile": meanwhile,
    }
    refused = posted and not do
    if is_part:
        return vary(render(request, "strategies/compose.html#composer", context))
    return vary(render(request, "strategies/compose.html", context, status=422 if refused else 200))


def _save(
    request: HttpRequest, form: ComposeForm, saved: SavedStrategy | None, said: list[str], base: int
) -> HttpResponse | None:
    """Where to go when it is saved; None where the form says what is wrong."""
    owner_id, name = owner_of(request), form.cleaned_data["name"]
    rules = Rules(parameters=form.params or {}, instrument_id=form.market_id, timeframe=form.cleaned_data["timeframe"])
    try:
        if saved is None:
            # Pressed twice it is saved once; a key is the form's own, whoever fills it.
            key = request.POST.get("key", "")[:KEY_LENGTH]
            version = saving.save_strategy(
                owner_id=owner_id, name=name, strategy=form.strategy.slug, rules=rules, key=key
            )
            messages.success(request, f"{name} is saved. It was checked on {version.bars} candles.")
            return redirect("strategies:strategy", pk=version.saved_id)
        saving.change_strategy(
            owner_id=owner_id,
            strategy_id=saved.pk,
            base=base or None,
            name=name,
            rules=rules if said else None,
            agent_ids=form.agent_ids,
        )
    except MoniqoError as error:
        explain(form, error, renamed=RENAMED)
        return None
    messages.success(request, f"{name} is saved{' in a new version' if said else ''}.")
    return redirect("strategies:strategy", pk=saved.pk)


def _given(
    request: HttpRequest, where: Mapping[str, str], markets: list[Instrument], ticked: list[Agent]
) -> dict[str, Any]:
    """What stands in the fields that are not rules."""
    if request.method == "POST":
        own = {name: text for name, text in request.POST.items() if not name.startswith(f"{raw.ROOT}.")}
        return {**own, "agents": request.POST.getlist("agents")}
    usual = {"market": str(markets[0].pk) if markets else "", "timeframe": Timeframe.H1.value}
    asked = {name: text for name in usual if (text := request.GET.get(name, ""))}
    return {**usual, **where, **asked, "agents": [str(one.pk) for one in ticked]}


def _followers(saved: SavedStrategy) -> list[Agent]:
    """Agents that follow any version of it."""
    working = Agent.objects.filter(version__saved=saved).exclude(status=Agent.Status.ARCHIVED)
    return list(working.select_related("version", "instrument").order_by("name"))


def _followers_of(newest: StrategyVersion | None, followers: list[Agent]) -> list[Agent]:
    """Those that go on with the strategy as it changes: who was left with an older version stays with it."""
    return [one for one in followers if newest is not None and one.version_id == newest.pk]


def _number(text: str) -> int:
    """The number of a version, 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _beginning(request: HttpRequest) -> tuple[str, Mapping[str, Any], dict[str, str]]:
    """The strategy, parameters and places that the address names; none and nothing without."""
    owner_id = owner_of(request)
    if text := request.GET.get("agent", ""):
        with missing_is_404(ValueError, Agent.DoesNotExist):
            agent = Agent.objects.get(owner_id=owner_id, pk=UUID(text))
        return agent.strategy, agent.parameters, {"market": str(agent.instrument_id), "timeframe": agent.timeframe}
    if text := request.GET.get("like", ""):
        with missing_is_404(ValueError, StrategyVersion.DoesNotExist):
            version = StrategyVersion.objects.select_related("saved").get(owner_id=owner_id, pk=UUID(text))
        where = {
            "name": f"{version.saved.name[:70]} (copy)",
            "market": str(version.instrument_id),
            "timeframe": version.timeframe,
        }
        return version.saved.strategy, version.parameters, where
    return "", {}, {}


def _installed(slug: str) -> Strategy:
    with missing_is_404(UnknownStrategyError):
        return strategies.get(slug)


def _changes(strategy: Strategy, newest: StrategyVersion | None, params: Mapping[str, Any] | None) -> list[str]:
    return [] if newest is None or params is None else changes.changes(strategy, newest.parameters, params)


def _preview(form: ComposeForm) -> Any:
    market, timeframe = form.shown_on, form.data.get("timeframe")
    if form.params is None or market is None or timeframe not in Timeframe.values:
        return None
    return preview(form.strategy, form.params, market, str(timeframe))
