"""Wallets can be put away."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("wallets", "0011_credentials_under_aes"),)

    operations = (
        migrations.AddField(
            model_name="wallet",
            name="archived_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Put away: it is empty, takes no money and stands in no list until restored.",
                null=True,
            ),
        ),
    )
