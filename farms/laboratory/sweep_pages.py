"""Pages of sweeps: listed, asked for, watched, and looked at. They work without JavaScript."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from farms.laboratory import files, heat, words
from farms.laboratory.assumed import begun, shown
from farms.laboratory.forms import offered
from farms.laboratory.sweep_asking import backtest_trial, request_sweep
from farms.laboratory.sweep_forms import RENAMED, SweepForm, sweepable
from farms.laboratory.sweep_readings import FoundSweep, sweep_rows, sweeps
from farms.laboratory.sweeping import cancel_sweep
from kit.errors import MoniqoError
from kit.formatting import respelled
from kit.forms import explain
from kit.http import HtmxRequest, missing_is_404, owner_of, vary
from kit.paging import Pages
from markets.candles.known import known_series

SHOWN: Final = 25


@login_required
@require_GET
def listed(request: HtmxRequest) -> HttpResponse:
    """The sweeps, newest first."""
    page = Pages(sweeps(owner_id=owner_of(request)), SHOWN).get_page(request.GET.get("page"))
    return vary(render(request, "laboratory/sweeps.html", {"page": page, "rows": sweep_rows(list(page.object_list))}))


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Ask for a sweep: `?strategy=` of these rules, `?agent=` around an agent's, `?like=` as an earlier one."""
    known = {slug: strategy for slug, strategy in offered().items() if sweepable(strategy)}
    start = begun(request, sweeps(owner_id=owner_of(request)), known)
    form = SweepForm(request.POST or None, known=known_series(), **start)
    if form.is_valid():
        try:
            made = request_sweep(owner_id=owner_of(request), asked=form.asked())
        except MoniqoError as error:
            explain(form, error, renamed=RENAMED)
        else:
            return redirect("laboratory:sweep", pk=made.pk)
    context = shown(form, start, known)
    return render(request, "laboratory/new_sweep.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def sweep(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One sweep: how far it is, or what came of it. `?across=` and `?down=` are the parameters of its map."""
    with missing_is_404():
        found = FoundSweep(owner_id=owner_of(request), sweep_id=pk)
    schema = {item.name: item for item in found.strategy.schema}
    axes = found.row.axes
    context: dict[str, Any] = {
        "row": found.row,
        "is_perpetual": found.instrument.is_perpetual,
        "sized": words.sized(found.sweep.assumptions["size"]),
        "tried": [(schema[name].title, _values(found, name), schema[name].help) for name in axes],
        "fixed": [
            (item.title, respelled(item.in_words(found.sweep.parameters.get(item.name, item.default))), item.help)
            for item in found.strategy.schema
            if item.name not in axes
        ],
    }
    if found.result is not None:
        context |= _result(request, found)
    return vary(render(request, "laboratory/sweep.html", context))


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End it before it is done."""
    try:
        with missing_is_404():
            cancel_sweep(owner_id=owner_of(request), sweep_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is cancelled. What was tried of it is counted all the same.")
    return redirect("laboratory:sweep", pk=pk)


@login_required
@require_POST
def backtest(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Ask for the backtest of its trial of this number."""
    try:
        with missing_is_404():
            made = backtest_trial(owner_id=owner_of(request), sweep_id=pk, trial=number - 1)
    except MoniqoError as error:
        messages.error(request, str(error))
        return redirect("laboratory:sweep", pk=pk)
    messages.success(request, f"Trial {number} is asked for as a backtest.")
    return redirect("laboratory:backtest", pk=made.pk)


@login_required
@require_GET
def trials(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every trial as CSV."""
    with missing_is_404():
        return files.trials(FoundSweep(owner_id=owner_of(request), sweep_id=pk))


def _result(request: HttpRequest, found: FoundSweep) -> dict[str, Any]:
    result = found.result
    assert result is not None  # noqa: S101 - for the type checker
    names = list(found.row.axes)
    schema = {item.name: item for item in found.strategy.schema}
    across = _one_of(request.GET.get("across", ""), names, 0)
    others = [name for name in names if name != across]
    down = _one_of(request.GET.get("down", ""), others, 0) if others else ""
    plateaus = found.plateau_rows()
    (best,) = found.trial_rows([result.best + 1])
    return {
        "result": result,
        "best": best,
        "chosen": plateaus[0],
        "plateaus": [(one, _shown(found, one.parameters)) for one in plateaus],
        "names": [schema[name].title for name in names],
        "map": heat.heat_map(found, across, down),
        "across": across,
        "down": down,
        "across_options": [(name, schema[name].title) for name in names],
        "down_options": [(name, schema[name].title) for name in others],
        "lines": heat.parallel(found),
        "answers": found.answers,
    }


def _shown(found: FoundSweep, parameters: dict[str, Any]) -> list[str]:
    return [heat.in_words(found, name, value) for name, value in parameters.items()]


def _values(found: FoundSweep, name: str) -> str:
    """`5 – 50, 10 values`, or the choices themselves."""
    values = found.row.axes[name]
    told = [heat.in_words(found, name, value) for value in values]
    return ", ".join(told) if len(told) <= 4 else f"{told[0]} – {told[-1]}, {len(told)} values"


def _one_of(given: str, names: list[str], place: int) -> str:
    return given if given in names else names[place]
