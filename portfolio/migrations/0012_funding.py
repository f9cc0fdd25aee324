"""What holding derivatives brought, of every value, hour and day."""

from django.db import migrations

import kit.models

DROP = "DROP FUNCTION portfolio_value_before(uuid, text, timestamptz);"
# The last value of a history before a moment, of the finest rows that still know it.
VALUE_BEFORE = """
CREATE FUNCTION portfolio_value_before(p_scope uuid, p_base text, p_at timestamptz)
RETURNS TABLE (
    at timestamptz, equity numeric, realized_pnl numeric, fees numeric, flows numeric, twr_index double precision,
    funding numeric
)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT *
    FROM (
        (
            SELECT snapshot.at, snapshot.equity, snapshot.realized_pnl, snapshot.fees, snapshot.flows, snapshot.twr_index,
                   snapshot.funding
            FROM portfolio_snapshot AS snapshot
            WHERE snapshot.scope = p_scope AND snapshot.base = p_base AND snapshot.at < p_at
                  AND (snapshot.equity <> 0 OR snapshot.flow <> 0 OR snapshot.unpriced = '[]'::jsonb)
            ORDER BY snapshot.at DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT hour.closed_at, hour.equity, hour.realized_pnl, hour.fees_paid, hour.flows, hour.twr_index, hour.funding_got
            FROM portfolio_hourlyperformance AS hour
            WHERE hour.scope = p_scope AND hour.base = p_base AND hour.at < p_at AND hour.closed_at < p_at
            ORDER BY hour.at DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT day.closed_at, day.equity, day.realized_pnl, day.fees_paid, day.flows, day.twr_index, day.funding_got
            FROM portfolio_dailyperformance AS day
            WHERE day.scope = p_scope AND day.base = p_base AND day.day <= (p_at AT TIME ZONE 'UTC')::date + 1
                  AND day.closed_at < p_at
            ORDER BY day.day DESC LIMIT 1
        )
    ) AS known
    ORDER BY known.at DESC LIMIT 1
$$;
"""
VALUE_BEFORE_THAT = """
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


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0011_rebalancing"),
        ("wallets", "0028_venue_income"),
    ]

    operations = [
        migrations.AddField(
            model_name="dailyperformance",
            name="funding",
            field=kit.models.ValueField(
                db_default=0, help_text="Payments for holding derivatives, received less paid."
            ),
        ),
        migrations.AddField(
            model_name="dailyperformance",
            name="funding_got",
            field=kit.models.ValueField(db_default=0, help_text="Cumulative, at the close."),
        ),
        migrations.AddField(
            model_name="flowmark",
            name="funding",
            field=kit.models.ValueField(db_default=0),
        ),
        migrations.AddField(
            model_name="hourlyperformance",
            name="funding",
            field=kit.models.ValueField(
                db_default=0, help_text="Payments for holding derivatives, received less paid."
            ),
        ),
        migrations.AddField(
            model_name="hourlyperformance",
            name="funding_got",
            field=kit.models.ValueField(db_default=0, help_text="Cumulative, at the close."),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="funding",
            field=kit.models.ValueField(
                db_default=0, help_text="Cumulative payments for holding derivatives, received less paid."
            ),
        ),
        migrations.AlterField(
            model_name="flowmark",
            name="flow",
            field=kit.models.ValueField(default=0, help_text="In units of the asset, as the others."),
        ),
        migrations.RunSQL(DROP + VALUE_BEFORE, DROP + VALUE_BEFORE_THAT),
    ]
