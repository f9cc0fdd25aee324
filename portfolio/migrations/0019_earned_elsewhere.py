"""What a wallet that moves had realized stays with those whose it was."""

from django.db import migrations

import kit.models


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0018_what_scopes_write"),
    ]

    operations = [
        migrations.AddField(
            model_name="flowmark",
            name="earned",
            field=kit.models.ValueField(
                db_default=0,
                help_text="What wallets that came had realized elsewhere before, less what those that left had realized here.",
            ),
        ),
    ]
