"""Row-level security for every owned table of the app."""

from django.db import migrations

from kit.tenancy import policy_sql

TABLES = ("alerts_alert",)


class Migration(migrations.Migration):
    dependencies = (("alerts", "0002_initial"),)

    operations = (migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),)
