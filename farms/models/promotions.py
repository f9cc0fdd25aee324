"""Agents that were hired for real money as copies of others on paper."""

from django.db import models
from django.db.models import Q

from farms.models.farms import Agent
from farms.models.laboratory import Verdict
from kit import clock
from kit.limits import KEY_LENGTH
from kit.models import Owned


class Promotion(Owned):
    """Where an agent comes from, and what stood for it: a verdict in its favour, or its owner's reason. Append-only.

    `verdict` is the newest there was, which says nothing in favour where a `reason` is given.
    """

    agent = models.OneToOneField(Agent, on_delete=models.PROTECT, primary_key=True, related_name="promotion")
    promoted_from = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="promotions")
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True, help_text="Why its owner did without a verdict in favour.")
    key = models.CharField(max_length=KEY_LENGTH, help_text="Idempotency key of the request.")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(fields=("owner", "key"), name="promotion_once_per_key"),
            models.CheckConstraint(
                condition=Q(verdict__isnull=False) | ~Q(reason=""), name="promotion_stands_on_something"
            ),
        )

    def __str__(self) -> str:
        return f"{self.agent_id} from {self.promoted_from_id}"
