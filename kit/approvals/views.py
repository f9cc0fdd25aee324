"""The page Approvals: what waits for a yes or no, and what was said to the rest."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from kit.approvals import selectors, services
from kit.errors import MoniqoError
from kit.http import HtmxRequest, missing_is_404, owner_of, page_or_part


@login_required
@require_GET
def approvals(request: HtmxRequest) -> HttpResponse:
    """What is open first; what is over below it, page by page."""
    owner_id = owner_of(request)
    context = {
        "rows": selectors.open_approvals(owner_id=owner_id),
        "page": selectors.past_approvals(owner_id=owner_id, page=request.GET.get("page", 1)),
    }
    return page_or_part(request, "approvals/list.html", "list", context)


@login_required
@require_POST
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Yes or no, as the button says."""
    said = request.POST.get("answer")
    if said not in ("approve", "decline"):
        return HttpResponseBadRequest("Answer with approve or decline.")
    is_approved = said == "approve"
    try:
        with missing_is_404():
            done = services.answer(
                owner_id=owner_of(request),
                approval_id=pk,
                is_approved=is_approved,
                note=request.POST.get("note", ""),
            )
    except MoniqoError as error:
        messages.error(request, str(error))
        return redirect("approvals:list")
    row = selectors.approval_row(done)
    if row.refusal:
        messages.warning(request, f"You approved it, and it was refused: {row.refusal}")
    else:
        messages.success(request, "Approved and done." if is_approved else "Declined: nothing was done.")
    return redirect("approvals:list")
