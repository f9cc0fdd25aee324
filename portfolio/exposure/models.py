"""The limits of exposure that an owner has set, and how near each was when it was last looked at."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kit.decimals import plain
from kit.models import Identified, MoneyField, Owned
from wallets.models import Wallet


class ExposureLimit(Identified, Owned):
    """At most (or of stable coins: at least) so much of the net value of a master, or of all wallets together."""

    class Kind(models.TextChoices):
        ASSET = "asset", "Share of an asset"
        VENUE = "venue", "Share at a venue"
        LEVERAGE = "leverage", "Leverage"
        STABLE = "stable", "Stable coins, at least"

    class Action(models.TextChoices):
        NONE = "none", "Tell me"
        REDUCE = "reduce", "Tell me and let the wallets only sell"
        HALT = "halt", "Tell me and halt the wallets"

    wallet = models.ForeignKey(
        Wallet, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty for the whole fund."
    )
    kind = models.CharField(max_length=8, choices=Kind)
    subject = models.CharField(max_length=40, blank=True, help_text="One asset or venue; empty: each of them.")
    bound = MoneyField(help_text="A fraction of net value; leverage in multiples of it.")
    margin = MoneyField(
        default=Decimal("0.05"), help_text="A level falls once this fraction of the limit lies between."
    )
    action = models.CharField(max_length=6, choices=Action, default=Action.NONE)
    recovers = models.BooleanField(
        default=False, help_text="Give the wallets back by itself once the limit is kept again."
    )

    class Meta:
        ordering = ("kind", "subject", "created_at")
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "wallet", "kind", "subject"), name="exposure_limit_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(bound__gte=0, bound__lte=1000), name="exposure_limit_is_a_fraction"),
            models.CheckConstraint(condition=Q(margin__gte=0, margin__lt=1), name="exposure_margin_is_a_fraction"),
            models.CheckConstraint(
                condition=Q(subject="") | Q(kind__in=("asset", "venue")), name="exposure_subject_has_a_kind"
            ),
        )

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.subject, plain(self.bound)) if part)

    @property
    def reason(self) -> str:
        """What holds a wallet, where this does."""
        of = {
            self.Kind.ASSET: f"the share of {self.subject or 'an asset'}",
            self.Kind.VENUE: f"the share at {self.subject or 'a venue'}",
            self.Kind.LEVERAGE: "leverage",
            self.Kind.STABLE: "stable coins",
        }
        return f"the limit of {of[self.Kind(self.kind)]}"

    @property
    def is_floor(self) -> bool:
        return self.kind == self.Kind.STABLE


class ExposureLevel(Owned):
    """How near a limit one asset, one venue or the whole was, and the wallets that its breach has put on hold."""

    limit = models.ForeignKey(ExposureLimit, on_delete=models.CASCADE, related_name="levels")
    subject = models.CharField(max_length=40, blank=True)
    level = models.PositiveSmallIntegerField(default=0, help_text="0 ok, 1 watch, 2 warning, 3 breach.")
    measured = MoneyField(null=True, blank=True, help_text="When it was last known.")
    since = models.DateTimeField(help_text="When it came to this level.")
    at = models.DateTimeField(help_text="When it was last looked at.")
    answered = ArrayField(
        models.UUIDField(), default=list, blank=True, help_text="Wallets that this breach has put on hold, once each."
    )
    released = models.BooleanField(default=False, help_text="Its owner gave back what it held, until the next breach.")

    class Meta:
        ordering = ("-level", "subject")
        constraints = (
            models.UniqueConstraint(fields=("limit", "subject"), name="exposure_level_once"),
            models.CheckConstraint(condition=Q(level__lte=3), name="exposure_level_is_one"),
        )

    @property
    def holder(self) -> str:
        """What it holds wallets as, and the key of its alert."""
        return f"exposure:{self.limit_id}:{self.subject}"

    def __str__(self) -> str:
        measured = "not known" if self.measured is None else plain(self.measured)
        return " ".join(part for part in (self.subject, measured) if part)
