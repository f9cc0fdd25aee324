"""Positions in derivatives as venues tell them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql
from markets.bounds import ASSET_LENGTH, BEYOND, SYMBOL_LENGTH


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
                    models.UniqueConstraint(
                        fields=("connection", "symbol", "side", "margin_mode"), name="venue_position_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(quantity__gt=0, quantity__lt=BEYOND, unrealized_pnl__lt=BEYOND),
                        name="venue_position_is_a_number",
                    ),
                ],
            },
        ),
        migrations.RunSQL(policy_sql("wallets_venueposition"), migrations.RunSQL.noop),
    )
