"""Saved strategies are put away and taken back, saved once however often a request comes, and named by backtests.

No agent at work follows one that is put away: the trigger that copies the rules holds the strategy's row against whoever
puts it away, so neither of the two overlooks the other.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kit.history import History, history_sql

MAY_CHANGE = {"farms_strategy": History(columns=("name", "archived_at"))}

# Row security lets somebody else's version not be found, which is refused like one that is not there.
FOLLOW = """
CREATE OR REPLACE FUNCTION follow_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    put_away timestamptz;
BEGIN
    IF NEW.version_id IS NOT NULL THEN
        SELECT saved.strategy, version.parameters, saved.archived_at INTO NEW.strategy, NEW.parameters, put_away
        FROM farms_strategyversion AS version JOIN farms_strategy AS saved ON saved.id = version.saved_id
        WHERE version.id = NEW.version_id AND version.owner_id = NEW.owner_id
        FOR KEY SHARE OF saved;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'An agent follows a version of its owner.' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF put_away IS NOT NULL AND NEW.status <> 'archived' THEN
            RAISE EXCEPTION 'No agent at work follows a strategy that is archived.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER follow_version ON farms_agent;
CREATE TRIGGER follow_version BEFORE INSERT OR UPDATE OF version_id, strategy, parameters, owner_id, status
    ON farms_agent FOR EACH ROW EXECUTE FUNCTION follow_version();
"""


class Migration(migrations.Migration):
    dependencies = (("farms", "0019_promotions"), migrations.swappable_dependency(settings.AUTH_USER_MODEL))

    operations = (
        migrations.AddField("savedstrategy", "archived_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "savedstrategy",
            "key",
            models.CharField(blank=True, editable=False, help_text="Of the request that made it.", max_length=100),
        ),
        migrations.AddField(
            "savedstrategy",
            "request_hash",
            models.CharField(blank=True, editable=False, help_text="SHA-256 of that request.", max_length=64),
        ),
        migrations.AddConstraint(
            "savedstrategy",
            models.UniqueConstraint(
                condition=models.Q(("key", ""), _negated=True),
                fields=("owner", "key"),
                name="strategy_key_once_per_owner",
            ),
        ),
        migrations.AddField(
            "backtest",
            "version",
            models.ForeignKey(
                blank=True,
                help_text="The saved rules that they are, where they are some.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="backtests",
                to="farms.strategyversion",
            ),
        ),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
        migrations.RunSQL(FOLLOW, migrations.RunSQL.noop),
    )
