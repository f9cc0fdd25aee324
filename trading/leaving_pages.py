"""Everything below a wallet is sold first, so that all of it can be collected."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kit.errors import MoniqoError
from kit.http import missing_is_404, owner_of
from trading import selectors, services
from wallets.hierarchy import places


@login_required
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What would be sold, and how far that is; POST asks for the exits, and again for those that came to nothing."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = places.get_wallet(owner_id=owner_id, wallet_id=pk)
    if request.method == "POST":
        try:
            closing = services.close_all(owner_id=owner_id, wallet_ids=[pk], reason=services.BEFORE_COLLECTING)
        except MoniqoError as error:
            messages.error(request, str(error))
        else:
            for one in closing.open:
                if not one.is_placed:
                    messages.info(request, f"{one.position.instrument.symbol} in {one.position.wallet.name}: {one.why}")
            if closing.placed:
                messages.success(request, f"Exits on their way to the market: {len(closing.placed)}.")
        return redirect("trading:leave", pk=pk)
    held = selectors.open_positions(owner_id=owner_id, wallet_ids=[pk])
    return render(request, "trading/leave.html", {"wallet": wallet, "held": held})
