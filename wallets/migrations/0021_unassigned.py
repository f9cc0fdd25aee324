"""What venues hold and no wallet claims: a wallet of its own, and what becomes of what arrives and leaves."""

from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = (
        ("wallets", "0020_as_of"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="VenueMovement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("deposit", "Deposit"), ("withdrawal", "Withdrawal")], max_length=10),
                ),
                ("venue_id", models.CharField(max_length=128)),
                ("asset", models.CharField(max_length=20)),
                ("amount", kit.models.MoneyField()),
                ("at", models.DateTimeField(help_text="When the venue says that it was done.")),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waits for its owner"), ("booked", "Booked")],
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
        migrations.RemoveConstraint(
            model_name="wallet",
            name="wallet_master_is_the_root",
        ),
        migrations.AddField(
            model_name="connection",
            name="deposits_to",
            field=models.ForeignKey(
                blank=True,
                help_text="Takes in what the venue says was deposited; empty: it stays unassigned until its owner says.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="withdrawals_from",
            field=models.ForeignKey(
                blank=True,
                help_text="Bears what the venue says was withdrawn while it has that much free; empty: its owner is asked.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
        migrations.AddField(
            model_name="reconciliation",
            name="unassigned",
            field=kit.models.ValueField(default=0, help_text="What the venue holds and no wallet claims."),
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
                    ("fee", "Fee"),
                    ("suspense", "Into suspense"),
                    ("correct", "Correction"),
                ],
                max_length=24,
            ),
        ),
        migrations.AlterField(
            model_name="reconciliation",
            name="drift",
            field=kit.models.ValueField(help_text="venue_total − books_total − unassigned − suspense"),
        ),
        migrations.AlterField(
            model_name="wallet",
            name="role",
            field=models.CharField(
                choices=[
                    ("master", "Master"),
                    ("farm", "Farm"),
                    ("agent", "Agent"),
                    ("reserve", "Reserve"),
                    ("unassigned", "Unassigned"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__regex",
                        "^(deposit|withdraw|assign|claim|allocate|collect|reward|rebalance|hold|release|trade|fee|suspense|correct)$",
                    )
                ),
                name="posting_kind_is_listed",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("parent__isnull", True), ("role__in", ("master", "unassigned"))),
                    models.Q(
                        models.Q(("role__in", ("master", "unassigned")), _negated=True), ("parent__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="wallet_master_is_the_root",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.UniqueConstraint(
                condition=models.Q(("archived_at__isnull", True), ("role", "unassigned")),
                fields=("connection",),
                name="wallet_unassigned_once_per_connection",
            ),
        ),
        migrations.AddField(
            model_name="venuemovement",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="movements", to="wallets.connection"
            ),
        ),
        migrations.AddField(
            model_name="venuemovement",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="venuemovement",
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
            model_name="venuemovement",
            name="wallet",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose it became, or was.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
        migrations.AddIndex(
            model_name="venuemovement",
            index=models.Index(fields=["connection", "-at"], name="venue_movement_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="venuemovement",
            constraint=models.UniqueConstraint(fields=("connection", "kind", "venue_id"), name="venue_movement_once"),
        ),
        migrations.AddConstraint(
            model_name="venuemovement",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("amount__lt", Decimal(100000000000000000000))),
                name="venue_movement_is_a_number",
            ),
        ),
        migrations.RunSQL(policy_sql("wallets_venuemovement"), migrations.RunSQL.noop),
    )
