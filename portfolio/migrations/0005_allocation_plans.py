"""Why a plan moves what it moves: the method, the weights that it found, and the reason of each."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0004_prices"),
        ("wallets", "0022_assets_as_venues_call_them"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AllocationPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "created_at",
                    models.DateTimeField(
                        help_text="When it was worked out; values and prices are those of this moment."
                    ),
                ),
                ("base", models.CharField(max_length=20)),
                ("method", models.CharField(help_text="The one that was asked for.", max_length=40)),
                ("used", models.CharField(help_text="The one that was really used.", max_length=40)),
                ("asked", models.JSONField(default=dict, help_text="Options, days and constraints.")),
                ("days", models.PositiveIntegerField(help_text="Whole days that all of them share.")),
                ("capital", kit.models.ValueField(help_text="What the weights are fractions of.")),
                ("cash", models.FloatField(help_text="The fraction that stays in the wallet itself.")),
                ("expected_return", models.FloatField(blank=True, help_text="Per year, a fraction.", null=True)),
                ("volatility", models.FloatField(blank=True, help_text="Per year, a fraction.", null=True)),
                ("notes", models.JSONField(default=list, help_text="What was decided for all of them.")),
                ("targets", models.JSONField(default=list)),
                (
                    "last_transfer",
                    models.BigIntegerField(default=0, help_text="The owner's newest when it was worked out."),
                ),
                (
                    "allocation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="by_method",
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
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="plans_by_method", to="wallets.wallet"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [models.Index(fields=["owner", "-created_at", "-id"], name="plan_newest_first")],
            },
        ),
        migrations.RunSQL(policy_sql("portfolio_allocationplan"), migrations.RunSQL.noop),
    ]
