"""Limits of exposure, and how near each was when it was last looked at."""

import uuid
from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
import kit.models
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0005_allocation_plans"),
        ("wallets", "0023_derivatives"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExposureLimit",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("asset", "Share of an asset"),
                            ("venue", "Share at a venue"),
                            ("leverage", "Leverage"),
                            ("stable", "Stable coins, at least"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "subject",
                    models.CharField(blank=True, help_text="One asset or venue; empty: each of them.", max_length=40),
                ),
                ("bound", kit.models.MoneyField(help_text="A fraction of net value; leverage in multiples of it.")),
                (
                    "margin",
                    kit.models.MoneyField(
                        default=Decimal("0.05"), help_text="A level falls once this fraction of the limit lies between."
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("none", "Tell me"),
                            ("reduce", "Tell me and let the wallets only sell"),
                            ("halt", "Tell me and halt the wallets"),
                        ],
                        default="none",
                        max_length=6,
                    ),
                ),
                (
                    "recovers",
                    models.BooleanField(
                        default=False, help_text="Give the wallets back by itself once the limit is kept again."
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty for the whole fund.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "ordering": ("kind", "subject", "created_at"),
            },
        ),
        migrations.CreateModel(
            name="ExposureLevel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(blank=True, max_length=40)),
                ("level", models.PositiveSmallIntegerField(default=0, help_text="0 ok, 1 watch, 2 warning, 3 breach.")),
                ("measured", kit.models.MoneyField(blank=True, help_text="When it was last known.", null=True)),
                ("since", models.DateTimeField(help_text="When it came to this level.")),
                ("at", models.DateTimeField(help_text="When it was last looked at.")),
                (
                    "held",
                    models.JSONField(
                        blank=True, default=list, help_text="Wallets on hold: id, state before, state since."
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "limit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="levels", to="portfolio.exposurelimit"
                    ),
                ),
            ],
            options={
                "ordering": ("-level", "subject"),
            },
        ),
        migrations.AddConstraint(
            model_name="exposurelimit",
            constraint=models.UniqueConstraint(
                fields=("owner", "wallet", "kind", "subject"), name="exposure_limit_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="exposurelimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("bound__gte", 0), ("bound__lte", 1000)), name="exposure_limit_is_a_fraction"
            ),
        ),
        migrations.AddConstraint(
            model_name="exposurelimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("margin__gte", 0), ("margin__lt", 1)), name="exposure_margin_is_a_fraction"
            ),
        ),
        migrations.AddConstraint(
            model_name="exposurelimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject", ""), ("kind__in", ("asset", "venue")), _connector="OR"),
                name="exposure_subject_has_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="exposurelevel",
            constraint=models.UniqueConstraint(fields=("limit", "subject"), name="exposure_level_once"),
        ),
        migrations.AddConstraint(
            model_name="exposurelevel",
            constraint=models.CheckConstraint(condition=models.Q(("level__lte", 3)), name="exposure_level_is_one"),
        ),
        migrations.RunSQL(policy_sql("portfolio_exposurelimit"), migrations.RunSQL.noop),
        migrations.RunSQL(policy_sql("portfolio_exposurelevel"), migrations.RunSQL.noop),
    ]
