"""What the laboratory was asked, and what came of it: questions have a life, answers stay."""

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from farms.models.farms import Agent, StrategyVersion
from kit import clock
from kit.models import Identified, MoneyField, Owned, SentenceField, ValueField
from markets.models import Timeframe

IS_OVER_OR_NOT: Final = Q(finished_at__isnull=True, status__in=("queued", "running")) | Q(
    finished_at__isnull=False, status__in=("done", "failed", "cancelled")
)


class Job(Identified, Owned):
    """Work of the laboratory that a worker takes up.

    Who has taken it has it until `claimed_until` under a name of its own, `claim`, and says again and again that it has
    it still; when that is over another takes it up, and what the first one writes then is not heard.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    step = models.CharField(max_length=80, blank=True)
    error = SentenceField()
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How many workers have taken it up.")
    claim = models.UUIDField(null=True, blank=True, editable=False, help_text="Which worker has it.")
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="Until when a worker has it.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        """Whether something is still to come of it."""
        return self.finished_at is None

    @classmethod
    def workable(cls) -> QuerySet["Job"]:
        """Those that a worker could do something about, whoever has them."""
        return cls._default_manager.filter(finished_at=None)


class Question(Job):
    """A strategy over candles that are over: what was asked for. It never changes, so that it can be asked again.

    Bars count that open from `since` on and before `until`, of every instrument; all trade one account's `cash`.
    """

    agent = models.ForeignKey(
        Agent,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="%(class)ss",
        help_text="Whose rules it has.",
    )
    strategy = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    instruments = ArrayField(models.BigIntegerField(), help_text="Ids, in the order in which entries are served.")
    timeframe = models.CharField(max_length=3, choices=Timeframe)
    since = models.DateTimeField()
    until = models.DateTimeField()
    cash = MoneyField()
    assumptions = models.JSONField(help_text="Fees, slippage, size and how orders fill, as quant.backtest.Config.")

    class Meta:
        abstract = True
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(condition=Q(cash__gt=0), name="%(class)s_has_cash"),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="%(class)s_ends_after_it_begins"),
            models.CheckConstraint(condition=IS_OVER_OR_NOT, name="%(class)s_is_over_or_not"),
        )
        indexes = (
            models.Index(fields=("owner", "-created_at"), name="%(class)ss_newest_first"),
            models.Index(fields=("created_at",), condition=Q(finished_at__isnull=True), name="%(class)ss_to_do"),
        )

    def __str__(self) -> str:
        return f"{self.strategy} {self.timeframe} {self.created_at:%Y-%m-%d %H:%M}"


class Backtest(Question):
    """A strategy with one set of parameters."""

    version = models.ForeignKey(
        StrategyVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="backtests",
        help_text="The saved rules that they are, where they are some.",
    )


class BacktestResult(Owned):
    """What a backtest found, drawn and counted when it was run. Append-only.

    `candles` and `outcome` are hashes of what went in and of what came out: the same candles and the same question
    always give the same outcome. `trades` are the columns of all trades, packed (`farms.laboratory.packing`).
    """

    backtest = models.OneToOneField(Backtest, on_delete=models.PROTECT, primary_key=True, related_name="result")
    bars = models.PositiveIntegerField(help_text="Moments at which a candle closed.")
    missing_bars = models.PositiveIntegerField(help_text="Bars that gaps of the candles leave out.")
    final_equity = ValueField()
    trade_count = models.PositiveIntegerField()
    total_return = models.FloatField()
    sharpe_per_bar = models.FloatField(help_text="0 where nothing moved.")
    skew = models.FloatField()
    kurtosis = models.FloatField()
    statistics = models.JSONField(help_text="The table of quant.metrics, by name.")
    benchmark = models.JSONField(help_text="The same of buying and holding.")
    breakdown = models.JSONField(help_text="Months, exit reasons, the distribution of trades, what is still held.")
    curve = models.JSONField(help_text="Equity, drawdown and benchmark at the moments that are drawn.")
    charts = models.JSONField(help_text="Candles of each instrument, put together until they can be drawn.")
    trades = models.BinaryField()
    candles = models.CharField(max_length=64)
    outcome = models.CharField(max_length=64)
    seconds = models.FloatField(help_text="From the candles in memory to the figures.")
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.outcome[:12]


class Verdict(Owned):
    """What the figures of a backtest are worth, in words, when it was judged. Append-only."""

    backtest = models.ForeignKey(Backtest, on_delete=models.PROTECT, related_name="verdicts")
    is_significant = models.BooleanField(help_text="Whether every question was answered in its favour.")
    trials = models.PositiveIntegerField(help_text="How many trials of this strategy on these candles were known.")
    deflated_sharpe = models.FloatField(null=True)
    answers = models.JSONField(help_text="Each question with its answer in words, its figures, and whether it passes.")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return "significant" if self.is_significant else "not significant"


class Sweep(Question):
    """A strategy with many sets of parameters over one market: what was asked for.

    `axes` are the parameters that change, each with its values in order; `parameters` are all, those of the axes as
    they are outside of the sweep. Its trials are handed out in blocks; the sweep itself is taken up when none of them
    is left: to choose further ones, or to say what came of all.
    """

    class Method(models.TextChoices):
        GRID = "grid", "Grid"
        RANDOM = "random", "At random"
        TPE = "tpe", "Estimator (TPE)"

    class Measure(models.TextChoices):
        SHARPE = "sharpe", "Sharpe"
        RETURN = "total_return", "Return"
        CALMAR = "calmar", "Calmar"

    axes = models.JSONField(help_text="Pairs of a parameter and the values that are tried of it.")
    method = models.CharField(max_length=6, choices=Method)
    measure = models.CharField(max_length=12, choices=Measure, help_text="What is compared; more is better.")
    trials = models.PositiveIntegerField(help_text="How many sets of parameters are tried, at most.")
    seed = models.PositiveIntegerField(default=1, help_text="The same seed chooses the same sets.")

    @classmethod
    def workable(cls) -> QuerySet[Job]:
        """When its blocks are done, or one of them has failed: then nothing can come of it."""
        blocks = SweepBlock.objects.filter(sweep=OuterRef("pk"))
        is_left, is_broken = Exists(blocks.filter(finished_at=None)), Exists(blocks.filter(status=Job.Status.FAILED))
        return super().workable().filter(~is_left | is_broken)


class SweepBlock(Job):
    """Some of a sweep's trials: which, and what came of them, both packed (`farms.laboratory.blocks`)."""

    sweep = models.ForeignKey(Sweep, on_delete=models.PROTECT, related_name="blocks")
    number = models.PositiveIntegerField()
    trials = models.PositiveIntegerField()
    points = models.BinaryField(help_text="Which sets of parameters, as places on the sweep's axes.")
    body = models.BinaryField(null=True, help_text="The figures of each, once they are known.")

    class Meta:
        ordering = ("sweep", "number")
        constraints = (
            models.UniqueConstraint(fields=("sweep", "number"), name="sweepblock_once"),
            models.CheckConstraint(condition=IS_OVER_OR_NOT, name="sweepblock_is_over_or_not"),
            models.CheckConstraint(condition=~Q(status="done") | Q(body__isnull=False), name="sweepblock_has_figures"),
        )
        indexes = (
            models.Index(fields=("created_at",), condition=Q(finished_at__isnull=True), name="sweepblocks_to_do"),
        )

    def __str__(self) -> str:
        return f"{self.sweep_id} {self.number}"


class SweepResult(Owned):
    """What came of a sweep, and what that is worth, when its last trial was done. Append-only.

    Trials are counted from 0 in the order of the blocks. `candles` and `outcome` are hashes of what went in and of
    every figure of every trial: however many workers shared it, the same question gives the same outcome.
    """

    sweep = models.OneToOneField(Sweep, on_delete=models.PROTECT, primary_key=True, related_name="result")
    bars = models.PositiveIntegerField()
    trials = models.PositiveIntegerField(help_text="How many different sets of parameters were tried.")
    best = models.PositiveIntegerField(help_text="The trial with the highest score.")
    best_score = models.FloatField()
    chosen = models.PositiveIntegerField(help_text="The middle of the highest plateau, which is judged.")
    fragility = models.FloatField(null=True, help_text="How much of the best score is missing around it.")
    plateaus = models.JSONField(help_text="The best neighbourhoods that do not overlap: trial, score, plateau score.")
    overfitting = models.JSONField(help_text="As quant.validation.Overfitting; null under two trials.", null=True)
    is_significant = models.BooleanField()
    known_trials = models.PositiveIntegerField(help_text="Trials of this strategy on these candles, earlier ones too.")
    deflated_sharpe = models.FloatField(null=True)
    answers = models.JSONField(help_text="The questions of the honesty panel about the chosen trial.")
    candles = models.CharField(max_length=64)
    outcome = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.outcome[:12]
