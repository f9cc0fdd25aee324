"""Strategies are saved under a name, in versions that never change; an agent may follow one of them.

An agent's strategy and parameters are then a copy that a trigger makes, so that no code can let them differ: a run
reads the agent's row alone. Agents that follow none keep their own parameters.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.clock
from kit.history import History, append_only_sql, history_sql
from kit.tenancy import policy_sql

MAY_CHANGE = {"farms_strategy": History(columns=("name",))}

# Row security lets somebody else's version not be found, which is refused like one that is not there.
FOLLOW = """
CREATE FUNCTION follow_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version_id IS NOT NULL THEN
        SELECT saved.strategy, version.parameters INTO NEW.strategy, NEW.parameters
        FROM farms_strategyversion AS version JOIN farms_strategy AS saved ON saved.id = version.saved_id
        WHERE version.id = NEW.version_id AND version.owner_id = NEW.owner_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'An agent follows a version of its owner.' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER follow_version BEFORE INSERT OR UPDATE OF version_id, strategy, parameters, owner_id ON farms_agent
    FOR EACH ROW EXECUTE FUNCTION follow_version();
"""


class Migration(migrations.Migration):
    dependencies = (("farms", "0011_leverage"), migrations.swappable_dependency(settings.AUTH_USER_MODEL))

    operations = (
        migrations.CreateModel(
            name="SavedStrategy",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                ("name", models.CharField(max_length=80)),
                (
                    "strategy",
                    models.CharField(help_text="Slug of the strategy whose parameters are kept.", max_length=40),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "farms_strategy",
                "ordering": ("name",),
                "verbose_name_plural": "saved strategies",
                "constraints": (
                    models.UniqueConstraint(fields=("owner", "name"), name="strategy_name_once_per_owner"),
                ),
            },
        ),
        migrations.CreateModel(
            name="StrategyVersion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=kit.clock.now, editable=False)),
                ("number", models.PositiveIntegerField()),
                ("parameters", models.JSONField()),
                (
                    "changes",
                    models.JSONField(default=list, help_text="What differs from the version before it, in words."),
                ),
                (
                    "timeframe",
                    models.CharField(
                        choices=[
                            ("1m", "1 minute"),
                            ("5m", "5 minutes"),
                            ("15m", "15 minutes"),
                            ("1h", "1 hour"),
                            ("4h", "4 hours"),
                            ("1d", "1 day"),
                        ],
                        max_length=3,
                    ),
                ),
                ("bars", models.PositiveIntegerField(help_text="How many candles it was checked on.")),
                (
                    "instrument",
                    models.ForeignKey(
                        help_text="On whose candles it was checked.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="markets.instrument",
                    ),
                ),
                (
                    "saved",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="farms.savedstrategy"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("-number",),
                "constraints": (
                    models.UniqueConstraint(fields=("saved", "number"), name="version_number_once_per_strategy"),
                ),
            },
        ),
        migrations.AddField(
            model_name="agent",
            name="version",
            field=models.ForeignKey(
                blank=True,
                help_text="The saved rules that it follows: the database writes its strategy and parameters from them.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agents",
                to="farms.strategyversion",
            ),
        ),
        migrations.RunSQL(policy_sql("farms_strategy", "farms_strategyversion"), migrations.RunSQL.noop),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_sql("farms_strategyversion"), migrations.RunSQL.noop),
        migrations.RunSQL(FOLLOW, migrations.RunSQL.noop),
    )
