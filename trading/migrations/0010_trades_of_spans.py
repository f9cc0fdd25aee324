"""How many trades closed in each of several spans of time, for calendars."""

from django.db import migrations

TRADES_OF_SPANS = """
CREATE FUNCTION trades_of_spans(p_owner uuid, p_begins timestamptz[], p_ends timestamptz[], p_wallets uuid[])
RETURNS TABLE (place bigint, trades bigint, won_trades bigint, lost_trades bigint)
LANGUAGE sql STABLE AS $$
    -- Of trades of these wallets and below them, or of all where none are named, from each beginning to before its end;
    -- `place` counts the spans from 1, those without a trade have no row. The whole UTC days of a span come from their
    -- sums, what it has of others (its reader may live elsewhere) from the trades, so that the cost does not grow with
    -- them.
    WITH span AS (
        SELECT given.place, given.begins, given.ends, given.ends AT TIME ZONE 'UTC' AS last,
               date_trunc('day', given.begins AT TIME ZONE 'UTC' + interval '1 day' - interval '1 microsecond') AS first
        FROM unnest(p_begins, p_ends) WITH ORDINALITY AS given (begins, ends, place)
    ),
    edge AS (
        SELECT place, begins AS since, least(ends, first AT TIME ZONE 'UTC') AS until FROM span
        UNION ALL
        SELECT place, greatest(date_trunc('day', last), first) AT TIME ZONE 'UTC', ends FROM span
    ),
    part AS (
        SELECT span.place, sums.wallet_id, sums.trades, sums.won_trades, sums.lost_trades
        FROM span
        JOIN trading_tradeday AS sums ON sums.owner_id = p_owner AND sums.day >= first::date AND sums.day < last::date
        UNION ALL
        SELECT edge.place, closed.*
        FROM edge
        CROSS JOIN LATERAL (
            SELECT wallet_id, 1, (realized_pnl > 0)::integer, (realized_pnl < 0)::integer
            FROM trading_position
            WHERE owner_id = p_owner AND closed_at >= since AND closed_at < until
            OFFSET 0  -- an edge at a time, by the index: planned together, every trade there is would be read
        ) AS closed
    )
    SELECT place, sum(trades)::bigint, sum(won_trades)::bigint, sum(lost_trades)::bigint
    FROM part
    WHERE p_wallets IS NULL OR wallet_id IN (SELECT wallet_id FROM wallet_subtree(p_wallets))
    GROUP BY place
    HAVING sum(trades) <> 0
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0009_refused_orders"),)

    operations = (migrations.RunSQL(TRADES_OF_SPANS, "DROP FUNCTION trades_of_spans"),)
