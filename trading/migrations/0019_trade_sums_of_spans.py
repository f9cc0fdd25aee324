"""What the trades of several spans of time come to, by wallet and instrument, for histories and lists of assets."""

from django.db import migrations

TRADE_SUMS_OF_SPANS = """
CREATE FUNCTION trade_sums_of_spans(p_owner uuid, p_begins timestamptz[], p_ends timestamptz[], p_wallets uuid[])
RETURNS TABLE (
    place bigint, wallet_id uuid, instrument_id bigint, trades bigint, won_trades bigint, lost_trades bigint,
    won numeric, lost numeric, fees numeric
)
LANGUAGE sql STABLE AS $$
    -- As `trades_of_spans`, with their sums: whole UTC days from theirs, what a span has of others from the trades.
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
        SELECT span.place, sums.wallet_id, sums.instrument_id, sums.trades, sums.won_trades, sums.lost_trades, sums.won,
               sums.lost, sums.fees
        FROM span
        JOIN trading_tradeday AS sums ON sums.owner_id = p_owner AND sums.day >= first::date AND sums.day < last::date
        UNION ALL
        SELECT edge.place, closed.*
        FROM edge
        CROSS JOIN LATERAL (
            SELECT wallet_id, instrument_id, 1, (realized_pnl > 0)::integer, (realized_pnl < 0)::integer,
                   greatest(realized_pnl, 0), greatest(-realized_pnl, 0), position.fees
            FROM trading_position AS position
            WHERE owner_id = p_owner AND closed_at >= since AND closed_at < until
            OFFSET 0  -- an edge at a time, by the index: planned together, every trade there is would be read
        ) AS closed
    )
    SELECT place, wallet_id, instrument_id, sum(trades)::bigint, sum(won_trades)::bigint, sum(lost_trades)::bigint,
           sum(won), sum(lost), sum(fees)
    FROM part
    WHERE p_wallets IS NULL OR wallet_id IN (SELECT wallet_id FROM wallet_subtree(p_wallets))
    GROUP BY place, wallet_id, instrument_id
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0018_what_was_stopped"),)

    operations = (migrations.RunSQL(TRADE_SUMS_OF_SPANS, "DROP FUNCTION trade_sums_of_spans"),)
