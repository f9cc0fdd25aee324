"""What happened to a farm and what an agent decided is never changed or removed."""

import django.db.models.deletion
from django.db import migrations, models

from kit.history import append_only_sql


class Migration(migrations.Migration):
    dependencies = (("farms", "0002_policies"),)

    operations = (
        migrations.AlterField(
            model_name="agentrun",
            name="agent",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="farms.agent"),
        ),
        migrations.RunSQL(append_only_sql("farms_farmevent", "farms_agentrun"), migrations.RunSQL.noop),
    )
