"""What derivatives bring and cost, by their venues: its rows, its kinds of posting, and its accounts."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0027_holds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="VenueIncome",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("venue_id", models.CharField(max_length=128)),
                ("symbol", models.CharField(blank=True, max_length=40)),
                ("asset", models.CharField(max_length=20)),
                ("realized", kit.models.ValueField(default=0, help_text="Before fees.")),
                ("funding", kit.models.ValueField(default=0, help_text="Positive where it was received.")),
                ("fee", kit.models.ValueField(default=0, help_text="Positive where it was paid.")),
                ("at", models.DateTimeField(help_text="When the venue says that it was.")),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waits"), ("booked", "Booked"), ("known", "In the books by another way")],
                        default="waiting",
                        max_length=7,
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-id"),
            },
        ),
        migrations.RemoveConstraint(
            model_name="posting",
            name="posting_kind_is_listed",
        ),
        migrations.AlterField(
            model_name="account",
            name="kind",
            field=models.CharField(
                choices=[
                    ("wallet", "Wallet"),
                    ("external", "Outside world"),
                    ("clearing", "Venue clearing"),
                    ("fees", "Fees"),
                    ("suspense", "Suspense"),
                    ("pnl", "Profit and loss"),
                    ("profit", "Profit of derivatives"),
                    ("funding", "Funding payments"),
                    ("costs", "Fees of derivatives"),
                ],
                default="wallet",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="kind",
            field=models.CharField(
                choices=[
                    ("deposit", "Deposit"),
                    ("withdraw", "Withdraw"),
                    ("assign", "Assigned from suspense"),
                    ("claim", "Taken from unassigned"),
                    ("allocate", "Allocate"),
                    ("collect", "Collect"),
                    ("reward", "Reward"),
                    ("rebalance", "Rebalance"),
                    ("hold", "Hold"),
                    ("release", "Release"),
                    ("trade", "Trade"),
                    ("realized", "Profit of derivatives"),
                    ("funding_payment", "Funding payment"),
                    ("fee", "Fee"),
                    ("suspense", "Into suspense"),
                    ("correct", "Correction"),
                ],
                max_length=24,
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__regex",
                        "^(deposit|withdraw|assign|claim|allocate|collect|reward|rebalance|hold|release|trade|realized|funding_payment|fee|suspense|correct)$",
                    )
                ),
                name="posting_kind_is_listed",
            ),
        ),
        migrations.AddField(
            model_name="venueincome",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="income", to="wallets.connection"
            ),
        ),
        migrations.AddField(
            model_name="venueincome",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="venueincome",
            name="posting",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.posting",
            ),
        ),
        migrations.AddField(
            model_name="venueincome",
            name="wallet",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose it is.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
        migrations.AddIndex(
            model_name="venueincome",
            index=models.Index(fields=["connection", "-at"], name="venue_income_newest_first"),
        ),
        migrations.AddIndex(
            model_name="venueincome",
            index=models.Index(
                condition=models.Q(("status", "waiting")), fields=["connection"], name="venue_income_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="venueincome",
            constraint=models.UniqueConstraint(fields=("connection", "venue_id"), name="venue_income_once"),
        ),
        migrations.RunSQL(policy_sql("wallets_venueincome"), migrations.RunSQL.noop),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),
    ]
