"""Farms, their agents, and every run of an agent."""

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from kit import clock
from kit.limits import KEY_LENGTH
from kit.models import Identified, MoneyField, Owned, SentenceField
from markets.bounds import BEYOND, SYMBOL_LENGTH
from markets.models import Instrument, Timeframe
from trading.models import Order
from wallets.models import Wallet


class FractionField(models.DecimalField):  # type: ignore[type-arg]  # generic for the type checker only
    """A share between 0 and 1 with eight decimals."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_digits": 9, "decimal_places": 8, **kwargs})


class Farm(Identified, Owned):
    """A group of agents with a strategy, funded through its wallet."""

    class Kind(models.TextChoices):
        TREND_FOLLOWING = "trend_following", "Trend following"
        BREAKOUT = "breakout", "Breakout"
        PRICE_ACTION = "price_action", "Price action"
        MEAN_REVERSION = "mean_reversion", "Mean reversion"
        MIXED = "mixed", "Mixed"
        CUSTOM = "custom", "Custom"

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        REHEARSING = "rehearsing", "Building its history"  # runs over the past only: under a controlled clock
        ARCHIVED = "archived", "Archived"  # its money is gone up, its history stays

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.TREND_FOLLOWING)
    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="farm")
    status = models.CharField(max_length=10, choices=Status, default=Status.PAUSED)
    maximum_share = FractionField(
        default=Decimal("0.6"),
        help_text="Most of the farm's value that its agents may hold in one instrument together.",
    )
    # The rest of its policy, beside the targets of its agents' wallets, which are their weights.
    caps = models.JSONField(
        default=dict, blank=True, help_text="The same for one market: fractions as strings, by symbol."
    )
    nets = models.BooleanField(
        default=False, help_text="Whether opposite orders of its agents at one bar are crossed inside the farm."
    )
    allowed_symbols = ArrayField(
        models.CharField(max_length=SYMBOL_LENGTH),
        default=list,
        blank=True,
        help_text="The markets that its agents enter; none means all.",
    )
    trading_days = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        blank=True,
        help_text="On which days its agents enter, 1 is Monday; none means each.",
    )
    opens_at = models.TimeField(null=True, blank=True, help_text="From when on, where its owner is.")
    closes_at = models.TimeField(
        null=True, blank=True, help_text="Until when; earlier than it opens means on the next day."
    )

    class Meta:
        ordering = ("created_at",)
        constraints = (
            models.UniqueConstraint(fields=("owner", "name"), name="farm_name_once_per_owner"),
            models.CheckConstraint(
                condition=Q(maximum_share__gt=0, maximum_share__lte=1), name="farm_maximum_share_is_a_fraction"
            ),
            models.CheckConstraint(
                condition=Q(trading_days__contained_by=list(range(1, 8))), name="farm_trading_days_are_of_a_week"
            ),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True, closes_at__isnull=True)
                | (Q(opens_at__isnull=False, closes_at__isnull=False) & ~Q(opens_at=F("closes_at"))),
                name="farm_opens_and_closes",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def cap_of(self, symbol: str) -> Decimal:
        """Most of its value that its agents may hold in this market together, a fraction."""
        return Decimal(self.caps[symbol]) if symbol in self.caps else self.maximum_share

    @property
    def is_pool(self) -> bool:
        """Whether it is no farm but where the free agents of its master are."""
        return self.wallet.role == Wallet.Role.POOL

    @property
    def is_acting(self) -> bool:
        """Whether its agents decide now: it runs, or it builds its history and the clock is in the past."""
        return self.status == (Farm.Status.REHEARSING if clock.is_controlled() else Farm.Status.RUNNING)


class SavedStrategy(Identified, Owned):
    """Rules under a name, for any number of agents; what they are stands in their versions.

    One that is archived is offered nowhere, and no agent at work follows it; its versions and what they did stay.
    """

    name = models.CharField(max_length=80)
    strategy = models.CharField(max_length=40, help_text="Slug of the strategy whose parameters are kept.")
    archived_at = models.DateTimeField(null=True, blank=True)
    key = models.CharField(max_length=100, blank=True, editable=False, help_text="Of the request that made it.")
    request_hash = models.CharField(max_length=64, blank=True, editable=False, help_text="SHA-256 of that request.")

    class Meta:
        db_table = "farms_strategy"
        ordering = ("name",)
        verbose_name_plural = "saved strategies"
        constraints = (
            models.UniqueConstraint(fields=("owner", "name"), name="strategy_name_once_per_owner"),
            models.UniqueConstraint(fields=("owner", "key"), condition=~Q(key=""), name="strategy_key_once_per_owner"),
        )

    def __str__(self) -> str:
        return self.name


class StrategyVersion(Identified, Owned):
    """The rules of a saved strategy as they were at one time, and on whose candles they were checked. Append-only."""

    saved = models.ForeignKey(SavedStrategy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    parameters = models.JSONField()
    changes = models.JSONField(default=list, help_text="What differs from the version before it, in words.")
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", help_text="On whose candles it was checked."
    )
    timeframe = models.CharField(max_length=3, choices=Timeframe)
    bars = models.PositiveIntegerField(help_text="How many candles it was checked on.")

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("saved", "number"), name="version_number_once_per_strategy"),)

    def __str__(self) -> str:
        return f"{self.saved.name}, version {self.number}"


class Agent(Identified, Owned):
    """A worker: one strategy with its parameters on one instrument and timeframe, trading its wallet's money."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        ARCHIVED = "archived", "Archived"

    class Sizing(models.TextChoices):
        CASH = "cash", "Share of its cash"
        RISK = "risk", "Risk per trade"

    farm = models.ForeignKey(Farm, on_delete=models.PROTECT, related_name="agents")
    name = models.CharField(max_length=80)
    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="agent")
    strategy = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    version = models.ForeignKey(
        StrategyVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="agents",
        help_text="The saved rules that it follows: the database writes its strategy and parameters from them.",
    )
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    timeframe = models.CharField(max_length=3, choices=Timeframe, default=Timeframe.H1)
    sizing = models.CharField(max_length=8, choices=Sizing, default=Sizing.CASH)
    size = FractionField(
        default=Decimal("0.5"),
        help_text="Of its free cash: what an entry spends, or what it may lose between entry and stop.",
    )
    leverage = MoneyField(
        db_default=1, default=1, help_text="Of a perpetual: how many times its margin an entry is worth."
    )
    status = models.CharField(max_length=8, choices=Status, default=Status.PAUSED)
    status_detail = SentenceField()
    failures = models.PositiveSmallIntegerField(default=0, help_text="Failed runs in a row.")
    last_bar = models.BigIntegerField(null=True, blank=True, help_text="Open of the last bar it ran on, in ms.")

    is_waiting: bool  # whether an order of its own has no answer yet; read along by `lock_agent` only

    class Meta:
        ordering = ("created_at",)
        constraints = (
            models.UniqueConstraint(fields=("farm", "name"), name="agent_name_once_per_farm"),
            models.CheckConstraint(condition=Q(size__gt=0, size__lte=1), name="agent_size_is_a_fraction"),
            models.CheckConstraint(condition=Q(leverage__gte=1, leverage__lt=BEYOND), name="agent_leverage"),
        )
        indexes = (models.Index(fields=("status",), condition=Q(status="running"), name="agent_running"),)

    def __str__(self) -> str:
        return self.name


class AgentFarmAssignment(Owned):
    """Who worked where, since when and until when."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="assignments")
    farm = models.ForeignKey(Farm, on_delete=models.PROTECT, related_name="assignments")
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    key = models.CharField(
        max_length=KEY_LENGTH, blank=True, db_default="", help_text="Idempotency key of the move that brought it here."
    )

    class Meta:
        ordering = ("-started_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "key"), condition=~models.Q(key=""), name="agent_moved_once_per_key"
            ),
            models.UniqueConstraint(
                fields=("agent",), condition=models.Q(ended_at__isnull=True), name="agent_works_in_one_farm"
            ),
        )

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.farm_id}"


class AgentRun(Owned):
    """What an agent saw and decided at the close of one bar; the unique key makes a second run of it a no-op.

    Append-only; old months of them go as a whole, but for what placed an order (`farms.services.RUNS`).
    """

    class Decision(models.TextChoices):
        ENTER = "enter", "Enter"
        EXIT = "exit", "Exit"
        HOLD = "hold", "Hold"
        SKIP = "skip", "Skip"

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, db_index=False, related_name="runs")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    bar = models.BigIntegerField(help_text="Open of the bar whose close was evaluated, in ms.")
    decision = models.CharField(max_length=8, choices=Decision)
    explanation = SentenceField(help_text="Words and market prices; amounts stand in numbers.")
    close = MoneyField()
    exit_stop = MoneyField(null=True, blank=True, help_text="Protective stop of an entry.")
    exit_target = MoneyField(null=True, blank=True, help_text="Profit target of an entry.")
    trail = MoneyField(null=True, blank=True, help_text="How far below the best price the stop follows, in quote.")
    indicators = models.JSONField(default=dict, help_text="Values at the bar, by name.")
    numbers = models.JSONField(default=dict, help_text="How the order was sized: decimals as strings, by name.")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-bar",)
        constraints = (models.UniqueConstraint(fields=("agent", "instrument", "bar"), name="agent_runs_once_per_bar"),)
        indexes = (models.Index(fields=("agent", "-bar"), name="agent_runs_newest_first"),)

    def __str__(self) -> str:
        return f"{self.decision} at {self.bar}"


class FarmEvent(Owned):
    """What happened to a farm or one of its agents, such as created, paused, changed or failed. Append-only."""

    class Kind(models.TextChoices):
        CREATED = "created", "Created"
        STARTED = "started", "Started"
        PAUSED = "paused", "Paused"
        FAILED = "failed", "Failed"
        CHANGED = "changed", "Changed"
        MOVED = "moved", "Moved"
        ARCHIVED = "archived", "Archived"
        RESTORED = "restored", "Restored"

    farm = models.ForeignKey(Farm, on_delete=models.PROTECT, related_name="events")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    detail = SentenceField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("farm", "-created_at"), name="farm_events_newest_first"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d %H:%M}"
