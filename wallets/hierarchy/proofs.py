"""What the proof of an owner's books says, and asking for another: the same for the page and for programs."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from celery import current_app
from django.db.models import OuterRef, Subquery, Sum

from wallets.ledger import proof
from wallets.ledger.verify import AssetSum
from wallets.models import Account, Connection, LedgerProof, Reconciliation, SyncRun

# More than a request waits for: a worker does it.
ENTRIES_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True)
class Proof:
    """`last` is None before the first; `venues` are the rows of each connection's last look that was not cut off."""

    last: LedgerProof | None
    sums: list[AssetSum]
    venues: list[Reconciliation]


def proof_of(owner_id: UUID) -> Proof:
    """Three queries."""
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


def prove(owner_id: UUID) -> LedgerProof | None:
    """Prove the books now; None where they are large, and a worker does it."""
    entries = Account.objects.filter(owner_id=owner_id).aggregate(Sum("version", default=0))["version__sum"]
    if entries > ENTRIES_AT_ONCE:
        current_app.send_task("wallets.tasks.prove_own", args=(str(owner_id),))
        return None
    return proof.prove_own(owner_id=owner_id)
