"""Orders, what happened to them, and what they left behind.

The database keeps the promises: a trigger holds orders to the table of `trading.orders.states`, never lets what was
filled shrink and never lets an order's intent change; events, fills and risk decisions are append-only.
"""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from kit.decimals import plain
from kit.models import Identified, MoneyField, Owned, SentenceField
from markets.bounds import BEYOND
from markets.models import Instrument, Timeframe
from markets.prices import worth
from trading.models.bounds import finite
from trading.orders import states
from wallets.models import Connection, Transfer, Wallet

# The stop of a position that rests at its venue: a stop that was sent before anything reached it.
RESTING_STOP = Q(type="stop", protects__isnull=False, triggered_at=None)
UNFINISHED = Q(status__in=sorted(states.UNFINISHED))
# The gate refuses, a venue rejects. Both end as `rejected`; what was never sent was refused.
REFUSED = "refused"
# Those that can only make a position smaller: on spot sales, of perpetuals what only reduces; `Order.leaves` of a row.
LEAVES = Q(leverage=None, side="sell") | Q(leverage__isnull=False, reduce_only=True)
UNFINISHED_ONES = "unfinished"
# What an order is worth in quote: what was filled for what it was filled for, and what would have been at the price
# when it was decided as long as nothing was. `Order.notional` says the same of a row that is loaded.
NOTIONAL = Coalesce(F("filled_quantity") * F("average_price"), F("quantity") * F("reference_price"))


class Side(models.TextChoices):
    BUY = "buy", "Buy"
    SELL = "sell", "Sell"


class Origin(models.TextChoices):
    MONIQO = "moniqo", "Moniqo"
    EXTERNAL = "external", "Placed at the venue"


class TimeInForce(models.TextChoices):
    """How long a limit order is good."""

    GTC = "gtc", "Until it is cancelled"
    IOC = "ioc", "At once, the rest is cancelled"
    FOK = "fok", "All at once or not at all"
    GTD = "gtd", "Until a moment"


# The kinds with a limit, and those that wait for a trigger before they are sent.
LIMITED = ("limit", "stop_limit")
TRIGGERED = ("stop", "stop_limit", "take_profit", "trailing_stop", "oco")
RESTS = (TimeInForce.GTC, TimeInForce.GTD)


class OrderQuerySet(models.QuerySet["Order"]):
    def unfinished(self) -> "OrderQuerySet":
        return self.filter(UNFINISHED)

    def in_the_way(self) -> "OrderQuerySet":
        """Those that an agent waits for, as `has_orders` says of one wallet: what rests waits for a price and is in
        nobody's way."""
        return self.unfinished().exclude(~Q(type=Order.Type.MARKET), status__in=states.RESTING)

    def known_as(self, status: str) -> "OrderQuerySet":
        """Those that a filter names: by an outcome, or all that have none yet (`UNFINISHED_ONES`)."""
        return self.unfinished() if status == UNFINISHED_ONES else self.ended(status)

    def ended(self, outcome: str) -> "OrderQuerySet":
        """Those that a person knows by `outcome` (`Order.outcome`)."""
        if outcome not in (REFUSED, states.REJECTED):
            return self.filter(status=outcome)
        return self.filter(status=states.REJECTED, **{"attempts" if outcome == REFUSED else "attempts__gt": 0})


class Order(Identified, Owned):
    """An intent to trade, committed before anybody outside hears of it.

    One that somebody placed at the venue is adopted as *external*: it stands in the account's unassigned wallet, is
    known by the venue's number instead of a client id, and its quantity is what the venue says that it is.
    """

    class Type(models.TextChoices):
        MARKET = "market", "Market"
        LIMIT = "limit", "Limit"
        STOP = "stop", "Stop"
        STOP_LIMIT = "stop_limit", "Stop limit"
        TAKE_PROFIT = "take_profit", "Take profit"
        TRAILING_STOP = "trailing_stop", "Trailing stop"
        OCO = "oco", "One cancels the other"

    class Status(models.TextChoices):
        DRAFT = states.DRAFT, "Draft"
        WAITING = states.WAITING, "Waiting"
        SUBMITTING = states.SUBMITTING, "Submitting"
        OPEN = states.OPEN, "Open"
        PARTIALLY_FILLED = states.PARTIALLY_FILLED, "Partially filled"
        FILLED = states.FILLED, "Filled"
        CANCELLED = states.CANCELLED, "Cancelled"
        REJECTED = states.REJECTED, "Rejected"
        EXPIRED = states.EXPIRED, "Expired"
        UNCERTAIN = states.UNCERTAIN, "Uncertain"

    # Keys and indexes below begin with these, and every index more is one more to write for each order.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="orders")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False, related_name="orders")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, db_index=False, related_name="+")
    key = models.CharField(max_length=120, help_text="Idempotency key; the client order id is derived from it.")
    request = models.CharField(
        max_length=64, blank=True, default="", help_text="SHA-256 of all that was asked for; the key repeats only that."
    )
    client_order_id = models.CharField(max_length=40)
    venue_order_id = models.CharField(max_length=80, blank=True)
    origin = models.CharField(
        max_length=8, choices=Origin, default=Origin.MONIQO, db_default=Origin.MONIQO, help_text="Who placed it."
    )
    side = models.CharField(max_length=4, choices=Side)
    type = models.CharField(max_length=13, choices=Type, default=Type.MARKET)
    quantity = MoneyField()
    limit_price = MoneyField(null=True, blank=True, help_text="The worst price it may be filled at.")
    time_in_force = models.CharField(
        max_length=3, choices=TimeInForce, blank=True, default="", help_text="How long a limit order is good."
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Until when it is good.")
    post_only = models.BooleanField(default=False, help_text="It rests, and never takes what is there.")
    trigger_price = MoneyField(
        null=True, blank=True, help_text="The price that sends it; of a trailing stop it follows the best one."
    )
    trail = MoneyField(null=True, blank=True, help_text="How far the trigger stays behind the best price, in quote.")
    trail_share = MoneyField(null=True, blank=True, help_text="The same, as a fraction of the best price.")
    trail_atr = MoneyField(
        null=True, blank=True, help_text="How many average true ranges `trail` was, when it was placed."
    )
    trail_timeframe = models.CharField(
        max_length=3, choices=Timeframe, blank=True, default="", help_text="Of which candles the range was."
    )
    target_price = MoneyField(
        null=True, blank=True, help_text="The other trigger of one that cancels the other: a price as good as that."
    )
    triggered_at = models.DateTimeField(null=True, blank=True, help_text="When the market reached its trigger.")
    reduce_only = models.BooleanField(default=False)
    leverage = MoneyField(
        null=True, blank=True, help_text="Of a perpetual: how many times its margin what it opens is worth."
    )
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    reason = SentenceField(help_text="Why it was placed.")
    refusal = SentenceField(help_text="Why the gate refused or the venue rejected it.")
    reference_price = MoneyField(
        help_text="Price when it was decided, or its limit; the hold and the slippage are measured from it."
    )
    exit_stop = MoneyField(null=True, blank=True, help_text="Protective stop handed to the position it opens.")
    exit_target = MoneyField(null=True, blank=True, help_text="Profit target handed to the position it opens.")
    exit_trail = MoneyField(null=True, blank=True, help_text="How far below the best price the stop follows, in quote.")
    protects = models.ForeignKey(
        "Position",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="exits",
        help_text="The position whose stop or target it carries out.",
    )
    replaces = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        help_text="The order that was amended; it had ended when this one took its place.",
    )
    hold = models.ForeignKey(
        Transfer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="What is set aside for it now; empty once all of it is used or released.",
    )
    crossed_quantity = MoneyField(
        default=0, db_default=0, help_text="What of it was crossed inside its farm when it was placed, and never sent."
    )
    filled_quantity = MoneyField(default=0)
    average_price = MoneyField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often it was sent, or may have been.")
    due_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until then a worker holds it; after that the sweeper takes it. Real time, even over history.",
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    # What the keys of the exits begin with by which all that is below a wallet is left; no request has such a key.
    CLOSES_ALL: ClassVar = "close_all:"
    # And those of exits by which a position without enough margin is closed.
    LIQUIDATES: ClassVar = "liquidate:"
    RUN: ClassVar = "run:"  # by the rules of an agent

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(fields=("owner", "key"), name="order_key_once_per_owner"),
            # An order that was changed in its place has the name of the one whose place it took, and no third one has.
            models.UniqueConstraint(
                fields=("connection", "client_order_id", "replaces"), name="order_client_id_once", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=("connection", "client_order_id"), condition=UNFINISHED, name="order_client_id_unfinished_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_quantity_positive"),
            models.CheckConstraint(
                condition=Q(type__in=LIMITED, limit_price__gt=0, time_in_force__in=TimeInForce.values)
                | (~Q(type__in=LIMITED) & Q(limit_price=None, time_in_force="")),
                name="order_limit_has_a_price",
            ),
            models.CheckConstraint(
                condition=Q(type__in=("market", "limit"), trigger_price=None, trail=None, trail_share=None)
                | Q(
                    type__in=("stop", "stop_limit", "take_profit", "oco"),
                    trigger_price__gt=0,
                    trail=None,
                    trail_share=None,
                )
                | (
                    Q(type="trailing_stop", trigger_price__gt=0)
                    & (Q(trail__gt=0, trail_share=None) | Q(trail=None, trail_share__gt=0, trail_share__lt=1))
                ),
                name="order_trigger_has_a_price",
            ),
            models.CheckConstraint(
                condition=Q(type="oco", target_price__gt=0) | (~Q(type="oco") & Q(target_price=None)),
                name="order_target_of_two",
            ),
            models.CheckConstraint(
                condition=Q(trail__isnull=False, trail_atr__gt=0, trail_timeframe__in=Timeframe.values)
                | Q(trail_atr=None, trail_timeframe=""),
                name="order_trail_by_range",
            ),
            models.CheckConstraint(
                condition=Q(time_in_force="gtd", expires_at__isnull=False)
                | (~Q(time_in_force="gtd") & Q(expires_at=None)),
                name="order_good_until_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(post_only=False) | Q(time_in_force__in=RESTS), name="order_post_only_rests"
            ),
            models.CheckConstraint(
                condition=finite(
                    "quantity",
                    "limit_price",
                    "trigger_price",
                    "trail",
                    "trail_share",
                    "trail_atr",
                    "target_price",
                    "reference_price",
                    "exit_stop",
                    "exit_target",
                    "exit_trail",
                    "filled_quantity",
                    "average_price",
                ),
                name="order_amounts_finite",
            ),
            models.CheckConstraint(
                condition=Q(leverage=None) | Q(leverage__gte=1, leverage__lt=BEYOND), name="order_leverage"
            ),
            models.CheckConstraint(
                condition=~Q(exit_stop__lte=0) & ~Q(exit_target__lte=0) & ~Q(exit_trail__lte=0),
                name="order_levels_positive",
            ),
            models.CheckConstraint(
                condition=Q(crossed_quantity=0)
                | Q(crossed_quantity__gt=0, crossed_quantity__lte=F("quantity"), type="market", leverage=None),
                name="order_crossed_is_a_part_of_it",
            ),
            # No upper bound: what a venue executed beyond the order is a fact as well, and an alert is raised.
            models.CheckConstraint(condition=Q(filled_quantity__gte=0), name="order_filled_not_negative"),
            models.CheckConstraint(condition=Q(status__in=sorted(states.NEXT)), name="order_status_known"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="order_side_known"),
            models.CheckConstraint(
                condition=Q(origin=Origin.MONIQO)
                | (Q(origin=Origin.EXTERNAL, hold=None, protects=None, attempts__gt=0) & ~Q(venue_order_id="")),
                name="order_external_is_the_venues",
            ),
            models.CheckConstraint(
                condition=~Q(status=states.FILLED) | Q(filled_quantity__gte=F("quantity")),
                name="order_filled_is_filled",
            ),
            models.CheckConstraint(
                condition=Q(status=states.WAITING, closed_at__isnull=True, due_at__isnull=True)
                | (UNFINISHED & ~Q(status=states.WAITING) & Q(closed_at__isnull=True, due_at__isnull=False))
                | (~UNFINISHED & Q(closed_at__isnull=False, due_at__isnull=True, hold__isnull=True)),
                name="order_unfinished_is_never_forgotten",
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at"), name="order_newest_first"),
            models.Index(fields=("owner", "wallet", "-created_at"), name="order_of_wallet"),
            models.Index(fields=("instrument", "owner", "-created_at"), name="order_of_instrument"),
            models.Index(
                fields=("owner", "-created_at"),
                condition=Q(status__in=(states.REJECTED, states.UNCERTAIN)),
                name="order_gone_wrong",
            ),
            models.Index(fields=("owner", "status", "-created_at"), name="order_by_status"),
            models.Index(fields=("owner", "quantity"), name="order_by_quantity"),
            models.Index(F("owner"), NOTIONAL, name="order_by_worth"),
            models.Index(fields=("wallet", "instrument"), condition=UNFINISHED, name="order_unfinished"),
            models.Index(fields=("due_at",), condition=UNFINISHED, name="order_due"),
            models.Index(fields=("owner",), condition=Q(status=states.WAITING), name="order_waiting"),
            models.Index(
                fields=("connection", "venue_order_id"), condition=~Q(venue_order_id=""), name="order_by_venues_number"
            ),
            models.Index(
                fields=("expires_at",), condition=UNFINISHED & Q(expires_at__isnull=False), name="order_good_until"
            ),
        )

    def __str__(self) -> str:
        return f"{self.side} {plain(self.quantity)} {self.instrument.symbol}"

    @property
    def notional(self) -> Decimal:
        """What it is worth in quote; `NOTIONAL` of the row."""
        if self.average_price is None:
            return worth(self.quantity, self.reference_price)
        return worth(self.filled_quantity, self.average_price)

    @property
    def is_terminal(self) -> bool:
        return self.status in states.TERMINAL

    @property
    def closes_all(self) -> bool:
        """Whether it is an exit by which all that is below a wallet is left."""
        return self.key.startswith(self.CLOSES_ALL)

    @property
    def leaves(self) -> bool:
        """Whether it can only make a position smaller."""
        is_spot: bool = self.leverage is None
        return self.side == Side.SELL if is_spot else bool(self.reduce_only)

    @property
    def liquidates(self) -> bool:
        """Whether it closes a position whose margin is used up."""
        return self.key.startswith(self.LIQUIDATES)

    @property
    def is_refused(self) -> bool:
        """Whether it ended at the gate; one that was sent and is `rejected` was rejected by its venue."""
        return self.status == states.REJECTED and not self.attempts

    @property
    def outcome(self) -> str:
        """The status as a person is told it: the gate refuses, a venue rejects."""
        return REFUSED if self.is_refused else self.status

    @property
    def outcome_label(self) -> str:
        return "Refused" if self.is_refused else self.get_status_display()

    @property
    def is_external(self) -> bool:
        """Whether somebody placed it at the venue."""
        return self.origin == Origin.EXTERNAL

    @property
    def is_resting_stop(self) -> bool:
        """Whether it is the stop of a position, kept by the venue."""
        return self.type == Order.Type.STOP and self.protects_id is not None and self.triggered_at is None

    @property
    def waits_for_stop(self) -> bool:
        """Whether it is sent as soon as the stop that rests at the venue has made way for it."""
        return self.status == states.WAITING and (self.trigger_price is None or self.triggered_at is not None)

    @property
    def sells_holding(self) -> bool:
        """Whether what it sells is held for it: on spot."""
        return self.side == Side.SELL and self.leverage is None

    @property
    def rests(self) -> bool:
        """Whether it waits for its price where the market has not met it."""
        return self.time_in_force in RESTS

    @property
    def left(self) -> Decimal:
        """What is not filled of it."""
        left: Decimal = self.quantity - self.filled_quantity
        return max(left, Decimal(0))

    @property
    def is_cancellable(self) -> bool:
        return self.status in states.CANCELLABLE
