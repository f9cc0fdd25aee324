"""The pages of plans by method: the picker, then the plan with now, target, change and reason, applied or taken back.

Everything works without JavaScript: a form that makes a plan, and buttons that are forms.
"""

from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from portfolio.allocation import selectors, services
from portfolio.allocation.asking import USUAL_BACK
from portfolio.allocation.comparing import compare_methods
from portfolio.allocation.filters import traits_below
from portfolio.allocation.forms import OF_FORM, MethodForm
from portfolio.allocation.methods import CHOICES, label_of
from portfolio.allocation.risk import read_risk
from portfolio.rebalancing.rules import why_over
from wallets.hierarchy.wishes import read_books

EARLIER = 10
SPANS = (("30", "30 days"), ("", "90 days"), ("365", "1 year"))


@login_required
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The methods, each in two sentences, and what the weights must keep; sent, it keeps the plan and goes to it.

    `?method=` is the one that is chosen at first.
    """
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = read_books(owner_id).wallet(pk)
    method = request.GET.get("method", "")
    chosen = {"method": method} if method in CHOICES else {}
    form = MethodForm(request.POST or None, initial=chosen, traits=traits_below(owner_id, pk), label_suffix="")
    if form.is_valid():
        try:
            made = services.preview(owner_id=owner_id, wallet_id=pk, asked=form.asked())
        except MoniqoError as error:
            explain(form, error, renamed=OF_FORM)
        else:
            return redirect("allocation:plan", pk=made.id)
    rows = selectors.rows_of(owner_id=owner_id, wallet_id=pk)[:EARLIER]
    context = {
        "wallet": wallet,
        "form": form,
        "earlier": [(row, label_of(row.method)) for row in rows],
    }
    return render(request, "allocation/choose.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def compared(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All methods on this history; worked out when somebody asks for it."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = read_books(owner_id).wallet(pk)
    found, refusal = None, ""
    try:
        found = compare_methods(owner_id=owner_id, wallet_id=pk)
    except MoniqoError as error:
        refusal = str(error)
    rows = [(label_of(track.method), track) for track in found.tracks] if found else []
    context = {"wallet": wallet, "found": found, "rows": rows, "refusal": refusal}
    return render(request, "allocation/compared.html", context, status=422 if refusal else 200)


@login_required
@require_GET
def risk(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What stands under a wallet, side by side by its risk, and how it moves together."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = read_books(owner_id).wallet(pk)
    found, refusal = None, ""
    try:
        found = read_risk(owner_id=owner_id, wallet_id=pk, back=_days(request))
    except MoniqoError as error:
        refusal = str(error)
    context = {
        "wallet": wallet,
        "found": found,
        "refusal": refusal,
        "spans": SPANS,
        "span": request.GET.get("days", ""),
    }
    return render(request, "allocation/risk.html", context, status=422 if refusal else 200)


def _days(request: HttpRequest) -> int:
    """The days that are asked for; what is none of the choices is not listened to."""
    asked = request.GET.get("days", "")
    return int(asked) if asked in dict(SPANS) and asked else USUAL_BACK


@login_required
@require_GET
def plan(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A plan by method, or what became of it."""
    owner_id = owner_of(request)
    with missing_is_404():
        found = selectors.find(owner_id=owner_id, plan_id=pk)
    over = why_over(owner_id=owner_id, plan_id=pk) if found.is_open else None
    return render(request, "allocation/plan.html", {"plan": found, "row": found.row, "over": over, "key": uuid4().hex})


@login_required
@require_POST
def apply(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Move the money."""
    owner_id = owner_of(request)
    with missing_is_404():
        found = selectors.find(owner_id=owner_id, plan_id=pk)
    try:
        services.apply(owner_id=owner_id, wallet_id=found.row.wallet_id, plan_id=pk, key=request.POST.get("key", ""))
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is done, all of it at once.")
    return redirect("allocation:plan", pk=pk)


@login_required
@require_POST
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take it back."""
    try:
        with missing_is_404():
            services.undo(owner_id=owner_of(request), plan_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is taken back, all of it at once.")
    return redirect("allocation:plan", pk=pk)
