"""Calls are kept by months, and nobody changes them."""

from django.db import migrations

from kit.history import append_only_sql
from kit.months import partition_sql
from kit.tenancy import policy_sql

TABLE = "audit_call"


class Migration(migrations.Migration):
    dependencies = (("audit", "0004_call"),)

    operations = (
        migrations.RunSQL(partition_sql(TABLE, by="at"), migrations.RunSQL.noop),
        migrations.RunSQL(policy_sql(TABLE), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql(TABLE), migrations.RunSQL.noop),
    )
