"""The series of a goal that has ended stays, and so does what was done for it."""

from django.conf import settings
from django.db import migrations

from kit.history import History, history_sql

# While it runs a series is written anew when its goal begins elsewhere.
IS_UNDER_WAY = """
CREATE FUNCTION goals_is_under_way(goal uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (SELECT FROM public.goals_goal WHERE id = goal AND ended_at IS NULL)
$$;
"""
MAY_CHANGE = {
    "goals_goalprogress": History(columns=("value", "progress"), removes="goals_is_under_way(OLD.goal_id)"),
    "goals_goalaction": History(
        columns=("options", "status", "result", "tries", "next_try_at", "done_at"), over="OLD.done_at IS NOT NULL"
    ),
    "goals_goalassignment": History(columns=("since", "until"), removes="OLD.until IS NULL"),
}
GOALS_STAY = f'REVOKE DELETE, TRUNCATE ON goals_goal FROM "{settings.DATABASES["default"]["USER"]}";'


class Migration(migrations.Migration):
    dependencies = (("goals", "0006_holds_stand_at_wallets"),)

    operations = (migrations.RunSQL(IS_UNDER_WAY + history_sql(MAY_CHANGE) + GOALS_STAY, migrations.RunSQL.noop),)
