"""What can be traded and what it cost: shared by every owner, so nothing here carries one."""

from datetime import timedelta
from typing import TypeAlias

from django.db import models
from django.db.models import F, Q

from kit import clock
from kit.models import MoneyField
from markets.bounds import ASSET_LENGTH, BEYOND, PRICE_END, SYMBOL_LENGTH, VENUE_LENGTH, VOLUME_END


class Timeframe(models.TextChoices):
    """The lengths of a candle; the value is the field's usual short form."""

    M1 = "1m", "1 minute"
    M5 = "5m", "5 minutes"
    M15 = "15m", "15 minutes"
    H1 = "1h", "1 hour"
    H4 = "4h", "4 hours"
    D1 = "1d", "1 day"

    @property
    def length(self) -> timedelta:
        unit = {"m": "minutes", "h": "hours", "d": "days"}[self.value[-1]]
        return timedelta(**{unit: int(self.value[:-1])})


class InstrumentKind(models.TextChoices):
    SPOT = "spot", "Spot"
    PERPETUAL = "perpetual", "Perpetual future"
    FUTURE = "future", "Future"
    PREDICTION = "prediction", "Prediction market"


class Instrument(models.Model):
    """A market at a venue: what is bought, what it is paid in, and the steps its prices and quantities move in."""

    Kind: TypeAlias = InstrumentKind

    venue = models.CharField(max_length=VENUE_LENGTH, help_text="The venue's short name, such as binance or simulated.")
    symbol = models.CharField(
        max_length=SYMBOL_LENGTH, help_text="The venue's name for it, such as BTC/USDT; nothing takes it apart."
    )
    base = models.CharField(max_length=ASSET_LENGTH)
    quote = models.CharField(max_length=ASSET_LENGTH)
    settle = models.CharField(max_length=ASSET_LENGTH, blank=True, help_text="What a derivative's profit is paid in.")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.SPOT)
    tick_size = MoneyField(help_text="Smallest step of a price.")
    lot_size = MoneyField(help_text="Smallest step of a quantity.")
    minimum_notional = MoneyField(default=0, help_text="Smallest order, in the quote asset.")
    contract_size = MoneyField(default=1, help_text="Of a derivative: how much of the base asset one contract is.")
    max_leverage = MoneyField(
        null=True, blank=True, help_text="Of a derivative: how many times its margin a position may be; empty: unknown."
    )
    maintenance_margin = MoneyField(
        null=True, blank=True, help_text="Of a paper perpetual: the fraction of its worth at which it is liquidated."
    )
    prices_of = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of a paper perpetual: the spot market whose prices and candles are its own.",
    )
    is_simulated = models.BooleanField(default=False, help_text="Its prices come from the market simulator.")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("venue", "symbol")
        constraints = (
            models.UniqueConstraint(fields=("venue", "symbol"), name="instrument_once_per_venue"),
            # PostgreSQL's NaN is greater than every number: an upper bound refuses it.
            models.CheckConstraint(
                condition=Q(tick_size__gt=0, tick_size__lt=BEYOND) & Q(lot_size__gt=0, lot_size__lt=BEYOND),
                name="instrument_steps_positive",
            ),
            models.CheckConstraint(
                condition=Q(prices_of=None)
                | Q(
                    kind=InstrumentKind.PERPETUAL,
                    settle=F("quote"),
                    contract_size=1,
                    max_leverage__gte=1,
                    max_leverage__lt=BEYOND,
                    maintenance_margin__gt=0,
                    maintenance_margin__lt=1,
                ),
                name="instrument_paper_perpetual",
            ),
        )

    def __str__(self) -> str:
        return f"{self.symbol} ({self.venue})"

    @property
    def is_perpetual(self) -> bool:
        """Whether it is a perpetual that paper accounts trade."""
        return self.prices_of_id is not None


class Candle(models.Model):
    """One bar. `ts` is the bar's open in milliseconds since the epoch, UTC. Series are read as arrays, not rows."""

    pk = models.CompositePrimaryKey("instrument_id", "timeframe", "ts")
    # No constraint: checking row by row takes longer than storing a row; only `markets.candles.copying` writes here.
    instrument = models.ForeignKey(
        Instrument, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    timeframe = models.CharField(max_length=3, choices=Timeframe)
    ts = models.BigIntegerField()
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    volume = models.FloatField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(low__gt=0, low__lte=F("open"), high__gte=F("open"), volume__gte=0)
                & Q(low__lte=F("close"), high__gte=F("close"), high__lt=PRICE_END, volume__lt=VOLUME_END),
                name="candle_is_sane",
            ),
        )


class KeptSeries(models.Model):
    """Candles that somebody has imported or downloaded: no feed forgets them when they have become old."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="+")
    timeframe = models.CharField(max_length=3, choices=Timeframe)

    class Meta:
        verbose_name_plural = "kept series"
        constraints = (models.UniqueConstraint(fields=("instrument", "timeframe"), name="kept_series_once"),)

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.timeframe}"


class Ticker(models.Model):
    """The last price of an instrument and where it came from."""

    instrument = models.OneToOneField(Instrument, on_delete=models.CASCADE, primary_key=True, related_name="ticker")
    price = MoneyField()
    bid = MoneyField(null=True)
    ask = MoneyField(null=True)
    source = models.CharField(max_length=40, help_text="simulated, recorded, or the exchange that said so.")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(price__gt=0, price__lt=BEYOND)
                & Q(bid__gt=0, bid__lt=BEYOND)
                & Q(ask__gt=0, ask__lt=BEYOND),
                name="ticker_is_sane",
            ),
        )

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.price}"


class FeedState(models.Model):
    """Where a feed stopped, so that it goes on from there after a restart."""

    name = models.CharField(max_length=60, primary_key=True)
    state = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name
