"""The page of exposure: what is at risk and where, how near the limits are, and the form that sets one.

Everything works without JavaScript: links choose the scope, and what changes something is a form.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from kit import clock
from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from portfolio import valuation
from portfolio.exposure import limits
from portfolio.exposure.forms import LimitForm
from portfolio.exposure.measuring import read_exposure
from portfolio.exposure.models import ExposureLimit
from wallets.models import Wallet

GROUPS = (
    ("by_asset", "By asset"),
    ("by_instrument", "By instrument"),
    ("by_venue", "By venue"),
    ("by_farm", "By farm"),
    ("by_agent", "By agent"),
    ("by_side", "By side"),
)


@login_required
@require_http_methods(["GET", "POST"])
def exposure(request: HttpRequest) -> HttpResponse:
    """Of all wallets together, or of the one that `?wallet=` names; sent, the form sets a limit of that scope."""
    owner_id = owner_of(request)
    with missing_is_404(ValueError):
        wallet_id = UUID(text) if (text := request.GET.get("wallet", "")) else None
        found = read_exposure(valuation.parameters(owner_id=owner_id, at=clock.now(), only=wallet_id or owner_id))
    form = LimitForm(request.POST or None, label_suffix="")
    if form.is_valid():
        try:
            limits.set_limit(owner_id=owner_id, wallet_id=wallet_id, wish=form.wish())
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, "The limit is set, and applies from now on.")
            return _back(wallet_id)
    places = list(
        Wallet.objects.filter(owner_id=owner_id, archived_at=None).exclude(role="agent").order_by("role", "created_at")
    )
    scope = next((place for place in places if place.pk == wallet_id), None)
    known = limits.limits_of(owner_id=owner_id, wallet_id=wallet_id)
    context: dict[str, Any] = {
        "exposure": found,
        "standings": limits.standings_of(known, found),
        "limits": known,
        "groups": [(title, _rows(found, name)) for name, title in GROUPS],
        "form": form,
        "places": places,
        "scope": scope,
        "may_limit": scope is None or scope.role == Wallet.Role.MASTER,
        "address": _address(wallet_id),
    }
    return render(request, "exposure/exposure.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a limit away; what it holds is given back."""
    found = _limit(request, pk)
    limits.remove_limit(owner_id=found.owner_id, limit_id=pk)
    messages.success(request, "The limit is gone.")
    return _back(found.wallet_id)


@login_required
@require_POST
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give back the wallets that a limit holds."""
    found = _limit(request, pk)
    changed = limits.release(owner_id=found.owner_id, limit_id=pk)
    names = ", ".join(wallet.name for wallet in changed)
    messages.success(request, f"Given back: {names}." if changed else "Nothing was on hold any more.")
    return _back(found.wallet_id)


def _rows(found: Any, name: str) -> list[tuple[Any, Any]]:
    return [(one, found.share(one.gross)) for one in getattr(found, name)]


def _limit(request: HttpRequest, pk: UUID) -> ExposureLimit:
    with missing_is_404():
        return limits.find_limit(owner_id=owner_of(request), limit_id=pk)


def _address(wallet_id: UUID | None) -> str:
    address = reverse("exposure:exposure")
    return f"{address}?wallet={wallet_id}" if wallet_id else address


def _back(wallet_id: UUID | None) -> HttpResponseRedirect:
    return redirect(_address(wallet_id))
