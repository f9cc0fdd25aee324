"""Whose the venues' positions in derivatives are, and what they add to the value of their wallet."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from markets.bounds import ASSET_LENGTH


class Migration(migrations.Migration):
    dependencies = (("wallets", "0022_assets_as_venues_call_them"),)

    operations = (
        migrations.AddField(
            model_name="venueposition",
            name="base",
            field=models.CharField(blank=True, default="", max_length=ASSET_LENGTH),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="connection",
            name="derivatives_to",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose its derivatives are; empty: of the unassigned wallet or, where there is none, the "
                "oldest master.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), "DROP FUNCTION wallet_derivatives"),
    )
