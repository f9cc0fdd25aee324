"""The page on which the policy of a farm is changed."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from farms.policy.forms import PolicyForm
from farms.policy.readings import policy_row
from farms.policy.services import set_policy
from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of


@login_required
@require_http_methods(["GET", "POST"])
def policy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for the whole policy, as it stands, and keep what comes back."""
    with missing_is_404():
        row = policy_row(owner_id=owner_of(request), farm_id=pk)
    if row.farm.is_pool:
        raise Http404("A pool has no policy.")
    form = PolicyForm(request.POST if request.method == "POST" else None, row=row)
    if form.is_valid():
        try:
            set_policy(owner_id=owner_of(request), farm_id=pk, policy=form.policy())
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, f"The policy of {row.farm.name} is saved and binds the next entry.")
            return redirect("farms:farm", pk=pk)
    context = {"row": row, "farm": row.farm, "form": form}
    return render(request, "farms/policy.html", context, status=422 if form.is_bound else 200)
