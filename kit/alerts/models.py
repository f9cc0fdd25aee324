"""What a person should know."""

from typing import Any, Self

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
