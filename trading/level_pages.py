"""The page that moves the stop, the target and the trail of an open position."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from trading import services
from trading.forms import LevelsForm
from trading.positions.levels import NAMES
from trading.selectors.positions import open_position


@login_required
@require_http_methods(["GET", "POST"])
def levels(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The levels as they are, in a form; what is changed there is moved."""
    owner_id = owner_of(request)
    with missing_is_404():
        position = open_position(owner_id=owner_id, position_id=pk)
    known = {name: getattr(position, name) for name in NAMES}
    form = LevelsForm(request.POST if request.method == "POST" else None, initial=known, label_suffix="")
    if form.is_valid():
        try:
            services.move_levels(owner_id=owner_id, position_id=pk, levels=form.moved())
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, f"The protection of {position.symbol} is what you have written.")
            return redirect("trading:position", pk=pk)
    context = {"form": form, "position": position}
    return render(request, "trading/levels.html", context, status=422 if form.is_bound else 200)
