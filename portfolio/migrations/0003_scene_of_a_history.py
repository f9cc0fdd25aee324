from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0002_policies"),
    ]

    operations = [
        migrations.AddField(
            model_name="portfoliostate",
            name="building_scene",
            field=models.JSONField(blank=True, help_text="What a build that was cut off goes on with.", null=True),
        ),
    ]
