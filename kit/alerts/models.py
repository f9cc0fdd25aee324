"""What a person should know."""

from typing import Any, Self, TypeAlias

from django.db import models
from django.db.models import Exists, OuterRef, Q

from kit import clock, sentences
from kit.alerts import kinds, links
from kit.display import Display
from kit.models import Identified, Owned


class MessageQuerySet(models.QuerySet[Any]):
    """The four places that a message can be in, as the tenant: whose mutes count is who asks."""

    def unresolved(self) -> Self:
        return self.filter(resolved_at__isnull=True)

    def muted(self) -> Self:
        """What is not resolved and of a key or a kind that its reader does not want to hear of."""
        return self.unresolved().filter(_is_muted())

    def heard(self) -> Self:
        """What is not resolved and not muted."""
        return self.unresolved().filter(~_is_muted())

    def open(self) -> Self:
        """What nobody has taken note of: the count of the bell."""
        return self.heard().filter(acknowledged_at__isnull=True)

    def acknowledged(self) -> Self:
        return self.heard().filter(acknowledged_at__isnull=False)

    def resolved(self) -> Self:
        return self.filter(resolved_at__isnull=False)


class Message(Identified):
    """One thing to know, raised once per `key` until it is resolved, however often it happens meanwhile.

    `title` and `body` are templates of `kit.sentences`, with `facts` as their values. `about` names the thing in
    question, such as `order:<id>`.
    """

    class Level(models.TextChoices):
        INFO = kinds.INFO, "Information"
        WARNING = kinds.WARNING, "Warning"
        CRITICAL = kinds.CRITICAL, "Critical"

    level = models.CharField(max_length=8, choices=Level, default=Level.WARNING)
    key = models.CharField(max_length=200, help_text="What it is about, such as drift:<connection>:<asset>.")
    kind = models.CharField(max_length=40, default="", help_text="The beginning of the key, one of kit.alerts.kinds.")
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    facts = models.JSONField(default=dict, help_text="The values of title and body.")
    about = models.CharField(max_length=60, blank=True)
    times = models.PositiveIntegerField(default=1, help_text="How often it happened while it was not resolved.")
    raised_at = models.DateTimeField(default=clock.now, help_text="When it was new, or became graver.")
    last_seen_at = models.DateTimeField(default=clock.now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by_hand = models.BooleanField(default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.headline(sentences.FOR_PROGRAMS)

    def headline(self, shown: Display | None = None) -> str:
        """The title in words, as `shown` or the current request's reader wants it."""
        return sentences.in_words(self.title, self.facts, shown)

    def story(self, shown: Display | None = None) -> str:
        """The body in words."""
        return sentences.in_words(self.body, self.facts, shown)

    @property
    def url(self) -> str:
        """Where the thing in question is shown; empty when there is no such page."""
        return links.url_of(self.about)


class Alert(Message, Owned):
    """A message to one owner."""

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "key"), condition=Q(resolved_at__isnull=True), name="alert_open_once"
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at", "-id"), name="alert_newest_first"),
            models.Index(
                fields=("owner", "-resolved_at"), condition=Q(resolved_at__isnull=False), name="alert_history"
            ),
        )


class PlatformAlert(Message):
    """A message to all operators, and to nobody else: the table's policy asks whether its reader is one.

    Background tasks raise and resolve it as the system role. One operator's acknowledgement is everybody's.
    """

    acknowledged_by = models.ForeignKey(
        "users.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("key",), condition=Q(resolved_at__isnull=True), name="platform_alert_open_once"
            ),
        )


class Mute(Identified, Owned):
    """A key, or a whole kind, that its owner does not want to hear of until a time, or for good."""

    key = models.CharField(max_length=200, help_text="A key of an alert, or a kind.")
    until = models.DateTimeField(null=True, blank=True, help_text="Nothing: for good.")

    class Meta:
        ordering = ("-created_at",)
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="mute_once"),)

    def __str__(self) -> str:
        return self.key


class ChannelKind(models.TextChoices):
    EMAIL = "email", "E-mail"
    TELEGRAM = "telegram", "Telegram"
    WEBHOOK = "webhook", "Webhook"
    SLACK = "slack", "Slack"
    DISCORD = "discord", "Discord"


class Channel(Identified, Owned):
    """Where else its owner is told, beside the inbox: what is at least as grave as `level`, of the chosen areas.

    Its address may hold tokens: it is sealed, as JSON by field, for its owner and this row (`channels.addresses`).
    `hint` says of it what is no secret.
    """

    Kind: TypeAlias = ChannelKind

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=80)
    address = models.BinaryField(help_text="Encrypted, bound to its owner and this row.")
    hint = models.CharField(max_length=120, help_text="What is no secret of the address.")
    level = models.CharField(
        max_length=8, choices=Message.Level, default=Message.Level.WARNING, help_text="The least grave that is sent."
    )
    areas = models.JSONField(default=list, help_text="Areas of kit.alerts.kinds; none named: all.")
    quiet_from = models.TimeField(null=True, blank=True, help_text="In the owner's time zone.")
    quiet_until = models.TimeField(null=True, blank=True)
    digest_at = models.TimeField(null=True, blank=True, help_text="When a digest is sent each day; nothing: none.")
    digested_on = models.DateField(null=True, blank=True, help_text="The owner's day of the last one.")
    link_code = models.CharField(max_length=64, blank=True, help_text="Digest of the code that links an account.")
    link_until = models.DateTimeField(null=True, blank=True)
    linked_at = models.DateTimeField(null=True, blank=True, help_text="Since when the chat may ask and pause.")
    heard = models.BigIntegerField(default=0, help_text="The last message of the bot's that was looked at.")
    is_active = models.BooleanField(default=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(fields=("owner", "name"), name="channel_named_once"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="channel_quiet_hours_begin_and_end",
            ),
        )

    def __str__(self) -> str:
        return self.name


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Given up"
    SKIPPED = "skipped", "Not sent"


class Delivery(Identified, Owned):
    """One message to one channel. Raising an alert writes it in the same statement; a worker sends it afterwards.

    While it waits, `next_try_at` says when it is due: a worker that takes it moves that moment ahead of itself, so that
    no other takes it meanwhile and another does if the first one dies.
    """

    class Purpose(models.TextChoices):
        ALERT = "alert", "Alert"
        DIGEST = "digest", "Digest"
        TEST = "test", "Test"

    Status: TypeAlias = DeliveryStatus

    # The database removes them with their channel: the role that serves pages may not.
    channel = models.ForeignKey(Channel, on_delete=models.DO_NOTHING, related_name="deliveries")
    purpose = models.CharField(max_length=8, choices=Purpose)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    platform_alert = models.ForeignKey(PlatformAlert, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    said = models.CharField(max_length=300, blank=True, help_text="What the receiver said, or why it waits.")

    class Meta:
        ordering = ("-created_at",)
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=("owner", "-created_at", "-id"), name="delivery_newest_first"),
            models.Index(fields=("next_try_at",), condition=Q(status="waiting"), name="delivery_due"),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.status}"


class TaskFailure(Owned):
    """Work that has failed for its owner since it last succeeded; see `kit.alerts.failures`."""

    work = models.CharField(max_length=160, help_text="The task's name, with what it works on.")
    failures = models.PositiveIntegerField(default=1, help_text="In a row.")
    error = models.TextField()
    failed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-failed_at",)
        constraints = (models.UniqueConstraint(fields=("owner", "work"), name="task_failure_once"),)

    def __str__(self) -> str:
        return f"{self.work}: {self.failures}"


def in_force() -> Q:
    """Mutes that have not run out."""
    return Q(until__isnull=True) | Q(until__gt=clock.now())


def _is_muted() -> Exists:
    return Exists(Mute.objects.filter(in_force(), key__in=(OuterRef("key"), OuterRef("kind"))))
