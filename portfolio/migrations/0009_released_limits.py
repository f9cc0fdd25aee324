"""A breach whose wallets were given back holds nobody else until the next one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0008_corrections"),)

    operations = (
        migrations.AddField(
            model_name="exposurelevel",
            name="released",
            field=models.BooleanField(
                default=False, help_text="Its owner gave back what it held, until the next breach."
            ),
        ),
    )
