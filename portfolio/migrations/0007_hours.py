"""Hours beside the days, histories in several bases side by side, and what five-minute snapshots are forgotten by."""

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.tenancy import policy_sql

SNAPSHOT = """
ALTER TABLE portfolio_snapshot
    ADD COLUMN corrected_at timestamptz,
    ADD COLUMN equity_before numeric(64,18) CHECK (equity_before <> 'NaN'),
    DROP CONSTRAINT snapshot_once,
    ADD CONSTRAINT snapshot_once UNIQUE (scope, base, at);
"""
SNAPSHOT_BACK = """
ALTER TABLE portfolio_snapshot
    DROP CONSTRAINT snapshot_once,
    DROP COLUMN corrected_at,
    DROP COLUMN equity_before,
    ADD CONSTRAINT snapshot_once UNIQUE (scope, at);
"""

# The last value of a history before a moment, of the finest rows that still know it. Plain enough to become part of the
# statement that asks.
VALUE_BEFORE = """
CREATE FUNCTION portfolio_value_before(p_scope uuid, p_base text, p_at timestamptz)
RETURNS TABLE (
    at timestamptz, equity numeric, realized_pnl numeric, fees numeric, flows numeric, twr_index double precision
)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT *
    FROM (
        (
            SELECT snapshot.at, snapshot.equity, snapshot.realized_pnl, snapshot.fees, snapshot.flows, snapshot.twr_index
            FROM portfolio_snapshot AS snapshot
            WHERE snapshot.scope = p_scope AND snapshot.base = p_base AND snapshot.at < p_at
                  AND (snapshot.equity <> 0 OR snapshot.flow <> 0 OR snapshot.unpriced = '[]'::jsonb)
            ORDER BY snapshot.at DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT hour.closed_at, hour.equity, hour.realized_pnl, hour.fees_paid, hour.flows, hour.twr_index
            FROM portfolio_hourlyperformance AS hour
            WHERE hour.scope = p_scope AND hour.base = p_base AND hour.at < p_at AND hour.closed_at < p_at
            ORDER BY hour.at DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT day.closed_at, day.equity, day.realized_pnl, day.fees_paid, day.flows, day.twr_index
            FROM portfolio_dailyperformance AS day
            WHERE day.scope = p_scope AND day.base = p_base AND day.day <= (p_at AT TIME ZONE 'UTC')::date + 1
                  AND day.closed_at < p_at
            ORDER BY day.day DESC LIMIT 1
        )
    ) AS known
    ORDER BY known.at DESC LIMIT 1
$$;
"""

# Takes a month of snapshots away as a whole: nothing is deleted row by row. Whoever calls has summed it up before and
# keeps what is to stay. Only a role that sees every owner's rows may, and nothing of the last 30 days goes, whoever asks.
DROP_MONTH = """
CREATE FUNCTION portfolio_drop_month(p_month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    month date := date_trunc('month', p_month);
    partition text := 'portfolio_snapshot_' || to_char(month, 'YYYYMM');
BEGIN
    IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = session_user) THEN
        RAISE EXCEPTION 'Snapshots are forgotten by the system role only.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (month + interval '1 month') AT TIME ZONE 'UTC' > now() - interval '30 days' THEN
        RAISE EXCEPTION 'Nothing of the last 30 days is forgotten.' USING ERRCODE = 'check_violation';
    END IF;
    EXECUTE format('ALTER TABLE public.portfolio_snapshot DETACH PARTITION public.%I', partition);
    EXECUTE format('DROP TABLE public.%I', partition);
END
$$;
REVOKE ALL ON FUNCTION portfolio_drop_month FROM PUBLIC;
"""

# The months there are, oldest first, and how far each reaches.
MONTHS = """
CREATE FUNCTION portfolio_months() RETURNS TABLE (month date, ends timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT known.month, (known.month + interval '1 month') AT TIME ZONE 'UTC'
    FROM pg_inherits
    JOIN pg_class ON pg_class.oid = inhrelid
    CROSS JOIN LATERAL (SELECT to_date(right(relname, 6) || '01', 'YYYYMMDD') AS month) AS known
    WHERE inhparent = 'public.portfolio_snapshot'::regclass
    ORDER BY 1
$$;
"""
DROP = "DROP FUNCTION portfolio_value_before; DROP FUNCTION portfolio_drop_month; DROP FUNCTION portfolio_months;"


def rolled(*more):
    """The fields that hours and days share."""
    value = kit.models.ValueField
    return [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        (
            "scope",
            models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce("wallet", "owner"),
                output_field=models.UUIDField(),
            ),
        ),
        ("base", models.CharField(max_length=20)),
        ("ends", models.DateTimeField(help_text="Right after it.")),
        ("opened_at", models.DateTimeField(blank=True, help_text="The moment of its first value.", null=True)),
        ("closed_at", models.DateTimeField(blank=True, help_text="The moment of its last value.", null=True)),
        ("open", value(db_default=0, help_text="The close before; where there is none, its first value.")),
        ("equity", value(help_text="At the close.")),
        ("low", value()),
        ("high", value()),
        ("flow", value(default=0)),
        ("flows", value(db_default=0, help_text="Cumulative, at the close.")),
        ("market", value(default=0, help_text="What prices did to what was held, not yet realized.")),
        ("realized", value(default=0, help_text="Before fees.")),
        ("realized_pnl", value(db_default=0, help_text="Cumulative, net of fees, at the close.")),
        ("fees", value(default=0)),
        ("fees_paid", value(db_default=0, help_text="Cumulative, at the close.")),
        ("adjustments", value(default=0)),
        ("twr", models.FloatField(help_text="Time-weighted return, a fraction; −1 when all was lost.")),
        ("twr_index", models.FloatField(help_text="At the close.")),
        ("twr_low", models.FloatField(help_text="Zero when all was lost; the index begins anew after it.")),
        ("twr_high", models.FloatField()),
        (
            "drawdown",
            models.FloatField(db_default=0, help_text="The deepest fall of the index within it, a fraction ≤ 0."),
        ),
        (
            "corrected_at",
            models.DateTimeField(blank=True, help_text="When a value of it was corrected last.", null=True),
        ),
        *more,
        (
            "owner",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        (
            "wallet",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="wallets.wallet",
            ),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0006_exposure_limits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SNAPSHOT, SNAPSHOT_BACK)],
            state_operations=[
                migrations.AddField(
                    model_name="snapshot",
                    name="corrected_at",
                    field=models.DateTimeField(
                        blank=True, help_text="When it was worked out anew, or afterwards.", null=True
                    ),
                ),
                migrations.AddField(
                    model_name="snapshot",
                    name="equity_before",
                    field=kit.models.ValueField(
                        blank=True,
                        help_text="What it said before it was corrected; empty where there was nothing.",
                        null=True,
                    ),
                ),
                migrations.RemoveConstraint(model_name="snapshot", name="snapshot_once"),
                migrations.AddConstraint(
                    model_name="snapshot",
                    constraint=models.UniqueConstraint(fields=("scope", "base", "at"), name="snapshot_once"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HourlyPerformance",
            fields=rolled(("at", models.DateTimeField(help_text="Where it begins."))),
            options={
                "verbose_name_plural": "hourly performance",
                "ordering": ("-at",),
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "base", "at"), name="hourly_performance_once")
                ],
            },
        ),
        migrations.RunSQL(policy_sql("portfolio_hourlyperformance"), migrations.RunSQL.noop),
        # Days are computed: they are made anew, with what they know more of now.
        migrations.DeleteModel("DailyPerformance"),
        migrations.CreateModel(
            name="DailyPerformance",
            fields=rolled(("day", models.DateField())),
            options={
                "verbose_name_plural": "daily performance",
                "ordering": ("-day",),
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "base", "day"), name="daily_performance_once")
                ],
            },
        ),
        migrations.RunSQL(policy_sql("portfolio_dailyperformance"), migrations.RunSQL.noop),
        migrations.AddField(
            model_name="portfoliostate",
            name="hours_to",
            field=models.DateTimeField(
                blank=True, help_text="Where the newest hour of the hourly table begins; not over yet.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="portfoliostate",
            name="rolled_in",
            field=models.CharField(
                db_default="", help_text="The time zone whose days the table holds.", max_length=100
            ),
        ),
        migrations.RunSQL(
            "UPDATE portfolio_portfoliostate SET rolled_in = '', rolled_to = NULL", migrations.RunSQL.noop
        ),
        migrations.RunSQL(VALUE_BEFORE + DROP_MONTH + MONTHS, DROP),
    ]
