"""Who did what, from where, and what it was before."""

from django.conf import settings
from django.db import models

from kit import clock
from kit.models import Owned


class AuditEntry(Owned):
    """One act that matters for somebody's money or safety. Append-only.

    `owner` is whose account it concerns, `actor` who did it: the same person, an operator, or nobody for what Moniqo
    did on its own. `before` and `after` hold what changed, by name, as text; secrets never.
    """

    class Area(models.TextChoices):
        MONEY = "money", "Money"
        LIMITS = "limits", "Limits"
        TRADING = "trading", "Orders and positions"
        KEYS = "keys", "Connections and keys"
        TOKENS = "tokens", "Tokens"
        SIGN_IN = "sign_in", "Signing in"
        OPERATOR = "operator", "Operators"

    class Channel(models.TextChoices):
        PAGE = "page", "Page"
        API = "api", "API"
        ADMIN = "admin", "Operators' admin"
        ENGINE = "engine", "Moniqo itself"

    at = models.DateTimeField(default=clock.now)
    area = models.CharField(max_length=8, choices=Area)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True, help_text="What it was done to.")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    channel = models.CharField(max_length=8, choices=Channel)
    address = models.GenericIPAddressField(null=True, blank=True)
    token = models.CharField(max_length=80, blank=True, help_text="Name of the token that a program came with.")

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("owner", "-at", "-id"), name="audit_newest_first"),)
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M}"


class Call(Owned):
    """One call of a program that speaks a protocol to us, reading ones too. Append-only; old months go as a whole.

    What it changed stands in the log of acts as well. `arguments` is the SHA-256 of what was sent, so that it can be
    told whether the same was, and nothing of it is kept. `status` is that of HTTP, 200 where all was well.
    """

    class Protocol(models.TextChoices):
        MCP = "mcp", "MCP"
        AGUI = "agui", "AG-UI"

    at = models.DateTimeField(default=clock.now)
    token_id = models.UUIDField(help_text="The row of the token, which may be gone.")
    protocol = models.CharField(max_length=4, choices=Protocol)
    tool = models.CharField(max_length=60)
    arguments = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("owner", "token_id", "-at", "-id"), name="call_newest_first"),)

    def __str__(self) -> str:
        return f"{self.tool} {self.status}"
