"""Farms and agents that were archived can be taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("farms", "0004_newest_runs_first"),)

    operations = (
        migrations.AlterField(
            model_name="farmevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("created", "Created"),
                    ("started", "Started"),
                    ("paused", "Paused"),
                    ("failed", "Failed"),
                    ("changed", "Changed"),
                    ("archived", "Archived"),
                    ("restored", "Restored"),
                ],
                max_length=10,
            ),
        ),
    )
