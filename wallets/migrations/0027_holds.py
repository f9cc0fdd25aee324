"""Who holds a wallet stands at the wallet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0026_sync_turns"),
    ]

    operations = [
        migrations.AddField(
            model_name="wallet",
            name="holds",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="Who holds it, each with the state it asks for and its words; beside them what its owner has chosen.",
            ),
        ),
    ]
