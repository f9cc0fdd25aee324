"""Advice from a language model: where it is asked for, who wants how much of it, every call, and what was proposed."""

from decimal import Decimal
from typing import TypeAlias

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from farms.models.farms import Agent, Farm, FractionField
from kit.models import Identified, MoneyField, Owned, SentenceField
from markets.bounds import BEYOND
from markets.models import Instrument, Timeframe
from trading.models import Order

# In an address of the operators' list: a scheme, a server, a port, a path.
ADDRESS = RegexValidator(
    r"^https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/\-]*)?\Z",
    "Enter an address such as https://api.example.com/v1, without a name, a password or a query.",
)


class AdviceEndpoint(Identified):
    """An OpenAI-compatible endpoint with one model and its prices. Operators' only, by grant: what serves pages reads
    it, and writes down that it has to be left alone.
    """

    name = models.CharField(max_length=80, unique=True)
    base_url = models.CharField(
        max_length=200, validators=(ADDRESS,), help_text="What stands before /chat/completions."
    )
    model = models.CharField(max_length=100, help_text="What the endpoint calls it.")
    key = models.BinaryField(null=True, blank=True, help_text="Encrypted, bound to this row; none for a local one.")
    price_in = MoneyField(default=0, help_text="US dollars for a million tokens that are asked.")
    price_out = MoneyField(default=0, help_text="US dollars for a million tokens that are answered.")
    most_tokens = models.PositiveIntegerField(default=1_000, help_text="Of one answer.")
    seconds = models.PositiveSmallIntegerField(default=60, help_text="How long one answer may take.")
    is_active = models.BooleanField(default=True)
    paused_until = models.DateTimeField(null=True, blank=True, help_text="It wants to be left alone until then.")
    refusals = models.PositiveSmallIntegerField(default=0, help_text="How often in a row it had no time.")
    stopped = models.CharField(
        max_length=200, blank=True, help_text="Why nobody asks it any more until an operator has looked; empty: asked."
    )

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=Q(price_in__gte=0, price_out__gte=0), name="endpoint_prices"),
            models.CheckConstraint(
                condition=Q(most_tokens__gte=50, most_tokens__lte=32_000, seconds__gte=1, seconds__lte=300),
                name="endpoint_bounds",
            ),
        )

    def __str__(self) -> str:
        return self.name


class AdviceSetting(Owned):
    """Whether an owner wants advice, where it is asked for, and what it may use in 24 hours and in 30 days.

    Its row is what calls of one owner take turns at, so that budgets hold whoever asks at once.
    """

    is_on = models.BooleanField(default=False)
    endpoint = models.ForeignKey(AdviceEndpoint, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    day_tokens = models.PositiveBigIntegerField(default=200_000, help_text="Most in 24 hours.")
    month_tokens = models.PositiveBigIntegerField(default=2_000_000, help_text="Most in 30 days.")
    day_cost = MoneyField(default=Decimal(1), help_text="Most in 24 hours, in US dollars.")
    month_cost = MoneyField(default=Decimal(20), help_text="Most in 30 days, in US dollars.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("owner",), name="advice_setting_once_per_owner"),
            models.CheckConstraint(
                condition=Q(is_on=False) | Q(endpoint__isnull=False), name="advice_is_asked_for_somewhere"
            ),
            models.CheckConstraint(condition=Q(day_cost__gte=0, month_cost__gte=0), name="advice_budgets"),
        )

    def __str__(self) -> str:
        return "on" if self.is_on else "off"


class LevelOfAdvice(models.TextChoices):
    OFF = "off", "Off"
    COMMENT = "comment", "Comment"
    PROPOSE = "propose", "Propose"
    ACT = "act", "Act on paper"


class AdviceLevel(Owned):
    """What a model's advice may come to for one agent, and how often it is asked for."""

    Level: TypeAlias = LevelOfAdvice

    agent = models.OneToOneField(Agent, on_delete=models.PROTECT, related_name="advice")
    level = models.CharField(max_length=8, choices=Level, default=Level.OFF)
    every = models.PositiveSmallIntegerField(
        default=0, help_text="Asked at the close of every so manieth candle; 0: on demand only."
    )
    daily_orders = models.PositiveSmallIntegerField(default=2, help_text="Most orders in 24 hours.")
    last_bar = models.BigIntegerField(null=True, blank=True, help_text="Open of the last bar it was asked at, in ms.")
    said = SentenceField(help_text="Why nobody was asked at that bar; empty: somebody was.")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(every__lte=1_000, daily_orders__lte=100), name="advice_level_bounds"),
        )

    def __str__(self) -> str:
        return self.get_level_display()


class AdviceWatch(Identified, Owned):
    """A farm or a market that is asked about at the close of its candles. To ask on demand takes none."""

    farm = models.OneToOneField(Farm, on_delete=models.PROTECT, null=True, blank=True, related_name="advice")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    timeframe = models.CharField(max_length=3, choices=Timeframe)
    every = models.PositiveSmallIntegerField(help_text="Asked at the close of every so manieth candle.")
    last_bar = models.BigIntegerField(null=True, blank=True, help_text="Open of the last bar it was asked at, in ms.")
    said = SentenceField(help_text="Why nobody was asked at that bar; empty: somebody was.")

    class Meta:
        ordering = ("created_at",)
        verbose_name_plural = "advice watches"
        constraints = (
            models.UniqueConstraint(fields=("owner", "instrument", "timeframe"), name="advice_watches_a_market_once"),
            models.CheckConstraint(condition=Q(every__gte=1, every__lte=1_000), name="advice_watch_bounds"),
            models.CheckConstraint(
                condition=Q(farm__isnull=True, instrument__isnull=False)
                | Q(farm__isnull=False, instrument__isnull=True),
                name="advice_watch_is_of_one_thing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.about} {self.timeframe}"

    @property
    def about(self) -> str:
        """What of, in words of the operators' admin."""
        return str(self.farm if self.farm is not None else self.instrument)


class AdviceCallStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    ASKING = "asking", "Asking"
    PROPOSAL = "proposal", "Proposal"
    NOTHING = "nothing", "No proposal"
    FAILED = "failed", "No answer"
    LOST = "lost", "Lost"


class AdviceCall(Identified, Owned):
    """One question to a model: what it was told, what it said, and what that cost. Its cost counts from before it is
    asked: what was reserved, until it is known.
    """

    Status: TypeAlias = AdviceCallStatus

    class Occasion(models.TextChoices):
        CLOSE = "close", "A candle closed"
        DEMAND = "demand", "On demand"

    about = models.CharField(max_length=60, help_text="What of: one question about it at a time.")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    farm = models.ForeignKey(Farm, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    timeframe = models.CharField(max_length=3, choices=Timeframe, blank=True, default="")
    occasion = models.CharField(max_length=6, choices=Occasion)
    endpoint = models.ForeignKey(AdviceEndpoint, on_delete=models.PROTECT, related_name="+")
    model = models.CharField(max_length=100)
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    cause = SentenceField(help_text="Why it is no proposal.")
    messages = models.JSONField(help_text="What the model was told, as it was sent.")
    markets = models.JSONField(help_text="The markets that it may name, and what is known of each.")
    answers = models.JSONField(default=list, help_text="What it said, word for word.")
    reserved_tokens = models.PositiveIntegerField()
    reserved_cost = MoneyField()
    tokens_in = models.PositiveIntegerField(null=True, blank=True)
    tokens_out = models.PositiveIntegerField(null=True, blank=True)
    cost = MoneyField(null=True, blank=True, help_text="In US dollars; empty: what was reserved counts.")
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="Until when a worker has it.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "about"), condition=Q(finished_at__isnull=True), name="advice_one_question_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, status__in=("waiting", "asking"))
                | Q(finished_at__isnull=False, status__in=("proposal", "nothing", "failed", "lost")),
                name="advice_call_is_over_or_not",
            ),
            models.CheckConstraint(condition=Q(reserved_cost__gte=0), name="advice_call_reserves"),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at"), name="advice_calls_newest_first"),
            models.Index(fields=("created_at",), condition=Q(finished_at__isnull=True), name="advice_calls_to_make"),
        )

    def __str__(self) -> str:
        return f"{self.about} {self.created_at:%Y-%m-%d %H:%M}"


class AdviceProposal(Identified, Owned):
    """What a model proposed, what became of it, and once its horizon is over what it would have made.

    `gain` is of one unit of money at `entry`, in its direction, until its stop, its target or the end of its horizon,
    less `fee` for each side: proposals are compared by it whether or not anything was traded.
    """

    class Action(models.TextChoices):
        BUY = "buy", "Buy"
        SELL = "sell", "Sell"
        HOLD = "hold", "Hold"

    class Became(models.TextChoices):
        SHOWN = "shown", "Shown"
        ASKED = "asked", "Asked"
        ORDERED = "ordered", "Ordered"
        HELD_BACK = "held_back", "Held back"

    call = models.OneToOneField(AdviceCall, on_delete=models.SET_NULL, null=True, blank=True, related_name="proposal")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    farm = models.ForeignKey(Farm, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    timeframe = models.CharField(max_length=3, choices=Timeframe)
    model = models.CharField(max_length=100)
    level = models.CharField(max_length=8, choices=LevelOfAdvice, help_text="What it might come to, as it was made.")
    action = models.CharField(max_length=4, choices=Action)
    size = FractionField(help_text="Of what an entry usually takes; 0 to hold.")
    stop = MoneyField(null=True, blank=True)
    target = MoneyField(null=True, blank=True)
    horizon = models.PositiveSmallIntegerField(help_text="In candles.")
    confidence = FractionField(help_text="As the model stated it.")
    reasons = models.JSONField(help_text="The model's own words.")
    price = MoneyField(help_text="The close that it was told last.")
    bar = models.BigIntegerField(help_text="Open of the last bar that it was told, in ms.")
    fee = FractionField(help_text="What taking costs there, a fraction of the notional.")
    due_at = models.DateTimeField(help_text="When its horizon is over.")
    became = models.CharField(max_length=9, choices=Became, default=Became.SHOWN)
    said = SentenceField(help_text="Why it was held back.")
    approval_id = models.UUIDField(null=True, blank=True, help_text="The question that it became.")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    entry = MoneyField(null=True, blank=True, help_text="The first price after the answer, which it is judged from.")
    exit_price = MoneyField(null=True, blank=True)
    gain = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True, help_text="A fraction.")
    own = models.DecimalField(
        max_digits=14, decimal_places=8, null=True, blank=True, help_text="What its agent's rules alone made meanwhile."
    )
    chance = models.DecimalField(
        max_digits=14, decimal_places=8, null=True, blank=True, help_text="What such a proposal makes by chance."
    )
    chance_spread = models.DecimalField(
        max_digits=14, decimal_places=8, null=True, blank=True, help_text="The deviation of that."
    )

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(size__gte=0, size__lte=1, confidence__gte=0, confidence__lte=1, fee__gte=0, price__gt=0),
                name="advice_proposal_within_its_bounds",
            ),
            # What is no number is greater than any.
            models.CheckConstraint(
                condition=Q(fee__lte=1)
                & Q(gain__lt=BEYOND)
                & Q(own__lt=BEYOND)
                & Q(chance__lt=BEYOND)
                & Q(chance_spread__lt=BEYOND),
                name="advice_proposal_is_of_numbers",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False)
                | Q(gain__isnull=True, exit_price__isnull=True, entry__isnull=True),
                name="advice_proposal_gains_when_settled",
            ),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at"), name="advice_proposals_newest_first"),
            models.Index(fields=("agent", "-created_at"), name="advice_proposals_of_agent"),
            models.Index(fields=("due_at",), condition=Q(settled_at__isnull=True), name="advice_proposals_to_settle"),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.instrument_id}"
