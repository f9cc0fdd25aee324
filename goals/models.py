"""Goals: what is wanted of which wallets until when, how far they are, and what was moved for them.

What a goal measures is counted into `GoalTotal` as it is written down, by the cursor of `GoalCursor`; everything
that is shown of it is computed from there. What happened to a goal, and what it moved, is append-only.
"""

from typing import Final

from django.db import models
from django.db.models import Q

from kit import clock
from kit.models import Identified, MoneyField, Owned, SentenceField, TransactionField, ValueField
from wallets.models import Posting, Wallet


class Goal(Identified, Owned):
    """A target, with what is done when it is reached or missed.

    `target` is a `goals.targets.Target` as JSON, `actions` and `on_miss` are lists of `goals.actions` as JSON.
    """

    class Kind(models.TextChoices):
        TRADE_VOLUME = "trade_volume", "Trade volume"
        PROFIT_TARGET = "profit_target", "Profit target"
        PERFORMANCE = "strategy_performance", "Strategy performance"
        EQUITY = "equity", "Equity"
        CUSTOM = "custom", "Custom"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        ACHIEVED = "achieved", "Achieved"
        MISSED = "missed", "Missed"
        CANCELLED = "cancelled", "Cancelled"

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=Kind)
    target = models.JSONField()
    base = models.CharField(max_length=20, help_text="The asset that its money is told in.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(
        null=True, blank=True, help_text="What is closed or filled from here on does not count."
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.DRAFT)
    paused_at = models.DateTimeField(
        null=True, blank=True, help_text="Set while it is paused: it counts and does not end."
    )
    actions = models.JSONField(default=list, blank=True)
    on_miss = models.JSONField(default=list, blank=True)
    renews = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="renewals")
    accepts_changes = models.JSONField(
        null=True, blank=True, help_text="The rule by which its target may be adjusted while it runs."
    )

    key = models.CharField(max_length=100, blank=True, editable=False, help_text="Of the request that made it.")
    request_hash = models.CharField(max_length=64, blank=True, editable=False, help_text="SHA-256 of that request.")

    # Where it stands; written where it is measured: in `goals.life` as it begins, then in `goals.updating`.
    value = ValueField(null=True, blank=True, help_text="Of what is measured; empty while that is not known.")
    began_with = ValueField(null=True, blank=True, help_text="The value that the straight plan begins at.")
    progress = models.FloatField(default=0, help_text="Part of the way, from 0 to 1.")
    unknown = SentenceField(help_text="Why it cannot be measured yet.")
    ended_with = models.JSONField(
        default=list, blank=True, help_text="The value of each of its conditions when it ended, null where unknown."
    )
    noted_at = models.DateTimeField(null=True, blank=True, help_text="The newest point of its series.")
    told = models.PositiveSmallIntegerField(default=0, help_text="The highest percentage that its owner was told.")
    is_behind = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="goal_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("draft", "active"), ended_at__isnull=True)
                | Q(status__in=("achieved", "missed", "cancelled"), ended_at__isnull=False),
                name="goal_ended_says_when",
            ),
            models.UniqueConstraint(fields=("renews",), name="goal_is_renewed_once"),
            models.UniqueConstraint(fields=("owner", "key"), condition=~Q(key=""), name="goal_key_once_per_owner"),
        )
        indexes = (
            models.Index(fields=("owner", "status"), name="goal_of_owner"),
            models.Index(fields=("owner",), condition=Q(status="active"), name="goal_active"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


OPEN: Final = (Goal.Status.DRAFT, Goal.Status.ACTIVE)


class GoalAssignment(Owned):
    """A wallet, with all below it, that works for a goal since when until when; no wallet: the whole fund."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="assignments")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("since", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("goal", "wallet"),
                condition=Q(until__isnull=True),
                nulls_distinct=False,
                name="goal_assigned_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.wallet_id or 'all'} for {self.goal_id}"


class GoalTotal(Owned):
    """What counts for a goal so far, of the markets paid in `quote`: fills by their moment, trades by their close."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="totals")
    quote = models.CharField(max_length=20)
    fills = models.BigIntegerField(default=0)
    volume = ValueField(default=0)
    trades = models.BigIntegerField(default=0)
    won_trades = models.BigIntegerField(default=0)
    lost_trades = models.BigIntegerField(default=0)
    won = ValueField(default=0, help_text="Net of fees, as the other one, and above zero.")
    lost = ValueField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("goal", "quote"), name="goal_total_once"),)

    def __str__(self) -> str:
        return f"{self.trades} trades in {self.quote}"


class GoalCursor(Owned):
    """How far fills and trades of an owner are counted: everything that was written before this transaction."""

    read_to = TransactionField()
    measured_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner",), name="goal_cursor_once"),)

    def __str__(self) -> str:
        return f"{self.read_to}"


class GoalProgress(Owned):
    """The series behind a goal's chart: its value whenever it had changed."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="series", db_index=False)
    at = models.DateTimeField()
    value = ValueField()
    progress = models.FloatField()

    class Meta:
        ordering = ("at",)
        verbose_name_plural = "goal progress"
        constraints = (models.UniqueConstraint(fields=("goal", "at"), name="goal_progress_once"),)

    def __str__(self) -> str:
        return f"{self.value} at {self.at:%Y-%m-%d %H:%M}"


class GoalEvent(Owned):
    """What happened to a goal. Append-only."""

    class Kind(models.TextChoices):
        CREATED = "created", "Created"
        STARTED = "started", "Started"
        CHANGED = "changed", "Changed"
        PAUSED = "paused", "Paused"
        RESUMED = "resumed", "Resumed"
        ADJUSTED = "adjusted", "Target adjusted"
        EXTENDED = "extended", "Deadline extended"
        ACHIEVED = "achieved", "Achieved"
        MISSED = "missed", "Missed"
        CANCELLED = "cancelled", "Cancelled"
        ACTED = "acted", "Action"
        RENEWED = "renewed", "Renewed"

    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=9, choices=Kind)
    detail = SentenceField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d %H:%M}"


class GoalAction(Owned):
    """One thing to do once a goal has ended: made when it ends, done in the order of `number`, each exactly once."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        PARTLY = "partly", "Partly done"  # the rest is stated, and tried again
        SKIPPED = "skipped", "Given up"

    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    do = models.CharField(max_length=12)
    options = models.JSONField(default=dict)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    result = SentenceField(help_text="What it did, and what it could not.")
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("goal", "number")
        constraints = (models.UniqueConstraint(fields=("goal", "number"), name="goal_action_once"),)

    def __str__(self) -> str:
        return f"{self.number}. {self.do}"


class GoalMove(Owned):
    """Money that a goal has moved, from where it was to where it went. Append-only."""

    class Purpose(models.TextChoices):
        COLLECT = "collect", "Collected"
        REWARD = "reward", "Distributed"

    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="moves")
    action = models.ForeignKey(GoalAction, on_delete=models.PROTECT, related_name="moves")
    purpose = models.CharField(max_length=7, choices=Purpose)
    source = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    asset = models.CharField(max_length=20)
    amount = MoneyField()
    profit = MoneyField(default=0, help_text="What of it its source had earned, and no goal had collected yet.")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("created_at", "pk")
        indexes = (models.Index(fields=("owner", "source", "created_at"), name="goal_move_from"),)
        constraints = (models.CheckConstraint(condition=Q(amount__gt=0), name="goal_move_positive"),)

    def __str__(self) -> str:
        return f"{self.amount} {self.asset} {self.purpose}"
