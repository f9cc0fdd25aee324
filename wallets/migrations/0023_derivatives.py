"""Whose the venues' positions in derivatives are, and what they add to the value of their wallet."""

from pathlib import Path

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
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), "DROP FUNCTION wallet_derivatives"),
    )
