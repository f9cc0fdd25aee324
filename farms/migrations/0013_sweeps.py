"""Sweeps: what was asked, their trials in blocks that workers share, and what came of them."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.history import History, append_only_sql, history_sql
from kit.tenancy import policy_sql

TABLES = ("farms_sweep", "farms_sweepblock", "farms_sweepresult")
LIFE = ("status", "progress", "step", "error", "attempts", "claim", "claimed_until", "finished_at")
# What was asked for stays; how far it is goes on until it is over.
MAY_CHANGE = {
    "farms_sweep": History(columns=LIFE, over="OLD.finished_at IS NOT NULL"),
    "farms_sweepblock": History(columns=(*LIFE, "body"), over="OLD.finished_at IS NOT NULL"),
}


class Migration(migrations.Migration):
    dependencies = [
        ("farms", "0012_saved_strategies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Sweep",
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
                ("axes", models.JSONField(help_text="Pairs of a parameter and the values that are tried of it.")),
                (
                    "method",
                    models.CharField(
                        choices=[("grid", "Grid"), ("random", "At random"), ("tpe", "Estimator (TPE)")], max_length=6
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[("sharpe", "Sharpe"), ("total_return", "Return"), ("calmar", "Calmar")],
                        help_text="What is compared; more is better.",
                        max_length=12,
                    ),
                ),
                ("trials", models.PositiveIntegerField(help_text="How many sets of parameters are tried, at most.")),
                ("seed", models.PositiveIntegerField(default=1, help_text="The same seed chooses the same sets.")),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose rules it has.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
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
                "abstract": False,
            },
        ),
        migrations.AlterField(
            model_name="backtest",
            name="agent",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose rules it has.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="farms.agent",
            ),
        ),
        migrations.CreateModel(
            name="SweepBlock",
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
                ("number", models.PositiveIntegerField()),
                ("trials", models.PositiveIntegerField()),
                ("points", models.BinaryField(help_text="Which sets of parameters, as places on the sweep's axes.")),
                ("body", models.BinaryField(help_text="The figures of each, once they are known.", null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "sweep",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="blocks", to="farms.sweep"
                    ),
                ),
            ],
            options={
                "ordering": ("sweep", "number"),
            },
        ),
        migrations.CreateModel(
            name="SweepResult",
            fields=[
                (
                    "sweep",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="result",
                        serialize=False,
                        to="farms.sweep",
                    ),
                ),
                ("bars", models.PositiveIntegerField()),
                ("trials", models.PositiveIntegerField(help_text="How many different sets of parameters were tried.")),
                ("best", models.PositiveIntegerField(help_text="The trial with the highest score.")),
                ("best_score", models.FloatField()),
                (
                    "chosen",
                    models.PositiveIntegerField(help_text="The middle of the highest plateau, which is judged."),
                ),
                (
                    "fragility",
                    models.FloatField(help_text="How much of the best score is missing around it.", null=True),
                ),
                (
                    "plateaus",
                    models.JSONField(
                        help_text="The best neighbourhoods that do not overlap: trial, score, plateau score."
                    ),
                ),
                (
                    "overfitting",
                    models.JSONField(help_text="As quant.validation.Overfitting; null under two trials.", null=True),
                ),
                ("is_significant", models.BooleanField()),
                (
                    "known_trials",
                    models.PositiveIntegerField(
                        help_text="Trials of this strategy on these candles, earlier ones too."
                    ),
                ),
                ("deflated_sharpe", models.FloatField(null=True)),
                ("answers", models.JSONField(help_text="The questions of the honesty panel about the chosen trial.")),
                ("candles", models.CharField(max_length=64)),
                ("outcome", models.CharField(max_length=64)),
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
            model_name="sweep",
            index=models.Index(fields=["owner", "-created_at"], name="sweeps_newest_first"),
        ),
        migrations.AddIndex(
            model_name="sweep",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)), fields=["created_at"], name="sweeps_to_do"
            ),
        ),
        migrations.AddConstraint(
            model_name="sweep",
            constraint=models.CheckConstraint(condition=models.Q(("cash__gt", 0)), name="sweep_has_cash"),
        ),
        migrations.AddConstraint(
            model_name="sweep",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("since"))), name="sweep_ends_after_it_begins"
            ),
        ),
        migrations.AddConstraint(
            model_name="sweep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", True), ("status__in", ("queued", "running"))),
                    models.Q(("finished_at__isnull", False), ("status__in", ("done", "failed", "cancelled"))),
                    _connector="OR",
                ),
                name="sweep_is_over_or_not",
            ),
        ),
        migrations.AddIndex(
            model_name="sweepblock",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)), fields=["created_at"], name="sweepblocks_to_do"
            ),
        ),
        migrations.AddConstraint(
            model_name="sweepblock",
            constraint=models.UniqueConstraint(fields=("sweep", "number"), name="sweepblock_once"),
        ),
        migrations.AddConstraint(
            model_name="sweepblock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", True), ("status__in", ("queued", "running"))),
                    models.Q(("finished_at__isnull", False), ("status__in", ("done", "failed", "cancelled"))),
                    _connector="OR",
                ),
                name="sweepblock_is_over_or_not",
            ),
        ),
        migrations.AddConstraint(
            model_name="sweepblock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "done"), _negated=True), ("body__isnull", False), _connector="OR"
                ),
                name="sweepblock_has_figures",
            ),
        ),
        migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("farms_sweepresult"), migrations.RunSQL.noop),
    ]
