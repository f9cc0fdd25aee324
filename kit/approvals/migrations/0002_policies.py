"""Only its owner sees a question, and it never changes but for its one answer."""

from django.db import migrations

from kit.history import History, history_sql
from kit.tenancy import policy_sql

TABLE = "approvals_approval"
MAY_CHANGE = {
    TABLE: History(columns=("status", "answered_at", "answered_by", "note", "result"), over="OLD.status <> 'open'"),
}


class Migration(migrations.Migration):
    dependencies = (("approvals", "0001_initial"),)

    operations = (
        migrations.RunSQL(policy_sql(TABLE), migrations.RunSQL.noop),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
    )
