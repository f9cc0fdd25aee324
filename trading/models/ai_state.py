"""What an agent asks for by itself: how much of its usual size, levels nearer to the price, and what it thinks."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from kit import clock
from kit.models import Owned
from wallets.models import Wallet


def _fraction(help_text: str, *, digits: int = 9) -> "models.DecimalField[Decimal | None, Decimal | None]":
    return models.DecimalField(max_digits=digits, decimal_places=8, null=True, blank=True, help_text=help_text)


class AiState(Owned):
    """One version of what a wallet's agent asks for; the highest counts until it expires. Append-only.

    It is worth no more than the owner's limits (`trading.risk.path`): exposure takes away from buys and never adds,
    stop and target come nearer and never go away. Empty asks for nothing. What it thinks and notes changes no order.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(help_text="Counts from 1; a writer names the one that it replaces.")
    exposure = _fraction("A fraction of the usual size, and of the amounts of limits, that a buy may have.")
    stop_distance = _fraction("A fraction below the price: no stop of a buy is farther.")
    target_distance = _fraction("A fraction above the price: no target of a buy is farther.", digits=12)
    sentiment = _fraction("From −1, all bad, to 1, all good.")
    sentiment_text = models.CharField(max_length=500, blank=True)
    sentiment_source = models.CharField(max_length=200, blank=True, help_text="Where it comes from.")
    note = models.CharField(max_length=500, blank=True, help_text="What it watches, in words.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="From then on it has no effect; empty: stays.")
    written_by = models.CharField(max_length=80, blank=True, help_text="The name of the token; empty: the owner.")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("wallet", "version"), name="ai_state_version_once"),
            models.CheckConstraint(
                condition=Q(version__gte=1)
                & (Q(exposure__isnull=True) | Q(exposure__gte=0, exposure__lte=1))
                & (Q(stop_distance__isnull=True) | Q(stop_distance__gt=0, stop_distance__lt=1))
                & (Q(target_distance__isnull=True) | Q(target_distance__gt=0, target_distance__lte=10))
                & (Q(sentiment__isnull=True) | Q(sentiment__gte=-1, sentiment__lte=1)),
                name="ai_state_within_its_bounds",
            ),
        )

    def __str__(self) -> str:
        return f"version {self.version}"
