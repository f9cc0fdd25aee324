"""Round trips: what is open, what was closed, and what closed trades add up to."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import NullIf

from kit.models import Identified, MoneyField, Owned, SentenceField, TransactionField, ValueField
from markets.models import Instrument
from trading.models.bounds import finite
from wallets.models import Transfer, Wallet

CLOSED = Q(closed_at__isnull=False)
RETURN = F("realized_pnl") / NullIf(F("entry_quantity") * F("entry_price"), 0)  # of what was bought


class Position(Identified, Owned):
    """A round trip in one instrument, open until its quantity is zero again; then it is a trade."""

    class Direction(models.TextChoices):
        LONG = "long", "Long"
        SHORT = "short", "Short"

    class ExitCause(models.TextChoices):
        RULES = "rules", "Its rules said exit"
        STOP = "stop", "Stop"
        TRAIL = "trail", "Trailing stop"
        TARGET = "target", "Target"
        LIQUIDATION = "liquidation", "Liquidation"
        OTHER = "other", "By hand, or by a stop of all"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="positions")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, db_index=False, related_name="+")
    direction = models.CharField(max_length=5, choices=Direction, default=Direction.LONG)
    quantity = MoneyField(help_text="What is open now; zero once closed.")
    entry_quantity = MoneyField(help_text="All that was bought into it.")
    entry_price = MoneyField(help_text="Average, without fees.")
    exit_quantity = MoneyField(default=0, help_text="All that was sold out of it.")
    exit_price = MoneyField(null=True, blank=True, help_text="Average, without fees.")
    fees = MoneyField(default=0, help_text="In the quote asset.")
    realized_pnl = MoneyField(default=0, help_text="In the quote asset, net of all fees paid so far.")
    exit_stop = MoneyField(null=True, blank=True, help_text="At or below it the position is sold.")
    exit_target = MoneyField(null=True, blank=True, help_text="At or above it the position is sold.")
    exit_trail = MoneyField(null=True, blank=True, help_text="How far below the best price the stop follows, in quote.")
    leverage = MoneyField(null=True, blank=True, help_text="Of a perpetual: that of the last order that opened it.")
    cost = MoneyField(null=True, blank=True, help_text="Of a perpetual: what is open was opened for.")
    margin = MoneyField(
        null=True, blank=True, help_text="Of a perpetual: what stands for it, which is the most that it can lose."
    )
    liquidation_price = MoneyField(
        null=True, blank=True, help_text="Of a perpetual: where it is closed, because its margin is used up."
    )
    funding = ValueField(db_default=0, default=0, help_text="What funding has brought, less what it took.")
    hold = models.ForeignKey(
        Transfer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of a perpetual: what holds its margin in the ledger.",
    )
    margin_shortfall = MoneyField(
        default=0,
        db_default=0,
        help_text="Of a perpetual: what of its margin is not held, because its wallet has no more.",
    )
    entry_reason = SentenceField()
    exit_reason = SentenceField()
    exit_cause = models.CharField(max_length=12, choices=ExitCause, blank=True, db_default="")
    # Triggers set these two when it closes, and nobody after that.
    closed_under = models.UUIDField(null=True, help_text="The wallet that its wallet stood under when it was closed.")
    regime = models.CharField(
        max_length=8, blank=True, db_default="", help_text="What the market did before it was opened (`market_regime`)."
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    traded_at = models.DateTimeField(null=True, blank=True, help_text="When the trade was that changed it last.")
    closed_in = TransactionField(null=True, help_text="Set by a trigger; what cursors over new trades read.")

    class Meta:
        ordering = ("-opened_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("wallet", "instrument"), condition=Q(closed_at__isnull=True), name="position_open_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, quantity__gt=0) | Q(closed_at__isnull=False, quantity=0),
                name="position_closed_when_flat",
            ),
            models.CheckConstraint(
                condition=Q(
                    leverage=None, cost=None, margin=None, liquidation_price=None, hold=None, margin_shortfall=0
                )
                | Q(leverage__gte=1, cost__gte=0, margin__gte=F("margin_shortfall"), margin_shortfall__gte=0),
                name="position_margin",
            ),
            models.CheckConstraint(
                condition=finite("leverage", "cost", "margin", "liquidation_price", "funding"),
                name="position_margin_finite",
            ),
            models.CheckConstraint(condition=Q(direction__in=("long", "short")), name="position_direction_known"),
            models.CheckConstraint(
                condition=finite(
                    "quantity",
                    "entry_quantity",
                    "entry_price",
                    "exit_quantity",
                    "exit_price",
                    "fees",
                    "realized_pnl",
                    "exit_stop",
                    "exit_target",
                    "exit_trail",
                ),
                name="position_amounts_finite",
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-closed_at"), name="position_closed_newest_first"),
            models.Index(fields=("owner", "wallet", "-closed_at"), name="position_of_wallet"),
            models.Index(fields=("instrument", "owner", "-closed_at"), name="position_of_instrument"),
            models.Index(fields=("owner", "-opened_at"), name="position_opened_newest_first"),
            # what the list of trades is sorted by
            models.Index(fields=("owner", "realized_pnl"), condition=CLOSED, name="trade_by_profit"),
            models.Index(fields=("owner", "fees"), condition=CLOSED, name="trade_by_fees"),
            models.Index(F("owner"), RETURN, condition=CLOSED, name="trade_by_return"),
            models.Index(F("owner"), F("closed_at") - F("opened_at"), condition=CLOSED, name="trade_by_duration"),
            models.Index(fields=("owner", "closed_in"), condition=CLOSED, name="trade_by_closing"),
            models.Index(fields=("owner",), condition=Q(margin_shortfall__gt=0), name="position_short_of_margin"),
            # the newest of a pair, which a protection measures
            models.Index(fields=("wallet", "instrument", "-closed_at"), condition=CLOSED, name="trade_of_pair"),
        )

    def __str__(self) -> str:
        return f"{self.direction} {self.instrument_id}"

    @property
    def is_long(self) -> bool:
        return self.direction == self.Direction.LONG


class TradeSums(Owned):
    """Closed round trips summed up, in the quote asset and net of fees. One of exactly zero is neither won nor lost.

    A trigger on positions keeps the sums in the transaction that closes one, so they need no catching up; the
    application may only read them.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, db_index=False, related_name="+")
    trades = models.BigIntegerField(default=0)
    won_trades = models.BigIntegerField(default=0)
    lost_trades = models.BigIntegerField(default=0)
    won = ValueField(default=0, help_text="Profit of the winning trades.")
    lost = ValueField(default=0, help_text="Loss of the losing trades, above zero.")
    fees = ValueField(default=0)

    class Meta:
        abstract = True


class TradeTotal(TradeSums):
    """All closed trades of a wallet in an instrument: what valuing it adds to the open positions."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("wallet", "instrument"), name="trade_total_once"),)

    def __str__(self) -> str:
        return f"{self.trades} trades"


class TradeDay(TradeSums):
    """Those that closed on one UTC day while their wallet stood under another, `under` (itself at the top): what a
    period's figures are summed from, however many trades it holds."""

    under = models.UUIDField()
    day = models.DateField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("wallet", "under", "day", "instrument"), name="trade_day_once"),)
        indexes = (
            models.Index(fields=("owner", "day"), name="trade_day_of_owner"),
            models.Index(fields=("owner", "under", "day"), name="trade_day_of_place"),
        )

    def __str__(self) -> str:
        return f"{self.trades} trades on {self.day}"


class TradeSlice(TradeSums):
    """All closed trades of a wallet in an instrument while it stood under another, `under`; by `by` of one kind, `key`.

    Hours are those of UTC in which trades were opened. `traded` is what was bought and sold. However many trades there
    are, there are as many rows as there are kinds of them.
    """

    class By(models.TextChoices):
        ALL = "all", "All"
        HOUR = "hour", "Hour of entry, UTC"
        EXIT = "exit", "What closed it"
        REGIME = "regime", "What the market did"

    under = models.UUIDField()
    by = models.CharField(max_length=6, choices=By)
    key = models.CharField(max_length=12, blank=True)
    traded = ValueField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("wallet", "under", "instrument", "by", "key"), name="trade_slice_once"),
        )
        indexes = (models.Index(fields=("owner", "under"), name="trade_slice_of_farm"),)

    def __str__(self) -> str:
        return f"{self.trades} trades by {self.by} {self.key}"


class HeldTotal(Owned):
    """What positions of a wallet in an instrument had come to once the trades of a moment were in: what had ever been
    paid and got for it, fees included, and what was held then, at its average cost. All in the quote asset.

    What happened between two moments is the difference of their rows, however many trades lie between. A trigger on
    positions keeps them, and a trade that is told late corrects the rows after it; the application may only read them.
    """

    # The key below begins with it: by an index of its own the policy would read all that the owner has.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, db_index=False, related_name="+")
    at = models.DateTimeField()
    quantity = ValueField(help_text="In base, negative when short.")
    cost = ValueField(help_text="Quantity times the average entry price.")
    paid = ValueField(help_text="All that was ever paid, fees included.")
    got = ValueField(help_text="All that was ever got, less fees.")
    fees = ValueField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner", "wallet", "instrument", "at"), name="held_total_once"),)

    def __str__(self) -> str:
        return f"{self.quantity} at {self.at}"
