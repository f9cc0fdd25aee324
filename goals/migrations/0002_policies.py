"""Row-level security for every table of goals; what happened and what was moved is never changed or removed."""

from django.db import migrations

from kit.history import append_only_sql
from kit.tenancy import policy_sql

TABLES = (
    "goals_goal",
    "goals_goalassignment",
    "goals_goaltotal",
    "goals_goalcursor",
    "goals_goalprogress",
    "goals_goalevent",
    "goals_goalaction",
    "goals_goalmove",
)

# Ahead of all transactions: what finds its cursor there counts everything anew. As in `trading`, a change of the type
# asks no policy.
BEGIN_ANEW = """
CREATE FUNCTION goals_cursors_begin_anew() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    ALTER TABLE public.goals_goalcursor ALTER COLUMN read_to TYPE xid8 USING '18446744073709551615'::xid8;
END $$;
REVOKE ALL ON FUNCTION goals_cursors_begin_anew FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = (("goals", "0001_initial"), ("trading", "0014_fills_and_trades_of_an_owner"))

    operations = (
        migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("goals_goalevent", "goals_goalmove"), migrations.RunSQL.noop),
        migrations.RunSQL(BEGIN_ANEW, "DROP FUNCTION goals_cursors_begin_anew"),
    )
