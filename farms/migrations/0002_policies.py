"""Row-level security for every owned table of the app."""

from django.db import migrations

from kit.tenancy import policy_sql

TABLES = (
    "farms_farm",
    "farms_agent",
    "farms_agentfarmassignment",
    "farms_agentrun",
    "farms_farmevent",
)


class Migration(migrations.Migration):
    dependencies = (("farms", "0001_initial"),)

    operations = (migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),)
