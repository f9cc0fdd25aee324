"""What a goal holds stands at the wallets."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("goals", "0005_extended"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="goalaction",
            name="held",
        ),
    ]
