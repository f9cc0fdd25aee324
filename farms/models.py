"""Farms, their agents, and every run of an agent."""

from django.db import models

from markets.models import Instrument, Timeframe
from moniqo.lib import clock
from moniqo.lib.models import Identified, MoneyField, Owned
from trading.models import Order
from wallets.models import Wallet


class Farm(Identified, Owned):
    """A group of agents with a strategy, funded through its wallet."""

    class Kind(models.TextChoices):
        TREND_FOLLOWING = "trend_following", "Trend following"
        BREAKOUT = "breakout", "Breakout"
        PRICE_ACTION = "price_action", "Price action"
        MIXED = "mixed", "Mixed"
        CUSTOM = "custom", "Custom"

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.TREND_FOLLOWING)
    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="farm")
    status = models.CharField(max_length=8, choices=Status, default=Status.PAUSED)

    class Meta:
        ordering = ("created_at",)
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="farm_name_once_per_owner"),)

    def __str__(self) -> str:
        return self.name


class Agent(Identified, Owned):
    """A worker: one strategy with its parameters on one instrument and timeframe, trading its wallet's money."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"

    farm = models.ForeignKey(Farm, on_delete=models.PROTECT, related_name="agents")
    name = models.CharField(max_length=80)
    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="agent")
    strategy = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    timeframe = models.CharField(max_length=3, choices=Timeframe, default=Timeframe.H1)
    status = models.CharField(max_length=8, choices=Status, default=Status.PAUSED)
    status_detail = models.CharField(max_length=300, blank=True)
    last_bar = models.BigIntegerField(null=True, blank=True, help_text="Open of the last bar it ran on, in ms.")

    class Meta:
        ordering = ("created_at",)
        constraints = (models.UniqueConstraint(fields=("farm", "name"), name="agent_name_once_per_farm"),)

    def __str__(self) -> str:
        return self.name


class AgentFarmAssignment(Owned):
    """Who worked where, since when and until when."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="assignments")
    farm = models.ForeignKey(Farm, on_delete=models.PROTECT, related_name="assignments")
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("agent",), condition=models.Q(ended_at__isnull=True), name="agent_works_in_one_farm"
            ),
        )

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.farm_id}"


class AgentRun(Owned):
    """What an agent saw and decided at the close of one bar; the unique key makes a second run of it a no-op."""

    class Decision(models.TextChoices):
        ENTER = "enter", "Enter"
        EXIT = "exit", "Exit"
        HOLD = "hold", "Hold"
        SKIP = "skip", "Skip"

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="runs")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    bar = models.BigIntegerField(help_text="Open of the bar whose close was evaluated, in ms.")
    decision = models.CharField(max_length=8, choices=Decision)
    explanation = models.CharField(max_length=300)
    close = MoneyField()
    indicators = models.JSONField(default=dict)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-bar",)
        constraints = (models.UniqueConstraint(fields=("agent", "instrument", "bar"), name="agent_runs_once_per_bar"),)

    def __str__(self) -> str:
        return f"{self.decision} at {self.bar}"
