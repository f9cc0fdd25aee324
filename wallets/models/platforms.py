"""Platforms that the operator offers, and users' accounts at them."""

from django.db import models

from kit import clock
from kit.models import Identified, Owned


class Platform(models.Model):
    """A kind of venue that the operator offers."""

    class Kind(models.TextChoices):
        EXCHANGE = "exchange", "Exchange"
        CHAIN = "chain", "Blockchain"
        PREDICTION = "prediction", "Prediction market"

    slug = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=80)
    adapter = models.CharField(max_length=40, help_text="Name of the adapter in wallets.venues.")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.EXCHANGE)
    is_paper = models.BooleanField(default=True, help_text="Orders never leave Moniqo.")
    is_active = models.BooleanField(default=True)
    credential_fields = models.JSONField(default=list, blank=True, help_text="[{name, label, secret, required, help}]")
    fees = models.JSONField(default=dict, blank=True, help_text='{"maker": "0.001", "taker": "0.001"}, fractions')
    options = models.JSONField(default=dict, blank=True, help_text="What the adapter needs: slippage, latency, …")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Connection(Identified, Owned):
    """A user's account at a platform.

    `state` is what its owner or an operator wants, `status` is how the last sync went: whoever writes one never touches
    the other, so that a sync cannot undo a decision that was made while it ran.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ARCHIVED = "archived", "Archived"

    class Status(models.TextChoices):
        NEW = "new", "Not synced yet"
        OK = "ok", "Synced"
        STALE = "stale", "Stale"
        FAILED = "failed", "Failed"

    platform = models.ForeignKey(Platform, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    venue = models.CharField(max_length=40, help_text="Whose instruments it trades, such as simulated or binance.")
    is_paper = models.BooleanField(default=True)
    state = models.CharField(
        max_length=10,
        choices=State,
        default=State.ACTIVE,
        help_text="Its owner's and the operator's: only an active connection syncs and trades.",
    )
    active_since = models.DateTimeField(
        null=True, blank=True, help_text="When it was last made active again; what failed before is tried anew."
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.NEW, help_text="Written by syncs only.")
    status_detail = models.TextField(blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    is_rehearsing = models.BooleanField(
        default=False, help_text="Its history is being built on the clock of the past; until then nobody else moves it."
    )

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="connection_name_once_per_owner"),)

    def __str__(self) -> str:
        return self.name

    def switch(self, state: str) -> None:
        """Take the state that its owner or an operator wants; the caller saves."""
        if state == self.State.ACTIVE:
            self.active_since = clock.now()
        self.state = state

    @property
    def belongs_to_the_past(self) -> bool:
        """Whether its history is being built and this is not the past: then nothing may be done here."""
        return self.is_rehearsing and not clock.is_controlled()


class Credential(Owned):
    """One encrypted field of a connection; see `wallets.venues.credentials` for how the row is bound into the token."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="credentials")
    field = models.CharField(max_length=40)
    token = models.BinaryField()
    key_id = models.CharField(max_length=16)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("connection", "field"), name="credential_field_once"),)

    def __str__(self) -> str:
        return self.field
