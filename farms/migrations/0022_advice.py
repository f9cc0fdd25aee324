"""Advice of language models: who wants it, how much of it each agent takes, every question, and what was proposed."""

import uuid
from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import farms.models.farms
import kit.clock
import kit.models
from kit.history import History, history_sql
from kit.tenancy import policy_sql, scopes_sql

# A question stays as it was asked; what came of it is written once. A proposal stays as it was made.
MAY_CHANGE = {
    "farms_advicecall": History(
        columns=(
            "status", "cause", "answers", "tokens_in", "tokens_out", "cost", "milliseconds", "claimed_until",
            "finished_at",
        ),
        over="OLD.finished_at IS NOT NULL",
    ),
    "farms_adviceproposal": History(
        columns=(
            "became", "said", "approval_id", "order_id", "settled_at", "exit_price", "gain", "own",
            "chance", "chance_spread",
        ),
        over="OLD.settled_at IS NOT NULL",
    ),
}  # fmt: skip
TABLES = ("farms_advicesetting", "farms_advicelevel", "farms_advicecall", "farms_adviceproposal")


class Migration(migrations.Migration):
    dependencies = [
        ("farms", "0021_advice_endpoints"),
        ("markets", "0006_kept_series"),
        ("trading", "0032_room_for_trails"),
        ("users", "0008_what_scopes_write"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AdviceCall",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                ("about", models.CharField(help_text="What of: one question about it at a time.", max_length=60)),
                (
                    "timeframe",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("1m", "1 minute"),
                            ("5m", "5 minutes"),
                            ("15m", "15 minutes"),
                            ("1h", "1 hour"),
                            ("4h", "4 hours"),
                            ("1d", "1 day"),
                        ],
                        default="",
                        max_length=3,
                    ),
                ),
                (
                    "occasion",
                    models.CharField(choices=[("close", "A candle closed"), ("demand", "On demand")], max_length=6),
                ),
                ("model", models.CharField(max_length=100)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("asking", "Asking"),
                            ("proposal", "Proposal"),
                            ("nothing", "No proposal"),
                            ("failed", "No answer"),
                            ("lost", "Lost"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("cause", kit.models.SentenceField(help_text="Why it is no proposal.")),
                ("messages", models.JSONField(help_text="What the model was told, as it was sent.")),
                ("markets", models.JSONField(help_text="The markets that it may name, and what is known of each.")),
                ("answers", models.JSONField(default=list, help_text="What it said, word for word.")),
                ("reserved_tokens", models.PositiveIntegerField()),
                ("reserved_cost", kit.models.MoneyField()),
                ("tokens_in", models.PositiveIntegerField(blank=True, null=True)),
                ("tokens_out", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "cost",
                    kit.models.MoneyField(
                        blank=True, help_text="In US dollars; empty: what was reserved counts.", null=True
                    ),
                ),
                ("milliseconds", models.PositiveIntegerField(blank=True, null=True)),
                ("claimed_until", models.DateTimeField(blank=True, help_text="Until when a worker has it.", null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="farms.agent",
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="farms.adviceendpoint"
                    ),
                ),
                (
                    "farm",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="farms.farm",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="markets.instrument",
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
            name="AdviceLevel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("off", "Off"),
                            ("comment", "Comment"),
                            ("propose", "Propose"),
                            ("act", "Act on paper"),
                        ],
                        default="off",
                        max_length=8,
                    ),
                ),
                (
                    "every",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Asked at the close of every so manieth candle; 0: on demand only."
                    ),
                ),
                ("daily_orders", models.PositiveSmallIntegerField(default=2, help_text="Most orders in 24 hours.")),
                (
                    "last_bar",
                    models.BigIntegerField(
                        blank=True, help_text="Open of the last bar it was asked at, in ms.", null=True
                    ),
                ),
                ("said", kit.models.SentenceField(help_text="Why nobody was asked at that bar; empty: somebody was.")),
                (
                    "agent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="advice", to="farms.agent"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AdviceProposal",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
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
                ("model", models.CharField(max_length=100)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("off", "Off"),
                            ("comment", "Comment"),
                            ("propose", "Propose"),
                            ("act", "Act on paper"),
                        ],
                        help_text="What it might come to, as it was made.",
                        max_length=8,
                    ),
                ),
                (
                    "action",
                    models.CharField(choices=[("buy", "Buy"), ("sell", "Sell"), ("hold", "Hold")], max_length=4),
                ),
                (
                    "size",
                    farms.models.farms.FractionField(
                        decimal_places=8, help_text="Of what an entry usually takes; 0 to hold.", max_digits=9
                    ),
                ),
                ("stop", kit.models.MoneyField(blank=True, null=True)),
                ("target", kit.models.MoneyField(blank=True, null=True)),
                ("horizon", models.PositiveSmallIntegerField(help_text="In candles.")),
                (
                    "confidence",
                    farms.models.farms.FractionField(
                        decimal_places=8, help_text="As the model stated it.", max_digits=9
                    ),
                ),
                ("reasons", models.JSONField(help_text="The model's own words.")),
                ("price", kit.models.MoneyField(help_text="The close that it was told last.")),
                ("bar", models.BigIntegerField(help_text="Open of the last bar that it was told, in ms.")),
                (
                    "fee",
                    farms.models.farms.FractionField(
                        decimal_places=8, help_text="What taking costs there, a fraction of the notional.", max_digits=9
                    ),
                ),
                ("due_at", models.DateTimeField(help_text="When its horizon is over.")),
                (
                    "became",
                    models.CharField(
                        choices=[
                            ("shown", "Shown"),
                            ("asked", "Asked"),
                            ("ordered", "Ordered"),
                            ("held_back", "Held back"),
                        ],
                        default="shown",
                        max_length=9,
                    ),
                ),
                ("said", kit.models.SentenceField(help_text="Why it was held back.")),
                ("approval_id", models.UUIDField(blank=True, help_text="The question that it became.", null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("exit_price", kit.models.MoneyField(blank=True, null=True)),
                (
                    "gain",
                    models.DecimalField(
                        blank=True, decimal_places=8, help_text="A fraction.", max_digits=14, null=True
                    ),
                ),
                (
                    "own",
                    models.DecimalField(
                        blank=True,
                        decimal_places=8,
                        help_text="What its agent's rules alone made meanwhile.",
                        max_digits=14,
                        null=True,
                    ),
                ),
                (
                    "chance",
                    models.DecimalField(
                        blank=True,
                        decimal_places=8,
                        help_text="What such a proposal makes by chance.",
                        max_digits=14,
                        null=True,
                    ),
                ),
                (
                    "chance_spread",
                    models.DecimalField(
                        blank=True,
                        decimal_places=8,
                        help_text="The deviation of that.",
                        max_digits=14,
                        null=True,
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="farms.agent",
                    ),
                ),
                (
                    "call",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="proposal",
                        to="farms.advicecall",
                    ),
                ),
                (
                    "farm",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="farms.farm",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="markets.instrument"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trading.order",
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
            name="AdviceSetting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_on", models.BooleanField(default=False)),
                ("day_tokens", models.PositiveBigIntegerField(default=200000, help_text="Most in 24 hours.")),
                ("month_tokens", models.PositiveBigIntegerField(default=2000000, help_text="Most in 30 days.")),
                ("day_cost", kit.models.MoneyField(default=Decimal(1), help_text="Most in 24 hours, in US dollars.")),
                (
                    "month_cost",
                    kit.models.MoneyField(default=Decimal(20), help_text="Most in 30 days, in US dollars."),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="farms.adviceendpoint",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="advicecall",
            index=models.Index(fields=["owner", "-created_at"], name="advice_calls_newest_first"),
        ),
        migrations.AddIndex(
            model_name="advicecall",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)), fields=["created_at"], name="advice_calls_to_make"
            ),
        ),
        migrations.AddConstraint(
            model_name="advicecall",
            constraint=models.UniqueConstraint(
                condition=models.Q(("finished_at__isnull", True)),
                fields=("owner", "about"),
                name="advice_one_question_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="advicecall",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", True), ("status__in", ("waiting", "asking"))),
                    models.Q(("finished_at__isnull", False), ("status__in", ("proposal", "nothing", "failed", "lost"))),
                    _connector="OR",
                ),
                name="advice_call_is_over_or_not",
            ),
        ),
        migrations.AddConstraint(
            model_name="advicecall",
            constraint=models.CheckConstraint(
                condition=models.Q(("reserved_cost__gte", 0)), name="advice_call_reserves"
            ),
        ),
        migrations.AddConstraint(
            model_name="advicelevel",
            constraint=models.CheckConstraint(
                condition=models.Q(("daily_orders__lte", 100), ("every__lte", 1000)), name="advice_level_bounds"
            ),
        ),
        migrations.AddIndex(
            model_name="adviceproposal",
            index=models.Index(fields=["owner", "-created_at"], name="advice_proposals_newest_first"),
        ),
        migrations.AddIndex(
            model_name="adviceproposal",
            index=models.Index(fields=["agent", "-created_at"], name="advice_proposals_of_agent"),
        ),
        migrations.AddIndex(
            model_name="adviceproposal",
            index=models.Index(
                condition=models.Q(("settled_at__isnull", True)), fields=["due_at"], name="advice_proposals_to_settle"
            ),
        ),
        migrations.AddConstraint(
            model_name="adviceproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("confidence__gte", 0),
                    ("confidence__lte", 1),
                    ("fee__gte", 0),
                    ("price__gt", 0),
                    ("size__gte", 0),
                    ("size__lte", 1),
                ),
                name="advice_proposal_within_its_bounds",
            ),
        ),
        migrations.AddConstraint(
            model_name="adviceproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("settled_at__isnull", False),
                    models.Q(("exit_price__isnull", True), ("gain__isnull", True)),
                    _connector="OR",
                ),
                name="advice_proposal_gains_when_settled",
            ),
        ),
        migrations.AddConstraint(
            model_name="advicesetting",
            constraint=models.UniqueConstraint(fields=("owner",), name="advice_setting_once_per_owner"),
        ),
        migrations.AddConstraint(
            model_name="advicesetting",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_on", False), ("endpoint__isnull", False), _connector="OR"),
                name="advice_is_asked_for_somewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="advicesetting",
            constraint=models.CheckConstraint(
                condition=models.Q(("day_cost__gte", 0), ("month_cost__gte", 0)), name="advice_budgets"
            ),
        ),
        migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
        migrations.RunSQL(
            "".join(scopes_sql(table, "INSERT OR DELETE OR UPDATE", "limits") for table in TABLES[:2]),
            migrations.RunSQL.noop,
        ),
    ]
