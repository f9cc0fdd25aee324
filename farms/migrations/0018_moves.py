"""An agent moves once for each key of a program, and its farms say so."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("farms", "0017_farms_net"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="agentfarmassignment",
            name="key",
            field=models.CharField(
                blank=True, db_default="", help_text="Idempotency key of the move that brought it here.", max_length=100
            ),
        ),
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
                    ("moved", "Moved"),
                    ("archived", "Archived"),
                    ("restored", "Restored"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="agentfarmassignment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key", ""), _negated=True), fields=("owner", "key"), name="agent_moved_once_per_key"
            ),
        ),
    ]
