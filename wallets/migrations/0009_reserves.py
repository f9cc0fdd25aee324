"""Reserves, what goals leave in a wallet, and rewards."""

from decimal import Decimal

from django.db import migrations, models

import kit.models

PLACES = """
CREATE VIEW wallet_places WITH (security_invoker = true) AS
SELECT wallet.id AS wallet_id, wallet.owner_id, wallet.parent_id, wallet.name, wallet.role, wallet.base_asset,
       wallet.target_weight, wallet.created_at, wallet.connection_id, connection.venue
FROM wallets_wallet AS wallet
JOIN wallets_connection AS connection ON connection.id = wallet.connection_id;
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0008_connections_as_others_see_them"),)

    operations = (
        # A view fixes the types of its columns, so it makes room while one changes.
        migrations.RunSQL("DROP VIEW wallet_places", PLACES),
        migrations.AlterField(
            model_name="wallet",
            name="role",
            field=models.CharField(
                choices=[("master", "Master"), ("farm", "Farm"), ("agent", "Agent"), ("reserve", "Reserve")],
                max_length=10,
            ),
        ),
        migrations.RunSQL(PLACES, "DROP VIEW wallet_places"),
        migrations.AddField(
            model_name="wallet",
            name="minimum_balance",
            field=kit.models.MoneyField(
                default=Decimal(0), help_text="Of the base asset: goals take nothing below it."
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role", "reserve"), _negated=True), ("target_weight__isnull", True), _connector="OR"
                ),
                name="wallet_reserve_has_no_target",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(("minimum_balance__gte", 0)), name="wallet_minimum_balance_not_negative"
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
        migrations.RemoveConstraint(model_name="posting", name="posting_kind_is_listed"),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__regex",
                        "^(deposit|withdraw|assign|allocate|collect|reward|hold|release|trade|fee|suspense|correct)$",
                    )
                ),
                name="posting_kind_is_listed",
            ),
        ),
    )
