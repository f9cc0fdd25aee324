"""An account whose history is being built takes nothing from the present."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("wallets", "0003_ledger"),)

    operations = (
        migrations.AddField(
            model_name="connection",
            name="is_rehearsing",
            field=models.BooleanField(
                default=False,
                help_text="Its history is being built on the clock of the past; until then nobody else moves it.",
            ),
        ),
    )
