"""A connection whose syncs fail waits for a while."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("wallets", "0012_archived_wallets"),)

    operations = (
        migrations.AddField(
            model_name="connection",
            name="failures",
            field=models.PositiveIntegerField(
                default=0, help_text="Syncs that failed in a row. Written by syncs only."
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="next_try_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When it is synced again by itself after failures; empty: with the next round.",
                null=True,
            ),
        ),
    )
