"""The pages of a rule that rebalances: the rule with its form and its runs, and one run, approved or declined there.

Everything works without JavaScript.
"""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from portfolio.allocation.filters import traits_below
from portfolio.allocation.forms import OF_FORM
from portfolio.rebalancing import rules, running, selectors
from portfolio.rebalancing.forms import RebalanceForm, initial_of
from portfolio.rebalancing.models import RebalanceRule, RebalanceRun
from wallets.hierarchy.places import get_wallet

RUNS_SHOWN: Final = 30


@login_required
@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest, pk: UUID) -> HttpResponse:
    """When a wallet rebalances by itself and what came of it; sent, the form sets its rule anew and switches it on."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = get_wallet(owner_id=owner_id, wallet_id=pk)
    found = RebalanceRule.objects.select_related("wallet__connection").filter(owner_id=owner_id, wallet=pk).first()
    form = RebalanceForm(
        request.POST or None,
        initial=initial_of(found) if found else {},
        traits=traits_below(owner_id, pk),
        label_suffix="",
    )
    if form.is_valid():
        try:
            rules.set_rule(owner_id=owner_id, wallet_id=pk, wish=form.wish())
        except MoniqoError as error:
            explain(form, error, renamed={"every": "rhythm", "on_day": "rhythm", **OF_FORM})
        else:
            messages.success(request, f"{wallet.name} rebalances by itself from now on.")
            return redirect("rebalancing:rule", pk=pk)
    context = {
        "wallet": wallet,
        "why_none": rules.why_none(wallet),
        "standing": selectors.standing_of(found) if found else None,
        "form": form,
        "runs": selectors.runs_of(owner_id=owner_id, wallet_id=pk)[:RUNS_SHOWN] if found else [],
    }
    return render(request, "rebalancing/rule.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """On or off."""
    is_on = request.POST.get("is_on") == "on"
    with missing_is_404():
        rules.switch_rule(owner_id=owner_of(request), wallet_id=pk, is_on=is_on)
    messages.success(request, "The rule is on." if is_on else "The rule is off: nothing moves by itself.")
    return redirect("rebalancing:rule", pk=pk)


@login_required
@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the rule away."""
    with missing_is_404():
        rules.remove_rule(owner_id=owner_of(request), wallet_id=pk)
    messages.success(request, "The rule is gone; what it moved stays where it is.")
    return redirect("rebalancing:rule", pk=pk)


@login_required
@require_GET
def run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Why a run did what it did, weight by weight."""
    with missing_is_404():
        found = selectors.find_run(owner_id=owner_of(request), run_id=pk)
    context = {"run": found, "explained": selectors.explained(found), "wallet": found.rule.wallet}
    return render(request, "rebalancing/run.html", context)


@login_required
@require_POST
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Apply the plan that was looked at."""
    owner_id = owner_of(request)
    with missing_is_404(ValueError):
        found = selectors.find_run(owner_id=owner_id, run_id=pk)
        plan_id = UUID(request.POST.get("plan", ""))
    try:
        done = running.approve(owner_id=owner_id, run=found, plan_id=plan_id)
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        if done.status == RebalanceRun.Status.DONE:
            messages.success(request, "It is done, all of it at once.")
        else:
            messages.warning(request, "Money has moved since, so nothing was applied: look at it again.")
    return redirect("rebalancing:run", pk=pk)


@login_required
@require_POST
def decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Leave it."""
    owner_id = owner_of(request)
    try:
        with missing_is_404():
            running.decline(owner_id=owner_id, run=selectors.find_run(owner_id=owner_id, run_id=pk))
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is declined: nothing was moved.")
    return redirect("rebalancing:run", pk=pk)
