"""What the proof of an owner's books says, and asking for another: the same for the page and for programs."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db.models import OuterRef, Subquery, Sum

from kit import drilling, simulating
from kit.drilling import Drill
from kit.simulating import Simulation
from wallets.ledger import proof
from wallets.ledger.checks import CHECKS, Check
from wallets.ledger.verify import AssetSum, Found
from wallets.models import Account, Connection, LedgerProof, Reconciliation, SyncRun

# More than a request waits for: a worker does it.
ENTRIES_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True)
class Checked:
    """A check, what it `says` is so, and what came of it when it was last made; `at` is None before the first time."""

    check: str
    says: str
    at: datetime | None
    said: str


@dataclass(frozen=True, slots=True)
class Proof:
    """`last` is None before the first; `venues` are the rows of each connection's last look that was not cut off.

    `drill` and `simulation` are what the last ones of this installation found, None where there was none.
    """

    last: LedgerProof | None
    checks: list[Checked]
    sums: list[AssetSum]
    venues: list[Reconciliation]
    drill: Drill | None
    simulation: Simulation | None


def proof_of(owner_id: UUID) -> Proof:
    """Three queries."""
    looks = SyncRun.objects.filter(
        connection=OuterRef("pk"), status__in=(SyncRun.Status.OK, SyncRun.Status.DRIFT)
    ).order_by("-created_at")
    newest = Connection.objects.filter(owner_id=owner_id).annotate(run=Subquery(looks.values("pk")[:1])).values("run")
    rows = Reconciliation.objects.filter(owner_id=owner_id, run__in=newest).select_related("run__connection")
    last = LedgerProof.objects.filter(owner_id=owner_id).first()
    found = {one.check: one for one in proof.found_of(last.found)} if last else {}
    directory = Path(settings.DATA_DIR)
    return Proof(
        last,
        [_checked(check, found.get(check.slug)) for check in CHECKS.values()],
        proof.sums(owner_id=owner_id),
        list(rows.order_by("run__connection__name", "asset")),
        drilling.last(directory),
        simulating.last(directory),
    )


def prove(owner_id: UUID) -> LedgerProof | None:
    """Prove the books now; None where they are large, and a worker does it."""
    entries = Account.objects.filter(owner_id=owner_id).aggregate(Sum("version", default=0))["version__sum"]
    if entries > ENTRIES_AT_ONCE:
        current_app.send_task("wallets.tasks.prove_own", args=(str(owner_id),))
        return None
    return proof.prove_own(owner_id=owner_id)


def _checked(check: Check, found: Found | None) -> Checked:
    return Checked(check.slug, check.says, found.at if found else None, found.said if found else "")
