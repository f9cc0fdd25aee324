"""What the adviser writes is noted like what anybody writes."""

from django.db import migrations

from kit.tenancy import adviser_sql


class Migration(migrations.Migration):
    dependencies = (("audit", "0005_calls_by_months"),)

    operations = (migrations.RunSQL(adviser_sql("SELECT (id), INSERT", "audit_auditentry"), migrations.RunSQL.noop),)
