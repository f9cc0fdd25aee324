"""What the fund was worth, when, and what changed it.

A *scope* is whose value a row tells: one wallet with everything below it, or all of an owner's wallets together. The
owner's own id stands for the latter, so that one column names both and every series is read the same way.
"""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce

from kit.models import Owned, ValueField
from portfolio.exposure.models import ExposureLevel, ExposureLimit
from portfolio.rebalancing.models import RebalanceRule, RebalanceRun
from wallets.models import FundAllocation, Wallet

__all__ = [
    "AllocationPlan", "DailyPerformance", "ExposureLevel", "ExposureLimit", "FlowMark", "PortfolioState",
    "RebalanceRule", "RebalanceRun", "Snapshot",
]  # fmt: skip

SCOPE = Coalesce("wallet", "owner")


class Snapshot(Owned):
    """The value of one scope at one moment, in its base asset. The table is partitioned by month (see 0001)."""

    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="snapshots",
        help_text="Empty for all wallets of the owner together.",
    )
    scope = models.GeneratedField(expression=SCOPE, output_field=models.UUIDField(), db_persist=True)
    at = models.DateTimeField()
    base = models.CharField(
        max_length=20, help_text="The asset that the value is told in; each has a history of its own."
    )
    equity = ValueField(help_text="cash + invested + unrealized profit of derivatives.")
    cash = ValueField(help_text="The part held in the base asset.")
    invested = ValueField(help_text="Market value of every other asset that has a price.")
    unrealized_pnl = ValueField(default=0)
    realized_pnl = ValueField(default=0, help_text="Cumulative, net of fees.")
    fees = ValueField(default=0, help_text="Cumulative, each valued when it was paid.")
    funding = ValueField(db_default=0, help_text="Cumulative payments for holding derivatives, received less paid.")
    flow = ValueField(default=0, help_text="Money that came in (+) or left (−) since the snapshot before.")
    flows = ValueField(default=0, help_text="Cumulative: all that was put in less all that was taken out.")
    adjustments = ValueField(default=0, help_text="Corrections of the books since the snapshot before.")
    gross_exposure = ValueField(default=0)
    net_exposure = ValueField(default=0)
    twr_index = models.FloatField(default=1, help_text="Growth of 1 by time-weighted returns since the first snapshot.")
    is_stale = models.BooleanField(default=False, help_text="Carried forward: a venue did not answer, a price is old.")
    unpriced = models.JSONField(default=list, help_text="Assets without a price, listed and not counted.")
    corrected_at = models.DateTimeField(null=True, blank=True, help_text="When it was worked out anew, or afterwards.")
    equity_before = ValueField(
        null=True, blank=True, help_text="What it said before it was corrected; empty where there was nothing."
    )

    class Meta:
        ordering = ("-at",)
        constraints = (models.UniqueConstraint(fields=("scope", "base", "at"), name="snapshot_once"),)

    def __str__(self) -> str:
        return f"{self.equity} at {self.at:%Y-%m-%d %H:%M}"


class Stay(Owned):
    """Where a wallet stood until it was moved, and when it was valued there last. Append-only."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="+")
    under = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: under none."
    )
    until = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("wallet", "until"), name="stay_ends_once"),)

    def __str__(self) -> str:
        return f"Until {self.until:%Y-%m-%d %H:%M}"


class FlowMark(Owned):
    """How much of an asset had ever flowed into a scope at a venue when the scope was last valued in `base`.

    The books say how much has flowed so far; the difference is what the next snapshot reports. An asset without a
    price keeps its mark, so that its flow is told once it can be valued.
    """

    wallet = models.ForeignKey(
        Wallet, on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="+"
    )
    scope = models.GeneratedField(expression=SCOPE, output_field=models.UUIDField(), db_persist=True)
    base = models.CharField(max_length=20)
    venue = models.CharField(max_length=40)
    asset = models.CharField(max_length=20)
    flow = ValueField(default=0, help_text="In units of the asset, as the others.")
    fees = ValueField(default=0)
    funding = ValueField(db_default=0)
    adjustments = ValueField(default=0)
    earned = ValueField(
        db_default=0,
        help_text="What wallets that came had realized elsewhere before, less what those that left had realized here.",
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("scope", "base", "venue", "asset"), name="flow_mark_once"),)

    def __str__(self) -> str:
        return f"{self.asset} {self.flow}"


class StateQuerySet(models.QuerySet["PortfolioState"]):
    """How far the portfolio's own work has come."""

    def rezoned(self) -> "StateQuerySet":
        """Of whoever's days are those of another time zone yet."""
        return self.exclude(rolled_in="").exclude(rolled_in=F("owner__timezone"))


class PortfolioState(Owned):
    """How far the portfolio's own work has come for one owner: the last sync, the cursors, the demo's progress."""

    synced_at = models.DateTimeField(null=True, blank=True)
    syncing_since = models.DateTimeField(null=True, blank=True, help_text="Set while a sync runs.")
    valued_at = models.DateTimeField(null=True, blank=True, help_text="The moment of the newest snapshots.")
    rolled_to = models.DateField(null=True, blank=True, help_text="The newest day in the daily table; not over yet.")
    hours_to = models.DateTimeField(
        null=True, blank=True, help_text="Where the newest hour of the hourly table begins; not over yet."
    )
    fills_to = models.BigIntegerField(
        null=True, blank=True, help_text="Up to which transaction it was looked for trades that were told late."
    )
    rolled_in = models.CharField(max_length=100, db_default="", help_text="The time zone whose days the table holds.")
    building = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Percent of the demo history.")
    building_step = models.CharField(max_length=120, blank=True)
    building_scene = models.JSONField(null=True, blank=True, help_text="What a build that was cut off goes on with.")

    objects = StateQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner",), name="portfolio_state_once_per_owner"),)

    def __str__(self) -> str:
        return f"state of {self.owner_id}"

    @classmethod
    def held(cls, owner_id: UUID) -> "PortfolioState":
        """The owner's, locked to the end of the transaction, so that nothing of theirs is valued meanwhile; made where
        there is none. After a connection's row, and before a wallet's that nobody may refer to (see `archiving`)."""
        state, _ = cls.objects.select_for_update().get_or_create(owner_id=owner_id)
        return state

    @classmethod
    def owners_building(cls) -> models.QuerySet["PortfolioState", UUID]:
        """Whose history is being built: it has a clock of its own, and what runs by itself leaves them alone."""
        return cls.objects.filter(building__isnull=False).values_list("owner_id", flat=True)


class Rolled(Owned):
    """What a scope's snapshots of a while come to: the close, the extremes, and the exact parts of the change.

    equity − equity of the one before = flow + market + realized + funding − fees + adjustments

    Two of them in a row come together to one of both, so days are made of hours, and nothing is lost by it: the deepest
    fall of both is the deeper of their own, or the one from the first one's highest index to the second one's lowest.
    """

    # Every policy asks for the owner: with an index of their own all rows of theirs would be looked up for a few.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    scope = models.GeneratedField(expression=SCOPE, output_field=models.UUIDField(), db_persist=True)
    base = models.CharField(max_length=20)
    ends = models.DateTimeField(help_text="Right after it.")
    opened_at = models.DateTimeField(null=True, blank=True, help_text="The moment of its first value.")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="The moment of its last value.")
    open = ValueField(db_default=0, help_text="The close before; where there is none, its first value.")
    equity = ValueField(help_text="At the close.")
    low = ValueField()
    high = ValueField()
    flow = ValueField(default=0)
    flows = ValueField(db_default=0, help_text="Cumulative, at the close.")
    market = ValueField(default=0, help_text="What prices did to what was held, not yet realized.")
    realized = ValueField(default=0, help_text="Before fees.")
    realized_pnl = ValueField(db_default=0, help_text="Cumulative, net of fees, at the close.")
    funding = ValueField(db_default=0, help_text="Payments for holding derivatives, received less paid.")
    funding_got = ValueField(db_default=0, help_text="Cumulative, at the close.")
    fees = ValueField(default=0)
    fees_paid = ValueField(db_default=0, help_text="Cumulative, at the close.")
    adjustments = ValueField(default=0)
    twr = models.FloatField(help_text="Time-weighted return, a fraction; −1 when all was lost.")
    twr_index = models.FloatField(help_text="At the close.")
    twr_low = models.FloatField(help_text="Zero when all was lost; the index begins anew after it.")
    twr_high = models.FloatField()
    drawdown = models.FloatField(db_default=0, help_text="The deepest fall of the index within it, a fraction ≤ 0.")
    corrected_at = models.DateTimeField(null=True, blank=True, help_text="When a value of it was corrected last.")

    class Meta:
        abstract = True


class HourlyPerformance(Rolled):
    """An hour of the owner's day of one scope, counted from their midnight; it is kept for a number of months."""

    at = models.DateTimeField(help_text="Where it begins.")

    class Meta:
        ordering = ("-at",)
        verbose_name_plural = "hourly performance"
        constraints = (models.UniqueConstraint(fields=("scope", "base", "at"), name="hourly_performance_once"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class DailyPerformanceQuerySet(models.QuerySet["DailyPerformance"]):
    """Days of scopes."""

    def in_the_base_of_now(self) -> "DailyPerformanceQuerySet":
        """Of each scope the history in what it is valued in now; whoever names the base needs no more."""
        return self.filter(base=Coalesce("wallet__base_asset", "owner__base_currency"))


class DailyPerformance(Rolled):
    """One of the owner's days of one scope, kept for ever."""

    day = models.DateField()

    objects = DailyPerformanceQuerySet.as_manager()

    class Meta:
        ordering = ("-day",)
        verbose_name_plural = "daily performance"
        constraints = (models.UniqueConstraint(fields=("scope", "base", "day"), name="daily_performance_once"),)

    def __str__(self) -> str:
        return f"{self.day}"


class CorrectionQuerySet(models.QuerySet["Correction"]):
    """Parts of the past that are worked out anew."""

    def of_days(self) -> "CorrectionQuerySet":
        """What is not finished of a change of time zone or base currency: days are not all there until it is."""
        return self.filter(finished_at=None, kind__in=(Correction.Kind.CLOSE, Correction.Kind.RESTATE))


class Correction(Owned):
    """A part of the past that is worked out anew, or for the first time: how far it is, and what it came to."""

    class Kind(models.TextChoices):
        LATE = "late", "A trade was told late"
        FILL = "fill", "Values were missing"
        CLOSE = "close", "Days were not closed at their midnight"
        RESTATE = "restate", "The base currency is another"

    kind = models.CharField(max_length=8, choices=Kind)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Whose trade was late."
    )
    since = models.DateTimeField()
    until = models.DateTimeField()
    step = models.DurationField(null=True, blank=True, help_text="How far the values lie apart that are missing.")
    joins_at = models.DateTimeField(
        null=True, blank=True, help_text="Where a history began that another is put before."
    )
    created_at = models.DateTimeField()
    done_to = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    written = models.PositiveIntegerField(default=0, help_text="Values of all scopes together.")
    skipped = models.PositiveIntegerField(default=0, help_text="Moments at which something held had no price.")
    unpriced = models.JSONField(default=list, help_text="What had none, or an old one, and what nobody remembers.")

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("owner", "-created_at", "-id"), name="correction_newest_first"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}"


class AllocationPlan(Owned):
    """Why a plan of movements moves what it moves: the method that was asked for and the weights that it found.

    The movements are the allocation's lines, which is looked at, applied and taken back as every other. `targets` holds
    a line for each child: what it was worth, its weight and amount, what moves, and why; amounts are text, exact.
    """

    allocation = models.OneToOneField(FundAllocation, on_delete=models.CASCADE, related_name="by_method")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="plans_by_method")
    created_at = models.DateTimeField(help_text="When it was worked out; values and prices are those of this moment.")
    base = models.CharField(max_length=20)
    method = models.CharField(max_length=40, help_text="The one that was asked for.")
    used = models.CharField(max_length=40, help_text="The one that was really used.")
    asked = models.JSONField(default=dict, help_text="Options, days and constraints.")
    days = models.PositiveIntegerField(help_text="Whole days that all of them share.")
    capital = ValueField(help_text="What the weights are fractions of.")
    cash = models.FloatField(help_text="The fraction that stays in the wallet itself.")
    expected_return = models.FloatField(null=True, blank=True, help_text="Per year, a fraction.")
    volatility = models.FloatField(null=True, blank=True, help_text="Per year, a fraction.")
    notes = models.JSONField(default=list, help_text="What was decided for all of them.")
    targets = models.JSONField(default=list)
    last_transfer = models.BigIntegerField(default=0, help_text="The owner's newest when it was worked out.")

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("owner", "-created_at", "-id"), name="plan_newest_first"),)

    def __str__(self) -> str:
        return f"{self.method} of {self.wallet_id}"


def are_days_reworked() -> bool:
    """Whether days of the past are being worked out, as after a change of time zone or base currency. As the tenant."""
    return Correction.objects.of_days().exists() or PortfolioState.objects.rezoned().exists()
