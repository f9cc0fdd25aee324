"""A look at a venue keeps every asset as the venue calls it, also one whose name the books cannot hold."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("wallets", "0021_unassigned"),)

    operations = (
        migrations.AlterField(
            model_name="reconciliation",
            name="asset",
            field=models.CharField(help_text="As the venue calls it, however long.", max_length=200),
        ),
    )
