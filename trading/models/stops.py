"""An emergency stop: what its owner wanted below a wallet, and how far it is."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kit.models import Identified, Owned, SentenceField
from markets.models import Instrument
from wallets.models import Wallet


class EmergencyStop(Identified, Owned):
    """Orders below a wallet are cancelled, and its positions left, kept, or (derivatives only) closed.

    A row before anything happens, so that a worker that dies loses nothing: it is taken up until it is done.
    """

    class Policy(models.TextChoices):
        FLATTEN = "flatten", "Sell everything"
        KEEP = "keep", "Keep positions"
        DERIVATIVES = "close_derivatives", "Close derivatives"

    class Status(models.TextChoices):
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        CALLED_OFF = "called_off", "Called off"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    policy = models.CharField(max_length=17, choices=Policy)
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    result = SentenceField(help_text="What is done, or what it still waits for.")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(fields=("wallet",), condition=Q(status="running"), name="stop_under_way_once"),
        )

    def __str__(self) -> str:
        return self.get_policy_display()


class MassCancellation(Identified, Owned):
    """That many orders were asked to be cancelled at once, and which. Append-only."""

    key = models.CharField(max_length=120, help_text="Idempotency key: the same request finds the same orders.")
    request = models.CharField(max_length=64, help_text="SHA-256 of what was asked for; the key repeats only that.")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    side = models.CharField(max_length=4, blank=True)
    below = models.BooleanField(default=True, help_text="Of everything below the wallet too.")
    orders = ArrayField(models.UUIDField(), help_text="Those that were asked to be cancelled.")

    class Meta:
        ordering = ("-created_at",)
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="mass_cancellation_key_once"),)

    def __str__(self) -> str:
        return f"cancellation of {len(self.orders)} orders"
