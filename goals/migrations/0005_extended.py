from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("goals", "0004_what_each_comparison_ended_with"),
    ]

    operations = [
        migrations.AlterField(
            model_name="goalevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("created", "Created"),
                    ("started", "Started"),
                    ("changed", "Changed"),
                    ("paused", "Paused"),
                    ("resumed", "Resumed"),
                    ("adjusted", "Target adjusted"),
                    ("extended", "Deadline extended"),
                    ("achieved", "Achieved"),
                    ("missed", "Missed"),
                    ("cancelled", "Cancelled"),
                    ("acted", "Action"),
                    ("renewed", "Renewed"),
                ],
                max_length=9,
            ),
        ),
    ]
