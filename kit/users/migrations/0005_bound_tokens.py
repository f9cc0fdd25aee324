"""Tokens of trading agents, bound to a wallet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("users", "0004_second_factors_under_aes"),)

    operations = (
        migrations.AddField(
            model_name="token",
            name="wallet_id",
            field=models.UUIDField(
                blank=True,
                help_text="Where a trading agent's program may act, and below it; empty: in all wallets.",
                null=True,
            ),
        ),
    )
