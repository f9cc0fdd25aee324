"""What the fund was worth, when, and what changed it."""

from django.db import models

from moniqo.lib.models import MoneyField, Owned
from wallets.models import Wallet


class Snapshot(Owned):
    """The value of one wallet's subtree at one sync. The table is partitioned by month."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="snapshots")
    at = models.DateTimeField()
    equity = MoneyField(help_text="In the base asset.")
    cash = MoneyField(help_text="The part held in the base asset.")
    invested = MoneyField(help_text="Market value of everything else that has a price.")
    unrealized_pnl = MoneyField(default=0)
    realized_pnl = MoneyField(default=0, help_text="Cumulative, net of fees.")
    fees = MoneyField(default=0, help_text="Cumulative, in the base asset.")
    flow = MoneyField(default=0, help_text="Money that came in (+) or left (−) since the snapshot before.")
    gross_exposure = MoneyField(default=0)
    net_exposure = MoneyField(default=0)
    is_stale = models.BooleanField(default=False, help_text="Carried forward: a venue did not answer.")
    unpriced = models.JSONField(default=list, help_text="Assets without a price, listed and not counted.")

    class Meta:
        ordering = ("-at",)
        constraints = (models.UniqueConstraint(fields=("wallet", "at"), name="snapshot_once"),)

    def __str__(self) -> str:
        return f"{self.equity} at {self.at:%Y-%m-%d %H:%M}"


class PortfolioState(Owned):
    """How far the portfolio's own work has come for one owner: the demo's progress, the last sync, the cursors."""

    synced_at = models.DateTimeField(null=True, blank=True)
    building = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Percent of the demo history.")
    building_step = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner",), name="portfolio_state_once_per_owner"),)

    def __str__(self) -> str:
        return f"state of {self.owner_id}"


class DailyPerformance(Owned):
    """One UTC day of one wallet: the close, and the parts that its change is the exact sum of."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="daily")
    day = models.DateField()
    equity = MoneyField(help_text="At the day's close.")
    flow = MoneyField(default=0)
    market = MoneyField(default=0, help_text="Change of unrealized profit.")
    realized = MoneyField(default=0, help_text="Before fees.")
    fees = MoneyField(default=0)
    adjustments = MoneyField(default=0)
    twr = models.FloatField(help_text="Time-weighted return of the day, a fraction.")

    class Meta:
        ordering = ("-day",)
        verbose_name_plural = "daily performance"
        constraints = (models.UniqueConstraint(fields=("wallet", "day"), name="daily_performance_once"),)

    def __str__(self) -> str:
        return f"{self.day}"
