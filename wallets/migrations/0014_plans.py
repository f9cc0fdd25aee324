"""Allocations become plans with lines: previewed, applied as one posting, taken back."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = (
        ("wallets", "0013_waiting"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="AllocationLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(help_text="From 1, in the order in which they take effect.")),
                ("asset", models.CharField(max_length=20)),
                ("amount", kit.models.MoneyField()),
                (
                    "profit",
                    kit.models.MoneyField(
                        default=0, help_text="How much of it is profit that the source had realized and kept."
                    ),
                ),
            ],
            options={
                "ordering": ("number",),
            },
        ),
        migrations.RemoveConstraint(
            model_name="posting",
            name="posting_kind_is_listed",
        ),
        migrations.AddField(
            model_name="fundallocation",
            name="status",
            field=models.CharField(
                choices=[("previewed", "Previewed"), ("applied", "Applied"), ("undone", "Taken back")],
                default="applied",
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="fundallocation",
            name="stays",
            field=kit.models.SentenceField(help_text="What a plan leaves where it is, and why."),
        ),
        migrations.AlterField(
            model_name="fundallocation",
            name="amount",
            field=kit.models.MoneyField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="fundallocation",
            name="asset",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name="fundallocation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("deposit", "Deposit"),
                    ("allocate", "Allocate"),
                    ("collect", "Collect"),
                    ("reward", "Reward"),
                    ("rebalance", "Rebalance"),
                ],
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="fundallocation",
            name="posting",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="allocations",
                to="wallets.posting",
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
                    ("allocate", "Allocate"),
                    ("collect", "Collect"),
                    ("reward", "Reward"),
                    ("rebalance", "Rebalance"),
                    ("hold", "Hold"),
                    ("release", "Release"),
                    ("trade", "Trade"),
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
                        "^(deposit|withdraw|assign|allocate|collect|reward|rebalance|hold|release|trade|fee|suspense|correct)$",
                    )
                ),
                name="posting_kind_is_listed",
            ),
        ),
        migrations.AddField(
            model_name="allocationline",
            name="allocation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="wallets.fundallocation"
            ),
        ),
        migrations.AddField(
            model_name="allocationline",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="allocationline",
            name="source",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
        migrations.AddField(
            model_name="allocationline",
            name="target",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="wallets.wallet"),
        ),
        migrations.AddConstraint(
            model_name="allocationline",
            constraint=models.UniqueConstraint(fields=("allocation", "number"), name="allocation_line_once"),
        ),
        migrations.AddConstraint(
            model_name="allocationline",
            constraint=models.CheckConstraint(
                condition=models.Q(("profit__gte", 0), ("profit__lte", models.F("amount"))),
                name="line_profit_is_a_part",
            ),
        ),
        migrations.RunSQL(policy_sql("wallets_allocationline"), migrations.RunSQL.noop),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),
    )
