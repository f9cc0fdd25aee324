"""What the owner allows, and what the gate said."""

from django.db import models
from django.db.models import F, Q

from kit import clock
from kit.models import MoneyField, Owned, SentenceField
from markets.models import Instrument
from trading.models.bounds import finite
from trading.models.orders import Order
from wallets.models import Connection, Platform, Wallet


class RiskLimit(Owned):
    """What the user allows on a connection or a wallet. The tightest on the path applies; none of them means nothing
    is allowed (the gate fails closed)."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, null=True, blank=True, related_name="limit")
    wallet = models.OneToOneField(Wallet, on_delete=models.CASCADE, null=True, blank=True, related_name="limit")
    allowed_symbols = models.JSONField(null=True, blank=True, help_text="List of symbols; empty list allows none.")
    maximum_notional = MoneyField(null=True, blank=True, help_text="Per order, in the notional asset.")
    notional_asset = models.CharField(max_length=20, blank=True, help_text="What the maximum notional is counted in.")
    maximum_daily_loss = models.DecimalField(
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction: the fall that ends a day.",
    )
    maximum_position = MoneyField(
        null=True, blank=True, help_text="What a position may be worth after a buy, in the notional asset."
    )
    maximum_open_positions = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many positions may be open at once here and below."
    )
    maximum_risk = models.DecimalField(
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction of the wallet's value: what the way from a buy's price to its stop may cost.",
    )
    default_stop = models.DecimalField(
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction below the price: the stop of a buy that names none.",
    )
    default_target = models.DecimalField(
        max_digits=12,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction above the price: the target of a buy that names none.",
    )
    maximum_exposure = models.DecimalField(
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction of its usual size, and of these amounts, that a buy may have.",
    )
    maximum_distance = models.DecimalField(
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction: how much worse than the middle of the market an order's price may be.",
    )
    maximum_orders_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many orders may be sent within a minute from here and below."
    )
    maximum_correlated = models.DecimalField(
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction of what is here and below: what all that is open may come to by how it moves together.",
    )
    cooldown_bars = models.PositiveIntegerField(
        null=True, blank=True, help_text="So many bars after a stop nothing is bought in its market for its wallet."
    )
    maximum_drawdown = models.DecimalField(
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction: the fall from the highest within the days looked back on that holds buying back.",
    )
    lookback_days = models.PositiveIntegerField(default=30, help_text="Within so many days the fall is measured.")
    minimum_profit_factor = models.DecimalField(
        max_digits=12,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="What the trades looked back on have to win for what they lose; less holds buying back.",
    )
    lookback_trades = models.PositiveIntegerField(
        default=20, help_text="So many trades of a wallet in a market are measured together."
    )
    lock_hours = models.PositiveIntegerField(
        default=24, help_text="So long buying is held back after a fall, or after trades that lost."
    )
    # Not the owner's word: what the day has come to. Once the limit is reached nothing is bought until the next day.
    lost = models.DecimalField(max_digits=9, decimal_places=8, null=True, blank=True, editable=False)
    rests_until = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(connection__isnull=True, wallet__isnull=False)
                | Q(connection__isnull=False, wallet__isnull=True),
                name="risk_limit_on_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(maximum_notional__isnull=True)
                | (Q(maximum_notional__gt=0) & finite("maximum_notional") & ~Q(notional_asset="")),
                name="risk_limit_positive",
            ),
            models.CheckConstraint(
                condition=Q(maximum_position__isnull=True)
                | (Q(maximum_position__gt=0) & finite("maximum_position") & ~Q(notional_asset="")),
                name="risk_limit_position_positive",
            ),
            models.CheckConstraint(
                condition=(Q(maximum_risk__isnull=True) | Q(maximum_risk__gt=0, maximum_risk__lte=1))
                & (Q(default_stop__isnull=True) | Q(default_stop__gt=0, default_stop__lt=1))
                & (Q(default_target__isnull=True) | Q(default_target__gt=0))
                & (Q(maximum_exposure__isnull=True) | Q(maximum_exposure__gt=0, maximum_exposure__lte=1))
                & (Q(maximum_distance__isnull=True) | Q(maximum_distance__gt=0, maximum_distance__lte=1))
                & (Q(maximum_correlated__isnull=True) | Q(maximum_correlated__gt=0, maximum_correlated__lte=1)),
                name="risk_limit_shares",
            ),
            models.CheckConstraint(
                condition=(Q(cooldown_bars__isnull=True) | Q(cooldown_bars__gte=1, cooldown_bars__lte=1000))
                & (Q(maximum_drawdown__isnull=True) | Q(maximum_drawdown__gt=0, maximum_drawdown__lte=1))
                & (
                    Q(minimum_profit_factor__isnull=True)
                    | Q(minimum_profit_factor__gt=0, minimum_profit_factor__lte=1000)
                )
                & Q(lookback_days__gte=1, lookback_days__lte=365)
                & Q(lookback_trades__gte=2, lookback_trades__lte=1000)
                & Q(lock_hours__gte=1, lock_hours__lte=8760),
                name="risk_limit_protections",
            ),
            models.CheckConstraint(
                condition=Q(maximum_daily_loss__isnull=True) | Q(maximum_daily_loss__gt=0, maximum_daily_loss__lte=1),
                name="risk_limit_daily_loss_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(lost__isnull=True, rests_until__isnull=True)
                | Q(lost__isnull=False, rests_until__isnull=False, maximum_daily_loss__isnull=False),
                name="risk_limit_rests_for_a_loss",
            ),
        )

    def __str__(self) -> str:
        return f"limit {self.pk}"


class PlatformLimit(models.Model):
    """What the operator allows every account at a platform, whoever owns it. It takes away and never allows."""

    platform = models.OneToOneField(Platform, on_delete=models.CASCADE, related_name="limit")
    maximum_notional = MoneyField(null=True, blank=True, help_text="Per order, in the notional asset.")
    notional_asset = models.CharField(max_length=20, blank=True, help_text="What the maximum notional is counted in.")
    maximum_distance = models.DecimalField(
        max_digits=9,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="A fraction: how much worse than the middle of the market an order's price may be.",
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(maximum_notional__isnull=True)
                | (Q(maximum_notional__gt=0) & finite("maximum_notional") & ~Q(notional_asset="")),
                name="platform_limit_positive",
            ),
            models.CheckConstraint(
                condition=Q(maximum_distance__isnull=True) | Q(maximum_distance__gt=0, maximum_distance__lte=1),
                name="platform_limit_distance_is_a_share",
            ),
        )

    def __str__(self) -> str:
        return f"limit of {self.platform_id}"


KINDS = ("cooldown_bars", "maximum_drawdown", "minimum_profit_factor")


class EntryLock(Owned):
    """That a protection of a limit holds buying back: of a wallet and all below it, or of one market of a wallet.

    One row for each such place, written anew whenever it is held again; `until` is past once it is over.
    """

    class Kind(models.TextChoices):
        COOLDOWN = "cooldown_bars", "Pause after a stop"
        DRAWDOWN = "maximum_drawdown", "Fall"
        PROFIT_FACTOR = "minimum_profit_factor", "Trades that lost"

    limit = models.ForeignKey(RiskLimit, on_delete=models.CASCADE, db_index=False, related_name="locks")
    kind = models.CharField(max_length=24, choices=Kind)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    measured = models.DecimalField(max_digits=20, decimal_places=8, help_text="Bars, a fraction, or a factor.")
    began_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Empty until somebody has said that it is over.")

    class Meta:
        ordering = ("-began_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("limit", "kind", "wallet", "instrument"), nulls_distinct=False, name="entry_lock_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=KINDS),
                name="entry_lock_kind_known",
            ),
            models.CheckConstraint(condition=Q(measured__gte=0, measured__lte=1000), name="entry_lock_measured"),
            models.CheckConstraint(condition=Q(until__gte=F("began_at")), name="entry_lock_has_a_time"),
        )
        indexes = (
            models.Index(fields=("wallet", "until"), name="entry_lock_of_wallet"),
            models.Index(fields=("owner", "until"), condition=Q(ended_at=None), name="entry_lock_in_force"),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.wallet_id}"

    @property
    def alert_key(self) -> str:
        """The alert that says that it has begun; its end resolves it."""
        return f"protection:{self.pk}"


class RiskDecision(Owned):
    """What the gate said of an order, and the numbers it looked at. Append-only."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="risk_decisions")
    allowed = models.BooleanField()
    limit = models.CharField(max_length=40, blank=True, help_text="Which limit refused.")
    explanation = SentenceField()
    numbers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.explanation)
