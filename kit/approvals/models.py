"""Questions to the owner, and what was answered."""

from typing import TypeAlias

from django.db import models
from django.db.models import Q

from kit.models import Identified, Owned, SentenceField


class ApprovalStatus(models.TextChoices):
    OPEN = "open", "Open"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Too late"


class Approval(Identified, Owned):
    """Something that a program wants done. It never changes but for its one answer.

    `given` are the arguments of the act `kind`; `title` and `lines` say what it would come to, as it was asked. The
    program is known by its token; `run` and `call` name what of a protocol's client waits for it. `result` is what came
    of it: of an act that was refused then, the sentence.
    """

    Status: TypeAlias = ApprovalStatus

    kind = models.CharField(max_length=20)
    given = models.JSONField()
    title = SentenceField()
    lines = models.JSONField(default=list, help_text="Sentences, as JSON.")
    reason = models.CharField(max_length=500, blank=True, help_text="The program's own words.")
    asked_by = models.CharField(max_length=80, help_text="Name of the token.")
    token = models.ForeignKey("users.Token", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    key = models.CharField(max_length=100, blank=True, help_text="The program's own, of a question asked once.")
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=80, blank=True, help_text="Name of the token; nothing: in the browser.")
    note = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(status="open", answered_at__isnull=True)
                | (~Q(status="open") & Q(answered_at__isnull=False)),
                name="approval_is_over_when_answered",
            ),
            models.UniqueConstraint(
                fields=("owner", "token", "key"), condition=~Q(key=""), name="approval_asked_once_per_key"
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at", "-id"), name="approval_newest_first"),
            models.Index(fields=("owner", "expires_at"), condition=Q(status="open"), name="approval_open"),
        )

    def __str__(self) -> str:
        return self.title.exact  # type: ignore[no-any-return]  # a sentence

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN
