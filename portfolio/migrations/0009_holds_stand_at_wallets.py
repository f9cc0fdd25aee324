"""What a broken limit holds stands at the wallets; the level knows whom it has held in this breach."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0008_corrections"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="exposurelevel",
            name="held",
        ),
        migrations.AddField(
            model_name="exposurelevel",
            name="answered",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                blank=True,
                default=list,
                help_text="Wallets that this breach has put on hold, once each.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="exposurelevel",
            name="released",
            field=models.BooleanField(
                default=False, help_text="Its owner gave back what it held, until the next breach."
            ),
        ),
    ]
