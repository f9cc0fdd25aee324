"""A stop or a cancellation that is over stays as it was, and positions are closed, never removed."""

from django.conf import settings
from django.db import migrations

from kit.history import History, history_sql

MAY_CHANGE = {
    "trading_emergencystop": History(columns=("status", "result", "done_at"), over="OLD.status <> 'running'"),
    "trading_cancellation": History(columns=("attempts", "due_at", "closed_at"), over="OLD.closed_at IS NOT NULL"),
}
POSITIONS_STAY = f'REVOKE DELETE, TRUNCATE ON trading_position FROM "{settings.DATABASES["default"]["USER"]}";'


class Migration(migrations.Migration):
    dependencies = (("trading", "0017_ai_state"),)

    operations = (migrations.RunSQL(history_sql(MAY_CHANGE) + POSITIONS_STAY, migrations.RunSQL.noop),)
