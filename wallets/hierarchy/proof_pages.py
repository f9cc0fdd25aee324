"""The proof page: that every asset sums to zero, what the books say against each venue, the last verification, and
what the last drill and the last simulation of this installation found.

Whoever owns the books may have them proved again at any time.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kit.http import owner_of
from wallets.hierarchy import proofs


@login_required
@require_http_methods(["GET", "POST"])
def proof_page(request: HttpRequest) -> HttpResponse:
    """Show it; POST proves the books again, in the background where they are large."""
    owner_id = owner_of(request)
    if request.method == "POST":
        proved = proofs.prove(owner_id)
        if proved is None:
            messages.info(request, "The proof is under way: this page shows it when it is done.")
        elif proved.contradiction:
            messages.error(request, "The books contradict themselves: see below.")
        else:
            messages.success(request, "The books are proved: every figure follows from the transfers.")
        return redirect("wallets:proof")
    return render(request, "wallets/proof.html", {"proof": proofs.proof_of(owner_id)})
