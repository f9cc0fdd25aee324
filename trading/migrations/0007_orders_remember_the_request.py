from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("trading", "0006_newest_first"),)

    operations = (
        migrations.AddField(
            model_name="order",
            name="request",
            field=models.CharField(
                blank=True,
                default="",
                help_text="SHA-256 of all that was asked for; the key repeats only that.",
                max_length=64,
            ),
        ),
    )
