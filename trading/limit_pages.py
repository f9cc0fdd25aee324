"""Limits, which are the user's: what a connection or a wallet allows, beside what the whole path comes to.

And what a wallet's agent asks for by itself, which its owner may set aside.
"""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from kit import display
from kit.errors import InvalidInputError, MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from trading import services
from trading.forms import LimitForm
from trading.risk.ai_state import Wish, write_ai_state
from trading.selectors import LimitPath, limits
from trading.selectors.ai_state import wished
from trading.selectors.first_limits import usual_limits
from wallets.hierarchy.places import get_wallet
from wallets.models import Connection


@login_required
@require_http_methods(["GET", "POST"])
def wallet_limits(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the path from the connection down to a wallet allows, and the form of the wallet's own limits."""
    with missing_is_404():
        path = limits.wallet_limits(owner_id=owner_of(request), wallet_id=pk)
    return _limits(request, path, back=reverse("wallets:wallet", args=(pk,)))


@login_required
@require_http_methods(["GET", "POST"])
def connection_limits(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The limits of a connection, which bind every wallet that trades through it."""
    with missing_is_404():
        path = limits.connection_limits(owner_id=owner_of(request), connection_id=pk)
    return _limits(request, path, back=reverse("wallets:connections"))


@login_required
@require_http_methods(["GET", "POST"])
def first_limits(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A step of connecting an account: its limits, prefilled with what is usual, while its first sync is under way."""
    with missing_is_404():
        path = limits.connection_limits(owner_id=owner_of(request), connection_id=pk)
    return _limits(request, path, back=reverse("wallets:connection", args=(pk,)), is_first=True)


@login_required
@require_POST
def end_ai_state(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Set aside what the agent asks for: the next version asks for nothing, and the limits alone apply."""
    with missing_is_404():
        wallet = get_wallet(owner_id=owner_of(request), wallet_id=pk)
    seen = request.POST.get("version", "")
    try:
        write_ai_state(wallet=wallet, version=int(seen) if seen.isdecimal() else 0, wish=Wish())
        messages.success(request, "Set aside: the limits alone apply, until the agent asks for something again.")
    except MoniqoError as error:
        messages.error(request, str(error))
    return redirect("trading:limits", pk=pk)


def _limits(request: HttpRequest, path: LimitPath, *, back: str, is_first: bool = False) -> HttpResponse:
    usual = usual_limits(path.target) if is_first and isinstance(path.target, Connection) else None
    form = LimitForm(request.POST if request.method == "POST" else None, path=path, usual=usual)
    if form.is_valid():
        try:
            services.set_limits(
                on=path.target,
                allowed_symbols=form.allowed_symbols,
                maximum_notional=form.cleaned_data["maximum_notional"],
                notional_asset=form.unit,
                maximum_daily_loss=form.cleaned_data["maximum_daily_loss"],
                caps=form.caps,
            )
        except InvalidInputError as error:
            explain(form, error, otherwise="maximum_notional")
        else:
            messages.success(request, f"The limits of {path.target.name} are saved and bind the next order.")
            return redirect(back if is_first else request.path)
    # A field cannot hide its amount and keep it, so the form waits until amounts may be seen.
    is_hidden = display.current().hide_amounts
    path = limits.with_use(path)
    context = {"path": path, "form": form, "back": back, "is_hidden": is_hidden, "is_first": is_first}
    if not path.own.is_connection:
        context["wish"] = wished(wallet_id=path.own.id)
    return render(request, "trading/limits.html", context, status=422 if form.is_bound else 200)
