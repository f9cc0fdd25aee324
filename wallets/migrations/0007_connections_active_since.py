from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("wallets", "0006_hierarchy_functions"),)

    operations = (
        migrations.AddField(
            model_name="connection",
            name="active_since",
            field=models.DateTimeField(
                blank=True, help_text="When it was last made active again; what failed before is tried anew.", null=True
            ),
        ),
    )
