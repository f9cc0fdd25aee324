"""What becomes of orders: wishes to end and to change them, what happened to them, and what was filled.

Events and fills are append-only.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from kit import clock
from kit.models import CurrentTransaction, Identified, MoneyField, Owned, SentenceField, TransactionField, ValueField
from markets.models import Instrument
from trading.models.bounds import finite
from trading.models.orders import Order, Side
from wallets.models import Connection, Posting, Wallet


class Cancellation(Identified, Owned):
    """The wish to end an order, committed before its venue hears of it; open until the order has ended."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="cancellation")
    reason = SentenceField()
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often the venue was asked, or may have been.")
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="Until then a worker holds it; after that the sweeper takes it. Real time."
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, due_at__isnull=False)
                | Q(closed_at__isnull=False, due_at__isnull=True),
                name="cancellation_open_is_never_forgotten",
            ),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(closed_at__isnull=True), name="cancellation_due"),)

    def __str__(self) -> str:
        return f"cancellation of {self.order_id}"


class Amendment(Identified, Owned):
    """The wish to have an order with other terms, committed before its venue hears of it; open until it is carried out.

    An order's intent never changes, so another order stands for the new terms, for what is left of the quantity. How it
    comes to its place is the venue's `way`: the first is ended, with a wish of its own, and then the other placed; or
    one message does both; or the venue changes its order in its place, and the other is that very order.
    """

    class Way(models.TextChoices):
        ENDS = "ends", "Ended, then placed anew"
        IN_PLACE = "in_place", "Changed in its place"
        AT_ONCE = "at_once", "Ended and placed anew at once"

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="amendment")
    key = models.CharField(max_length=120, help_text="Idempotency key of the wish.")
    limit_price = MoneyField()
    quantity = MoneyField(help_text="All that is wanted, with what was filled before.")
    way = models.CharField(
        max_length=8, choices=Way, default=Way.ENDS, db_default=Way.ENDS, help_text="How the venue changes an order."
    )
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often the venue was asked to change it, or may have been."
    )
    explanation = SentenceField(help_text="What the gate said when it was asked for.")
    numbers = models.JSONField(default=dict, db_default={}, help_text="The numbers that the gate looked at.")
    result = SentenceField(help_text="What became of it.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="When the sweeper looks at it. Real time.")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(condition=Q(limit_price__gt=0, quantity__gt=0), name="amendment_positive"),
            models.CheckConstraint(condition=finite("limit_price", "quantity"), name="amendment_amounts_finite"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, due_at__isnull=False)
                | Q(closed_at__isnull=False, due_at__isnull=True),
                name="amendment_open_is_never_forgotten",
            ),
            models.CheckConstraint(condition=Q(way__in=("ends", "in_place", "at_once")), name="amendment_way_known"),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(closed_at__isnull=True), name="amendment_due"),)

    def __str__(self) -> str:
        return f"amendment of {self.order_id}"


class OrderEvent(Owned):
    """One step of an order's life, or something that happened without a step. Append-only."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    from_status = models.CharField(max_length=16, blank=True)
    to_status = models.CharField(max_length=16)
    detail = SentenceField()
    answer = models.JSONField(default=dict, help_text="What the venue said, as it said it.")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class Fill(Owned):
    """An execution, told once by the venue or crossed inside a farm, and posted once to the ledger."""

    class Liquidity(models.TextChoices):
        MAKER = "maker", "Maker"
        TAKER = "taker", "Taker"
        INTERNAL = "internal", "Inside the farm"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fills")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="fills")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    venue_trade_id = models.CharField(max_length=80)
    side = models.CharField(max_length=4, choices=Side)
    price = MoneyField()
    quantity = MoneyField()
    fee = MoneyField(default=0)
    fee_asset = models.CharField(max_length=20)
    liquidity = models.CharField(max_length=8, choices=Liquidity, default=Liquidity.TAKER)
    realized = ValueField(null=True, help_text="Of a perpetual: what it realized in the settle asset, before the fee.")
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="fill")
    filled_at = models.DateTimeField()
    written = TransactionField(db_default=CurrentTransaction(), help_text="What cursors over new fills read.")

    class Meta:
        ordering = ("-filled_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("connection", "instrument", "venue_trade_id"), name="fill_once"),
            models.CheckConstraint(condition=Q(price__gt=0, quantity__gt=0), name="fill_positive"),
            models.CheckConstraint(condition=finite("price", "quantity", "fee"), name="fill_amounts_finite"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="fill_side_known"),
            models.CheckConstraint(
                condition=Q(liquidity__in=("maker", "taker", "internal")), name="fill_liquidity_known"
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-filled_at"), name="fill_newest_first"),
            models.Index(fields=("owner", "wallet", "-filled_at"), name="fill_of_wallet"),
            models.Index(fields=("owner", "written"), name="fill_by_writing"),
        )

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} @ {self.price}"

    @property
    def notional(self) -> Decimal:
        notional: Decimal = self.price * self.quantity
        return notional
