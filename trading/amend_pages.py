"""The page that gives an order that rests or waits another limit, trigger or quantity."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from trading import services
from trading.forms import AmendForm
from trading.orders.amending_waiting import CHANGEABLE
from trading.selectors import life

# What is said once the wish is committed, by how the venue changes an order.
ASKED: Final[Mapping[str, str]] = {
    "ends": "The venue is asked to end the order; another takes its place then.",
    "at_once": "The venue is asked to end the order and to place another at once.",
    "in_place": "The venue is asked to change the order.",
    "here": "Another order waits in its place.",
}
TERMS: Final = ("trigger_price", "target_price", "trail", "trail_share", "limit_price", "quantity")


@login_required
@require_http_methods(["GET", "POST"])
def amend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The terms as they are, in a form, with what may happen in between; what is changed there is wished."""
    owner_id = owner_of(request)
    with missing_is_404():
        found = life.order_life(owner_id=owner_id, order_id=pk)
    if not found.is_amendable:
        messages.warning(request, "Only an order that rests at its limit or waits for its trigger can be changed.")
        return redirect("trading:order", pk=pk)
    way = services.way_of(found.order)
    names = {"quantity", *(CHANGEABLE[found.order.type] if way == "here" else ("limit_price",))}
    known = {name: getattr(found.order, name) for name in TERMS}
    initial = known | {"key": uuid4()}
    form = AmendForm(request.POST if request.method == "POST" else None, initial=initial, label_suffix="")
    form.leave_out([name for name in TERMS if name not in names or known[name] is None])
    wrong = ""
    if form.is_valid():
        wallet, said = found.order.wallet, form.cleaned_data
        if found.order.connection.is_paper or request.POST.get("typed", "").strip() == wallet.name:
            try:
                services.amend_order(
                    owner_id=owner_id,
                    order_id=pk,
                    key=f"page:{said['key']}",
                    **{name: said[name] for name in TERMS if name in said},
                )
            except MoniqoError as error:
                explain(form, error)
            else:
                messages.success(request, ASKED[way])
                return redirect("trading:order", pk=pk)
        else:
            wrong = f"Type {wallet.name} as it is written."
    context = {"form": form, "life": found, "risk": services.RISKS_OF_AMENDING[way], "wrong": wrong}
    return render(request, "trading/amend.html", context, status=422 if form.is_bound else 200)
