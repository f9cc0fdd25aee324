"""From nothing to trading: the form, the review of what it makes, and the confirmation that makes it.

The first two are one address that changes nothing, so that a review can be reloaded; the last is a POST with the key
that the review made. All of it works without JavaScript.
"""

from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kit import formatting
from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import owner_of
from moniqo.start.forms import StartForm
from moniqo.start.recipes import Offer, Plan, find_offer, make_plan
from moniqo.start.services import start_with_play_money


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """GET asks, or reviews what is asked for by `?amount=…&recipe=…`; POST makes it."""
    offer = find_offer()
    if offer is None:
        return render(request, "start/form.html", {"form": None})
    given = request.POST if request.method == "POST" else request.GET if "amount" in request.GET else None
    form = StartForm(given, offer=offer)
    plan = _plan(form, offer)
    if plan is None:
        return _ask(request, form)
    if request.method != "POST":
        return render(
            request, "start/review.html", {"plan": plan, "amount": formatting.written(plan.amount), "key": uuid4()}
        )
    try:
        made = start_with_play_money(owner_id=owner_of(request), plan=plan, key=request.POST.get("key", ""))
    except MoniqoError as error:
        explain(form, error)
        return _ask(request, form)
    messages.success(request, f"{made.name} is running. Its agents decide at the close of their next candle.")
    return redirect("farms:farm", pk=made.pk)


def _plan(form: StartForm, offer: Offer) -> Plan | None:
    """What the form asks for; None while it is empty, or wrong, which it then says."""
    if not form.is_valid():
        return None
    try:
        return make_plan(offer=offer, recipe=form.cleaned_data["recipe"], amount=form.amount_given)
    except MoniqoError as error:
        explain(form, error)
        return None


def _ask(request: HttpRequest, form: StartForm) -> HttpResponse:
    return render(request, "start/form.html", {"form": form}, status=422 if form.is_bound else 200)
