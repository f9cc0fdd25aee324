"""Where an agent was, and until when, is written once."""

from django.db import migrations

from kit.history import History, history_sql

MAY_CHANGE = {"farms_agentfarmassignment": History(columns=("ended_at",), over="OLD.ended_at IS NOT NULL")}


class Migration(migrations.Migration):
    dependencies = (("farms", "0006_old_holds_may_go"),)

    operations = (migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),)
