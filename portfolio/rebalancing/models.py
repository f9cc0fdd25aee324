"""Rules that weigh a wallet's children by a method on their own, and what came of each time that was due."""

from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.db.models import Q

from kit import clock
from kit.models import Identified, MoneyField, Owned, SentenceField, ValueField
from kit.statuses import colour
from portfolio.allocation.asking import Asked
from wallets.models import FundAllocation, Wallet


class RebalanceRule(Identified, Owned):
    """A standing order of a master or a farm: when its children are weighed, by which method, and who has to agree.

    A run that moves no more than `automatic_up_to` of the capital is applied by itself; every other waits for its
    owner, who has so many hours.
    """

    class Every(models.TextChoices):
        DAY = "day", "Every day"
        WEEK = "week", "Every week"
        MONTH = "month", "Every month"

    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="rebalance_rule")
    is_on = models.BooleanField(default=True)
    since = models.DateTimeField(help_text="What was due before it was switched on or set anew concerns it no more.")
    every = models.CharField(max_length=5, choices=Every)
    on_day = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of a week 1 (Monday) to 7, of a month 1 to 31, in a shorter one its last."
    )
    hour = models.PositiveSmallIntegerField(help_text="0 to 23, where the owner is.")
    method = models.CharField(max_length=40)
    asked = models.JSONField(help_text="Options, days and constraints.")
    band = MoneyField(help_text="As long as no weight is farther off than this fraction, nothing moves.")
    automatic_up_to = MoneyField(
        null=True,
        blank=True,
        help_text="The part of the capital that a run moves by itself; empty: it always asks.",
    )
    approve_within = models.PositiveSmallIntegerField(help_text="Hours that a plan waits for its owner.")
    after_goals = models.BooleanField(default=False, help_text="Also when a goal has brought money home here.")

    class Meta:
        ordering = ("created_at",)
        constraints = (
            models.CheckConstraint(condition=Q(hour__lte=23), name="rebalance_hour_is_one"),
            models.CheckConstraint(
                condition=Q(every="day", on_day=None)
                | Q(every="week", on_day__gte=1, on_day__lte=7)
                | Q(every="month", on_day__gte=1, on_day__lte=31),
                name="rebalance_day_is_one",
            ),
            models.CheckConstraint(condition=Q(band__gte=0, band__lte=1), name="rebalance_band_is_a_fraction"),
            models.CheckConstraint(
                condition=Q(automatic_up_to=None) | Q(automatic_up_to__gt=0, automatic_up_to__lte=2),
                name="rebalance_automatic_is_a_fraction",
            ),
            # A plan that nobody applied is forgotten after a week.
            models.CheckConstraint(
                condition=Q(approve_within__gte=1, approve_within__lte=120), name="rebalance_waits_some_days"
            ),
        )
        indexes = (models.Index(fields=("owner",), condition=Q(is_on=True), name="rebalance_rule_on"),)

    def __str__(self) -> str:
        return f"{self.get_every_display()}: {self.method}"

    @property
    def wish(self) -> Asked:
        """What it asks for each time."""
        return Asked.of_json(self.method, self.asked)


class RebalanceRun(Identified, Owned):
    """One time that was due, and what came of it. The key makes a second run for it impossible.

    `targets` are those of an `AllocationPlan`, kept here because a plan that nobody applied is forgotten, and because
    most runs make none.
    """

    class Status(models.TextChoices):
        DUE = "due", "Put off"  # until nothing keeps it from being done
        WAITING = "waiting", "Waits for approval"
        DONE = "done", "Done"
        NOTHING = "nothing", "Nothing to do"
        REFUSED = "refused", "Refused"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Expired"

    # The database removes them with their rule: the role that serves pages may not.
    rule = models.ForeignKey(RebalanceRule, on_delete=models.DO_NOTHING, related_name="runs")
    key = models.CharField(max_length=100, help_text="The day where the owner was, or the goal, that it was for.")
    due_at = models.DateTimeField()
    because = SentenceField(help_text="What it was for.")
    status = models.CharField(max_length=8, choices=Status, default=Status.DUE)
    reason = SentenceField(help_text="Why it did what it did, or why not, or not yet.")
    allocation = models.ForeignKey(FundAllocation, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    used = models.CharField(max_length=40, blank=True, help_text="The method that was really used.")
    base = models.CharField(max_length=20, blank=True)
    capital = ValueField(null=True, blank=True, help_text="What the weights are fractions of.")
    cost = ValueField(null=True, blank=True, help_text="What moving itself costs.")
    drift = MoneyField(null=True, blank=True, help_text="The farthest that a weight was from its target.")
    turnover = MoneyField(null=True, blank=True, help_text="What it moves, in and out, as a fraction of the capital.")
    notes = models.JSONField(default=list)
    targets = models.JSONField(default=list)
    looked_at = models.DateTimeField(null=True, blank=True, help_text="When it was last asked whether it can be done.")
    expires_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("rule", "key"), name="rebalance_run_once"),
            models.UniqueConstraint(fields=("rule",), condition=Q(status="waiting"), name="rebalance_run_waits_alone"),
            models.CheckConstraint(
                condition=Q(status__in=("due", "waiting"), settled_at=None)
                | (~Q(status__in=("due", "waiting")) & Q(settled_at__isnull=False)),
                name="rebalance_run_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(status="waiting") | Q(expires_at__isnull=False), name="rebalance_run_waits_until"
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at", "-id"), name="rebalance_runs_newest_first"),
            models.Index(fields=("rule", "-created_at"), name="rebalance_runs_of_rule"),
            models.Index(fields=("owner",), condition=Q(status__in=("due", "waiting")), name="rebalance_run_open"),
        )

    def __str__(self) -> str:
        return f"{self.status} {self.key}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def has_expired(self) -> bool:
        """Whether its time is over, said or not yet."""
        return self.expires_at is not None and self.expires_at <= clock.now()

    @property
    def chip(self) -> str:
        """The colour of the status."""
        return colour("rebalance", self.status)


SCHEDULED: Final = "day:"  # how the key of a day begins
OPEN: Final = (RebalanceRun.Status.DUE, RebalanceRun.Status.WAITING)
USUAL: Final[dict[str, Any]] = {"band": Decimal("0.05"), "approve_within": 24}
MOST_HOURS: Final = 120
