"""Positions in derivatives as venues tell them, and whose value they are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql
from markets.bounds import ASSET_LENGTH, BEYOND, SYMBOL_LENGTH

# What a venue counts beside the balances, by the wallet that keeps what nobody claims of the connection (see
# `first_wallet`): unrealized profit and, all in `asset`, the positions' worth, short ones below zero.
DERIVATIVES = """
CREATE FUNCTION wallet_derivatives(p_owner uuid)
RETURNS TABLE (wallet_id uuid, asset text, unrealized numeric, net numeric, gross numeric) LANGUAGE sql STABLE AS $$
    SELECT keeper.id, held.settle, sum(held.unrealized_pnl),
           sum(held.worth * CASE held.side WHEN 'short' THEN -1 ELSE 1 END), sum(held.worth)
    FROM (
        SELECT connection_id, settle, side, unrealized_pnl,
               quantity * contract_size * CASE
                   WHEN is_inverse THEN 1 / coalesce(nullif(mark_price, 0), entry_price)
                   ELSE coalesce(mark_price, entry_price)
               END AS worth
        FROM wallets_venueposition WHERE owner_id = p_owner
    ) AS held
    CROSS JOIN LATERAL (
        SELECT id FROM wallets_wallet AS wallet WHERE wallet.connection_id = held.connection_id
        ORDER BY wallet.role <> 'master', wallet.created_at, wallet.id LIMIT 1
    ) AS keeper
    GROUP BY keeper.id, held.settle
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0015_rules"), migrations.swappable_dependency(settings.AUTH_USER_MODEL))

    operations = (
        migrations.CreateModel(
            name="VenuePosition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("symbol", models.CharField(max_length=SYMBOL_LENGTH)),
                ("side", models.CharField(choices=[("long", "Long"), ("short", "Short")], max_length=5)),
                ("quantity", kit.models.MoneyField()),
                ("contract_size", kit.models.MoneyField(default=1)),
                ("entry_price", kit.models.MoneyField()),
                ("mark_price", kit.models.MoneyField(blank=True, null=True)),
                ("unrealized_pnl", kit.models.MoneyField()),
                ("settle", models.CharField(max_length=ASSET_LENGTH)),
                ("leverage", kit.models.MoneyField(blank=True, null=True)),
                ("margin_mode", models.CharField(blank=True, max_length=8)),
                ("liquidation_price", kit.models.MoneyField(blank=True, null=True)),
                ("is_inverse", models.BooleanField(default=False)),
                ("at", models.DateTimeField(help_text="When the venue said so.")),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="venue_positions",
                        to="wallets.connection",
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
                "ordering": ("symbol", "side"),
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "symbol", "side"), name="venue_position_once"),
                    models.CheckConstraint(
                        condition=models.Q(quantity__gt=0, quantity__lt=BEYOND, unrealized_pnl__lt=BEYOND),
                        name="venue_position_is_a_number",
                    ),
                ],
            },
        ),
        migrations.RunSQL(policy_sql("wallets_venueposition"), migrations.RunSQL.noop),
        migrations.RunSQL(DERIVATIVES, migrations.RunSQL.noop),
    )
