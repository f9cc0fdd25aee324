"""The page that proposes farms for the free agents of a pool: line by line, with reasons. It needs no JavaScript."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from farms.assigning.proposing import propose, take
from kit.errors import ConflictError, MoniqoError
from kit.http import missing_is_404, owner_of
from kit.limits import KEY_LENGTH


@login_required
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is proposed now; sent, the lines that are ticked are carried out, and the others are declined."""
    owner_id = owner_of(request)
    if request.method == "POST":
        try:
            with missing_is_404():
                moved = take(
                    owner_id=owner_id,
                    pool_id=pk,
                    seen=request.POST.get("seen", ""),
                    lines=_lines(request.POST.getlist("line")),
                    key=request.POST.get("key", "")[:KEY_LENGTH],
                )
        except MoniqoError as error:
            messages.error(request, str(error))
            return redirect("farms:assign", pk=pk)
        messages.success(request, f"{len(moved)} {'agent is' if len(moved) == 1 else 'agents are'} moved, paused.")
        return redirect("farms:farm", pk=pk)
    try:
        with missing_is_404():
            proposal = propose(owner_id=owner_id, pool_id=pk)
    except ConflictError as error:
        messages.error(request, str(error))
        return redirect("farms:farm", pk=pk)
    return render(request, "farms/assign.html", {"proposal": proposal, "farm": proposal.pool, "key": uuid4()})


def _lines(given: list[str]) -> list[tuple[UUID, UUID]]:
    """Pairs of an agent and a farm; what is none is left out, and refused as not proposed."""
    found = []
    for text in given:
        agent, _, farm = text.partition(":")
        try:
            found.append((UUID(agent), UUID(farm)))
        except ValueError:
            continue
    return found
