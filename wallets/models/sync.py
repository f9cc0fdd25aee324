"""What venues said at each sync, and whether the books agree."""

from decimal import Decimal

from django.db import models

from kit.models import Identified, Owned, SentenceField, ValueField
from wallets.models.ledger import Entry
from wallets.models.platforms import Connection


class SyncRun(Identified, Owned):
    """One look at a connection: what the venue said, and whether the books agree."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        OK = "ok", "Agreed"
        DRIFT = "drift", "Drift found"
        FAILED = "failed", "Failed"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sync_runs")
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    step = models.CharField(max_length=80, blank=True)
    error = SentenceField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("connection", "-created_at"), name="sync_newest_first"),)

    def __str__(self) -> str:
        return f"{self.status} {self.created_at:%Y-%m-%d %H:%M}"


class Reconciliation(Owned):
    """One asset of one sync: Σ wallets + unassigned = venue total, or the drift between them."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="assets")
    asset = models.CharField(max_length=20)
    venue_total = ValueField()
    books_total = ValueField(help_text="Sum of the wallet accounts.")
    suspense = ValueField(default=0, help_text="Drift found earlier and not explained yet.")
    drift = ValueField(help_text="venue_total − books_total − suspense")
    # Entries are a view, which no key can point at; what it shows is never deleted.
    first_diverging_entry = models.ForeignKey(
        Entry, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "asset"), name="reconciliation_asset_once"),)

    def __str__(self) -> str:
        return f"{self.asset} {self.drift}"

    @property
    def unexplained(self) -> Decimal:
        """What the venue holds beyond the wallets, found now or earlier."""
        difference: Decimal = self.drift + self.suspense
        return difference
