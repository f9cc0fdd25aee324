"""Runs are kept by months of their bars, and a month of them goes as a whole: nobody deletes one."""

from django.db import migrations

from kit.history import append_only_sql
from kit.months import partition_sql
from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = (("farms", "0009_laboratory"), ("audit", "0003_months"))

    operations = (
        migrations.RunSQL(
            partition_sql("farms_agentrun", by="bar", is_in_milliseconds=True)
            + policy_sql("farms_agentrun")
            + append_only_sql("farms_agentrun"),
            migrations.RunSQL.noop,
        ),
    )
