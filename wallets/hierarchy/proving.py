"""The proof page: that every asset sums to zero, what the books say against each venue, and the last verification.

Whoever owns the books may have them proved again at any time.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from celery import current_app
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kit.http import owner_of
from wallets.ledger import proof
from wallets.ledger.verify import AssetSum
from wallets.models import Account, Connection, LedgerProof, Reconciliation, SyncRun

# More than a page waits for: a worker does it.
ENTRIES_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True)
class Proof:
    """`last` is None before the first; `venues` are the rows of each connection's last look that was not cut off."""

    last: LedgerProof | None
    sums: list[AssetSum]
    venues: list[Reconciliation]


def proof_of(owner_id: UUID) -> Proof:
    """What the page and programs see: three queries."""
    looks = SyncRun.objects.filter(
        connection=OuterRef("pk"), status__in=(SyncRun.Status.OK, SyncRun.Status.DRIFT)
    ).order_by("-created_at")
    newest = Connection.objects.filter(owner_id=owner_id).annotate(run=Subquery(looks.values("pk")[:1])).values("run")
    rows = Reconciliation.objects.filter(owner_id=owner_id, run__in=newest).select_related("run__connection")
    return Proof(
        LedgerProof.objects.filter(owner_id=owner_id).first(),
        proof.sums(owner_id=owner_id),
        list(rows.order_by("run__connection__name", "asset")),
    )


@login_required
@require_http_methods(["GET", "POST"])
def proof_page(request: HttpRequest) -> HttpResponse:
    """Show it; POST proves the books again, in the background where they are large."""
    owner_id = owner_of(request)
    if request.method == "POST":
        entries = Account.objects.filter(owner_id=owner_id).aggregate(Sum("version", default=0))["version__sum"]
        if entries > ENTRIES_AT_ONCE:
            current_app.send_task("wallets.tasks.prove_own", args=(str(owner_id),))
            messages.info(request, "The proof is under way: this page shows it when it is done.")
        elif proof.prove_own(owner_id=owner_id).contradiction:
            messages.error(request, "The books contradict themselves: see below.")
        else:
            messages.success(request, "The books are proved: every figure follows from the transfers.")
        return redirect("wallets:proof")
    return render(request, "wallets/proof.html", {"proof": proof_of(owner_id)})
