from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("wallets", "0024_held_for"),)

    operations = (
        migrations.AddField(
            model_name="connection",
            name="stream",
            field=models.CharField(
                blank=True,
                choices=[("", "None"), ("open", "Open"), ("broken", "Broken"), ("refused", "Refused")],
                default="",
                help_text="Whether its venue tells by itself what happens. Written by the process that listens only.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="stream_since",
            field=models.DateTimeField(blank=True, help_text="Since when its stream is what it is.", null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="stream_detail",
            field=models.TextField(blank=True, help_text="Why its stream is not open."),
        ),
    )
