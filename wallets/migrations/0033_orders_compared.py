"""When the open orders of an account were compared with its venue's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0032_places_at_platforms"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="orders_compared_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When that was last done, whole; too long ago, and nothing is bought there.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="orders_due_at",
            field=models.DateTimeField(
                blank=True, help_text="When its open orders are compared with the venue's next. Real time.", null=True
            ),
        ),
    ]
