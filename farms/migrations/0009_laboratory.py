"""Backtests, what came of them, and what that is worth: questions have a life, answers stay."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.history import History, append_only_sql, history_sql
from kit.tenancy import policy_sql

TABLES = ("farms_backtest", "farms_backtestresult", "farms_verdict")
# What was asked for stays; how far it is goes on until it is over.
MAY_CHANGE = {
    "farms_backtest": History(
        columns=("status", "progress", "step", "error", "attempts", "claim", "claimed_until", "finished_at"),
        over="OLD.finished_at IS NOT NULL",
    )
}


class Migration(migrations.Migration):
    dependencies = [
        ("farms", "0008_bars_of_agents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Backtest",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting for a worker"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=9,
                    ),
                ),
                ("progress", models.PositiveSmallIntegerField(default=0, help_text="Percent.")),
                ("step", models.CharField(blank=True, max_length=80)),
                ("error", kit.models.SentenceField()),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, help_text="How many workers have taken it up."),
                ),
                ("claim", models.UUIDField(blank=True, editable=False, help_text="Which worker has it.", null=True)),
                ("claimed_until", models.DateTimeField(blank=True, help_text="Until when a worker has it.", null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("strategy", models.CharField(max_length=40)),
                ("parameters", models.JSONField(default=dict)),
                (
                    "instruments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="Ids, in the order in which entries are served.",
                        size=None,
                    ),
                ),
                (
                    "timeframe",
                    models.CharField(
                        choices=[
                            ("1m", "1 minute"),
                            ("5m", "5 minutes"),
                            ("15m", "15 minutes"),
                            ("1h", "1 hour"),
                            ("4h", "4 hours"),
                            ("1d", "1 day"),
                        ],
                        max_length=3,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("cash", kit.models.MoneyField()),
                (
                    "assumptions",
                    models.JSONField(help_text="Fees, slippage, size and how orders fill, as quant.backtest.Config."),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose rules it has.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="backtests",
                        to="farms.agent",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="Verdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_significant", models.BooleanField(help_text="Whether every question was answered in its favour.")),
                (
                    "trials",
                    models.PositiveIntegerField(
                        help_text="How many trials of this strategy on these candles were known."
                    ),
                ),
                ("deflated_sharpe", models.FloatField(null=True)),
                (
                    "answers",
                    models.JSONField(
                        help_text="Each question with its answer in words, its figures, and whether it passes."
                    ),
                ),
                ("created_at", models.DateTimeField(default=kit.clock.now)),
                (
                    "backtest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="verdicts", to="farms.backtest"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="BacktestResult",
            fields=[
                (
                    "backtest",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="result",
                        serialize=False,
                        to="farms.backtest",
                    ),
                ),
                ("bars", models.PositiveIntegerField(help_text="Moments at which a candle closed.")),
                ("missing_bars", models.PositiveIntegerField(help_text="Bars that gaps of the candles leave out.")),
                ("final_equity", kit.models.ValueField()),
                ("trade_count", models.PositiveIntegerField()),
                ("total_return", models.FloatField()),
                ("sharpe_per_bar", models.FloatField(help_text="0 where nothing moved.")),
                ("skew", models.FloatField()),
                ("kurtosis", models.FloatField()),
                ("statistics", models.JSONField(help_text="The table of quant.metrics, by name.")),
                ("benchmark", models.JSONField(help_text="The same of buying and holding.")),
                (
                    "breakdown",
                    models.JSONField(help_text="Months, exit reasons, the distribution of trades, what is still held."),
                ),
                ("curve", models.JSONField(help_text="Equity, drawdown and benchmark at the moments that are drawn.")),
                (
                    "charts",
                    models.JSONField(help_text="Candles of each instrument, put together until they can be drawn."),
                ),
                ("trades", models.BinaryField()),
                ("candles", models.CharField(max_length=64)),
                ("outcome", models.CharField(max_length=64)),
                ("seconds", models.FloatField(help_text="From the candles in memory to the figures.")),
                ("created_at", models.DateTimeField(default=kit.clock.now)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="backtest",
            index=models.Index(fields=["owner", "-created_at"], name="backtests_newest_first"),
        ),
        migrations.AddIndex(
            model_name="backtest",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)), fields=["created_at"], name="backtests_to_do"
            ),
        ),
        migrations.AddConstraint(
            model_name="backtest",
            constraint=models.CheckConstraint(condition=models.Q(("cash__gt", 0)), name="backtest_has_cash"),
        ),
        migrations.AddConstraint(
            model_name="backtest",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("since"))), name="backtest_ends_after_it_begins"
            ),
        ),
        migrations.AddConstraint(
            model_name="backtest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", True), ("status__in", ("queued", "running"))),
                    models.Q(("finished_at__isnull", False), ("status__in", ("done", "failed", "cancelled"))),
                    _connector="OR",
                ),
                name="backtest_is_over_or_not",
            ),
        ),
        migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("farms_backtestresult", "farms_verdict"), migrations.RunSQL.noop),
    ]
