"""The page on which many orders are cancelled at once, after it has said which."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kit.errors import InvalidInputError, MoniqoError
from kit.http import missing_is_404, owner_of
from trading import services


@login_required
@require_http_methods(["GET", "POST"])
def cancel_all(request: HttpRequest) -> HttpResponse:
    """GET says what would go, POST with the review's key asks for it."""
    owner_id = owner_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    with missing_is_404():
        try:
            which = _which(owner_id, asked)
        except InvalidInputError as error:
            messages.error(request, str(error))
            return redirect("trading:orders")
    if request.method == "POST":
        try:
            done = services.cancel_all(owner_id=owner_id, which=which, key=f"page:{asked.get('key', '')}")
        except MoniqoError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"Cancellation asked for: {len(done.orders)} orders say what their venues say.")
        return redirect(f"{reverse('trading:orders')}?status=unfinished")
    preview = services.preview_cancelling_all(owner_id=owner_id, which=which)
    return render(request, "trading/cancel_all.html", {"preview": preview, "which": which, "key": uuid4()})


def _which(owner_id: UUID, asked: QueryDict) -> services.Which:
    """Filters of an address: what is no wallet's id names none that there is."""
    try:
        named = str(asked.get("wallet", ""))
        wallet_id = UUID(named) if named else None
    except ValueError:
        raise InvalidInputError("There is no such wallet: choose one of yours.") from None
    return services.Which.of(
        owner_id=owner_id,
        wallet_id=wallet_id,
        symbol=asked.get("symbol", ""),
        side=asked.get("side", ""),
        below=asked.get("below", "1") != "0",
    )
