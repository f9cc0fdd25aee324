"""Platforms that the operator offers, and users' accounts at them."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Self
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from kit import clock, heartbeat
from kit.decimals import parse
from kit.models import Identified, Owned


def fee_of(fees: Any, name: str) -> Decimal | None:
    """What stands in `Platform.fees`, if it is a fraction: a row that somebody wrote by hand breaks no page."""
    try:
        fee = parse(str(fees[name]))
    except (KeyError, TypeError, ValueError):
        return None
    return fee if -1 < fee < 1 else None


class Platform(models.Model):
    """A kind of venue that the operator offers."""

    class Kind(models.TextChoices):
        EXCHANGE = "exchange", "Exchange"
        CHAIN = "chain", "Blockchain"
        PREDICTION = "prediction", "Prediction market"

    class Capability(models.TextChoices):
        SPOT = "spot", "Spot"
        DERIVATIVES = "derivatives", "Derivatives"
        PERMISSIONS = "permissions", "Tells what a key may do"

    slug = models.SlugField(
        primary_key=True, max_length=40, help_text="An exchange's id in ccxt; its instruments carry it as their venue."
    )
    name = models.CharField(max_length=80)
    adapter = models.CharField(max_length=40, help_text="Name of the adapter in wallets.venues.")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.EXCHANGE)
    is_paper = models.BooleanField(default=True, help_text="Orders never leave Moniqo.")
    is_active = models.BooleanField(default=True)
    base_url = models.URLField(
        blank=True, help_text="Where its API stands if not at its usual address: a gateway, a region, a simulator."
    )
    is_sandbox = models.BooleanField(default=False, help_text="Its API is the venue's own test system: no real money.")
    capabilities = ArrayField(models.CharField(max_length=12, choices=Capability), default=list, blank=True)
    fees = models.JSONField(default=dict, blank=True, help_text='{"maker": "0.001", "taker": "0.001"}, fractions')
    options = models.JSONField(default=dict, blank=True, help_text="What the adapter needs: slippage, latency, …")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def maker_fee(self) -> Decimal | None:
        """Its usual fee of orders that rested, a fraction of the notional; None where nobody has entered one."""
        return self._fee("maker")

    @property
    def taker_fee(self) -> Decimal | None:
        """Its usual fee of orders that did not rest, a fraction of the notional; None where nobody has entered one."""
        return self._fee("taker")

    @property
    def told_fees(self) -> dict[str, str]:
        """Those that are fractions, as they were entered."""
        return {name: str(self.fees[name]) for name in ("maker", "taker") if self._fee(name) is not None}

    def _fee(self, name: str) -> Decimal | None:
        return fee_of(self.fees, name)

    @property
    def offers(self) -> list[str]:
        """Its capabilities in words."""
        return [str(self.Capability(word).label) for word in self.capabilities]


def validate_pattern(pattern: str) -> None:
    """Refuse what is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValidationError(f"Write a regular expression: {error}.") from error


class CredentialField(models.Model):
    """One thing that a platform asks a trader for, such as its key. `pattern` has to match the whole of it."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="credential_fields")
    name = models.CharField(
        max_length=40,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Small letters, digits and underscores.")],
        help_text="What the adapter calls it: api_key, secret, password.",
    )
    label = models.CharField(max_length=80, help_text="What the venue's own pages call it.")
    help = models.CharField(max_length=200, blank=True)
    secret = models.BooleanField(default=True)
    required = models.BooleanField(default=True)
    pattern = models.CharField(max_length=200, blank=True, validators=[validate_pattern])
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "pk")
        constraints = (models.UniqueConstraint(fields=("platform", "name"), name="credential_field_name_once"),)

    def __str__(self) -> str:
        return self.label


def streams_are_kept() -> bool:
    """Whether the process lives that listens to venues: what it last wrote of them is true then."""
    return heartbeat.is_fresh("streams", heartbeat.age("streams"))


def told_lately(now: datetime) -> models.Q:
    """Connections that need not be asked now: their venue tells by itself, and the last look is not long ago.

    An account with open derivatives is asked as ever: what they are worth is told by nobody.
    """
    if not streams_are_kept():
        return models.Q(pk__in=())
    held = apps.get_model("wallets", "VenuePosition").objects.filter(connection_id=models.OuterRef("pk"))
    # Half a round less: a look ends a little after its round began, and the round that is meant must not miss it.
    since = now - timedelta(seconds=settings.STREAM_CHECK_SECONDS - settings.SYNC_SECONDS / 2)
    told = models.Q(stream=Connection.Stream.OPEN, status=Connection.Status.OK, synced_at__gt=since)
    return told & ~models.Q(models.Exists(held))


# Three looks that failed, or a site that was down: orders may have been placed that nobody here has seen.
COMPARED_WITHIN: Final = timedelta(minutes=15)


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def due(self, *, owner_id: UUID, in_part: Collection[str] = ()) -> Self:
        """The owner's connections that the next round asks: the active ones, without those that back off and those
        whose venue tells by itself and was asked lately. Of the platforms `in_part` nobody tells the balances."""
        now = clock.now()
        waits = models.Q(next_try_at__gt=now) | told_lately(now) & ~models.Q(platform__in=in_part)
        return self.filter(owner_id=owner_id, state=Connection.State.ACTIVE).exclude(waits)

    def streaming(self) -> Self:
        """Those whose venue tells by itself what happens in the account, at this moment."""
        return self.filter(stream=Connection.Stream.OPEN) if streams_are_kept() else self.none()


class Connection(Identified, Owned):
    """A user's account at a platform.

    `state` is what its owner or an operator wants, `status` is how the last sync went: whoever writes one never touches
    the other, so that a sync cannot undo a decision that was made while it ran.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ARCHIVED = "archived", "Archived"

    class Permission(models.TextChoices):
        READ = "read", "Read"
        TRADE = "trade", "Trade"
        WITHDRAW = "withdraw", "Withdraw"

    class Status(models.TextChoices):
        NEW = "new", "Not synced yet"
        OK = "ok", "Synced"
        STALE = "stale", "Stale"
        FAILED = "failed", "Failed"

    class Stream(models.TextChoices):
        NONE = "", "None"
        OPEN = "open", "Open"
        BROKEN = "broken", "Broken"
        REFUSED = "refused", "Refused"

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
    failures = models.PositiveIntegerField(default=0, help_text="Syncs that failed in a row. Written by syncs only.")
    next_try_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is synced again by itself after failures; empty: with the next round."
    )
    stream = models.CharField(
        max_length=8,
        choices=Stream,
        default=Stream.NONE,
        blank=True,
        help_text="Whether its venue tells by itself what happens. Written by the process that listens only.",
    )
    stream_since = models.DateTimeField(null=True, blank=True, help_text="Since when its stream is what it is.")
    stream_detail = models.TextField(blank=True, help_text="Why its stream is not open.")
    live_at = models.DateTimeField(
        null=True, blank=True, help_text="When its owner made it live, in person; until then it is only watched."
    )
    permissions = ArrayField(
        models.CharField(max_length=12, choices=Permission),
        null=True,
        blank=True,
        help_text="What the venue says its key may do; nothing where the venue does not tell.",
    )
    deposits_to = models.ForeignKey(
        "wallets.Wallet",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Takes in what the venue says was deposited; empty: it stays unassigned until its owner says.",
    )
    withdrawals_from = models.ForeignKey(
        "wallets.Wallet",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Bears what the venue says was withdrawn while it has that much free; empty: its owner is asked.",
    )
    derivatives_to = models.ForeignKey(
        "wallets.Wallet",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose its derivatives are; empty: of the unassigned wallet or, where there is none, the oldest "
        "master.",
    )
    orders_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When its open orders are compared with the venue's next. Real time."
    )
    orders_compared_at = models.DateTimeField(
        null=True, blank=True, help_text="When that was last done, whole; too long ago, and nothing is bought there."
    )
    is_rehearsing = models.BooleanField(
        default=False, help_text="Its history is being built on the clock of the past; until then nobody else moves it."
    )

    objects = ConnectionQuerySet.as_manager()

    SWITCHED = ("state", "active_since", "next_try_at", "live_at")

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="connection_name_once_per_owner"),)

    def __str__(self) -> str:
        return self.name

    def switch(self, state: str) -> None:
        """Take the state that its owner or an operator wants; the caller saves `SWITCHED`. Whoever makes it active
        wants it synced now, whatever failed before."""
        if state == self.State.ACTIVE:
            self.active_since, self.next_try_at = clock.now(), None
        if state == self.State.ARCHIVED:
            self.live_at = None
        self.state = state

    @property
    def is_watching(self) -> bool:
        """Whether it only looks at a real account: it syncs and reconciles, and no order is sent through it."""
        return not self.is_paper and self.live_at is None

    @property
    def carries_out(self) -> bool:
        """Whether anything is sent through it, stops and targets included."""
        return self.state == self.State.ACTIVE and not self.is_watching

    @property
    def orders_are_compared(self) -> bool:
        """Whether somebody has held its open orders against the venue's lately: at a paper account nobody else places
        any."""
        if self.is_paper:
            return True
        return self.orders_compared_at is not None and abs(clock.now() - self.orders_compared_at) < COMPARED_WITHIN

    @property
    def may_withdraw(self) -> bool:
        """Whether its key could empty the account."""
        return self.Permission.WITHDRAW in (self.permissions or ())

    @property
    def belongs_to_the_past(self) -> bool:
        """Whether its history is being built and this is not the past: then nothing may be done here."""
        return self.is_rehearsing and not clock.is_controlled()


class Credential(Owned):
    """One encrypted field of a connection; see `wallets.venues.credentials` for how it is bound to its row.

    `updated_at` is when it was entered; a rotation of keys leaves it as it is.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="credentials")
    field = models.CharField(max_length=40)
    token = models.BinaryField()
    key_id = models.CharField(max_length=16)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("connection", "field"), name="credential_field_once"),)

    def __str__(self) -> str:
        return self.field
