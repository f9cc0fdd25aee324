"""The page on which what a wallet holds beyond its positions becomes one, so that it can be traded."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kit.errors import MoniqoError
from kit.http import missing_is_404, owner_of
from markets.models import Instrument
from trading import services
from wallets.hierarchy import places


@dataclass(frozen=True, slots=True)
class Found:
    """So much of an asset that no position knows of, and the markets in which it could be one."""

    asset: str
    quantity: Decimal
    markets: tuple[str, ...]


@login_required
@require_http_methods(["GET", "POST"])
def adopt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what could be taken up; POST with a market does it."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = places.get_wallet(owner_id=owner_id, wallet_id=pk)
    if request.method == "POST":
        try:
            position = services.adopt(owner_id=owner_id, wallet_id=pk, symbol=request.POST.get("symbol", ""))
        except MoniqoError as error:
            messages.error(request, str(error))
            return redirect("trading:adopt", pk=pk)
        messages.success(request, "It is a position now, and can be traded.")
        return redirect("trading:position", pk=position.pk)
    held = services.unclaimed(owner_id=owner_id, wallet_id=pk)
    held.pop(wallet.base_asset, None)
    markets: dict[str, list[str]] = {}
    rows = Instrument.objects.filter(
        venue=wallet.connection.venue, base__in=held, kind=Instrument.Kind.SPOT, is_active=True
    )
    for base, symbol in rows.order_by("symbol").values_list("base", "symbol"):
        markets.setdefault(base, []).append(symbol)
    found = [Found(asset, quantity, tuple(markets.get(asset, ()))) for asset, quantity in sorted(held.items())]
    return render(request, "trading/adopt.html", {"wallet": wallet, "found": found})
