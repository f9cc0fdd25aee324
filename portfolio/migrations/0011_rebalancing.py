"""Rules that rebalance, and what came of each time that was due."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0010_restate"),
        ("wallets", "0027_holds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RebalanceRule",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                ("is_on", models.BooleanField(default=True)),
                (
                    "since",
                    models.DateTimeField(
                        help_text="What was due before it was switched on or set anew concerns it no more."
                    ),
                ),
                (
                    "every",
                    models.CharField(
                        choices=[("day", "Every day"), ("week", "Every week"), ("month", "Every month")], max_length=5
                    ),
                ),
                (
                    "on_day",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Of a week 1 (Monday) to 7, of a month 1 to 31, in a shorter one its last.",
                        null=True,
                    ),
                ),
                ("hour", models.PositiveSmallIntegerField(help_text="0 to 23, where the owner is.")),
                ("method", models.CharField(max_length=40)),
                ("asked", models.JSONField(help_text="Options, days and constraints.")),
                (
                    "band",
                    kit.models.MoneyField(
                        help_text="As long as no weight is farther off than this fraction, nothing moves."
                    ),
                ),
                (
                    "automatic_up_to",
                    kit.models.MoneyField(
                        blank=True,
                        help_text="The part of the capital that a run moves by itself; empty: it always asks.",
                        null=True,
                    ),
                ),
                (
                    "approve_within",
                    models.PositiveSmallIntegerField(help_text="Hours that a plan waits for its owner."),
                ),
                (
                    "after_goals",
                    models.BooleanField(default=False, help_text="Also when a goal has brought money home here."),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "wallet",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rebalance_rule", to="wallets.wallet"
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
            },
        ),
        migrations.CreateModel(
            name="RebalanceRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "key",
                    models.CharField(
                        help_text="The day where the owner was, or the goal, that it was for.", max_length=100
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("because", kit.models.SentenceField(help_text="What it was for.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("due", "Put off"),
                            ("waiting", "Waits for approval"),
                            ("done", "Done"),
                            ("nothing", "Nothing to do"),
                            ("refused", "Refused"),
                            ("declined", "Declined"),
                            ("expired", "Expired"),
                        ],
                        default="due",
                        max_length=8,
                    ),
                ),
                ("reason", kit.models.SentenceField(help_text="Why it did what it did, or why not, or not yet.")),
                ("used", models.CharField(blank=True, help_text="The method that was really used.", max_length=40)),
                ("base", models.CharField(blank=True, max_length=20)),
                (
                    "capital",
                    kit.models.ValueField(blank=True, help_text="What the weights are fractions of.", null=True),
                ),
                ("cost", kit.models.ValueField(blank=True, help_text="What moving itself costs.", null=True)),
                (
                    "drift",
                    kit.models.MoneyField(
                        blank=True, help_text="The farthest that a weight was from its target.", null=True
                    ),
                ),
                (
                    "turnover",
                    kit.models.MoneyField(
                        blank=True, help_text="What it moves, in and out, as a fraction of the capital.", null=True
                    ),
                ),
                ("notes", models.JSONField(default=list)),
                ("targets", models.JSONField(default=list)),
                (
                    "looked_at",
                    models.DateTimeField(
                        blank=True, help_text="When it was last asked whether it can be done.", null=True
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "allocation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="wallets.fundallocation",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="portfolio.rebalancerule"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.AddIndex(
            model_name="rebalancerule",
            index=models.Index(condition=models.Q(("is_on", True)), fields=["owner"], name="rebalance_rule_on"),
        ),
        migrations.AddConstraint(
            model_name="rebalancerule",
            constraint=models.CheckConstraint(condition=models.Q(("hour__lte", 23)), name="rebalance_hour_is_one"),
        ),
        migrations.AddConstraint(
            model_name="rebalancerule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("every", "day"), ("on_day", None)),
                    models.Q(("every", "week"), ("on_day__gte", 1), ("on_day__lte", 7)),
                    models.Q(("every", "month"), ("on_day__gte", 1), ("on_day__lte", 31)),
                    _connector="OR",
                ),
                name="rebalance_day_is_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="rebalancerule",
            constraint=models.CheckConstraint(
                condition=models.Q(("band__gte", 0), ("band__lte", 1)), name="rebalance_band_is_a_fraction"
            ),
        ),
        migrations.AddConstraint(
            model_name="rebalancerule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("automatic_up_to", None),
                    models.Q(("automatic_up_to__gt", 0), ("automatic_up_to__lte", 2)),
                    _connector="OR",
                ),
                name="rebalance_automatic_is_a_fraction",
            ),
        ),
        migrations.AddConstraint(
            model_name="rebalancerule",
            constraint=models.CheckConstraint(
                condition=models.Q(("approve_within__gte", 1), ("approve_within__lte", 120)),
                name="rebalance_waits_some_days",
            ),
        ),
        migrations.AddIndex(
            model_name="rebalancerun",
            index=models.Index(fields=["owner", "-created_at", "-id"], name="rebalance_runs_newest_first"),
        ),
        migrations.AddIndex(
            model_name="rebalancerun",
            index=models.Index(fields=["rule", "-created_at"], name="rebalance_runs_of_rule"),
        ),
        migrations.AddIndex(
            model_name="rebalancerun",
            index=models.Index(
                condition=models.Q(("status__in", ("due", "waiting"))), fields=["owner"], name="rebalance_run_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="rebalancerun",
            constraint=models.UniqueConstraint(fields=("rule", "key"), name="rebalance_run_once"),
        ),
        migrations.AddConstraint(
            model_name="rebalancerun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "waiting")), fields=("rule",), name="rebalance_run_waits_alone"
            ),
        ),
        migrations.AddConstraint(
            model_name="rebalancerun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("status__in", ("due", "waiting"))),
                    models.Q(
                        models.Q(("status__in", ("due", "waiting")), _negated=True), ("settled_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="rebalance_run_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="rebalancerun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "waiting"), _negated=True), ("expires_at__isnull", False), _connector="OR"
                ),
                name="rebalance_run_waits_until",
            ),
        ),
        migrations.RunSQL(policy_sql("portfolio_rebalancerule", "portfolio_rebalancerun"), migrations.RunSQL.noop),
    ]
