"""What a person should know."""

from django.db import models

from kit import clock
from kit.models import Identified, Owned


class Alert(Identified, Owned):
    """One message, raised once per `key` until it is resolved."""

    class Level(models.TextChoices):
        INFO = "info", "Information"
        WARNING = "warning", "Warning"
        CRITICAL = "critical", "Critical"

    level = models.CharField(max_length=8, choices=Level, default=Level.WARNING)
    key = models.CharField(max_length=200, help_text="What it is about, such as drift:<connection>:<asset>.")
    title = models.CharField(max_length=120)
    body = models.TextField(blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "key"), condition=models.Q(resolved_at__isnull=True), name="alert_open_once"
            ),
        )

    def __str__(self) -> str:
        return self.title


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
