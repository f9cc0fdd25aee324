"""What the trades of a period come to, for the statements of other apps."""

from django.db import migrations

TRADE_SUMS = """
CREATE FUNCTION trade_sums(
    p_owner uuid, p_since timestamptz, p_wallets uuid[],
    p_until timestamptz DEFAULT NULL, p_instrument bigint DEFAULT NULL
)
RETURNS TABLE (
    trades bigint, won_trades bigint, lost_trades bigint, won numeric, lost numeric, fees numeric, quote text
)
LANGUAGE sql STABLE AS $$
    -- Of trades closed from `p_since` on and before `p_until`, in one instrument, of these wallets and below them; NULL
    -- leaves each of these out. Whole UTC days come from their sums, what is before the first and after the last of them
    -- from its trades, and all there ever was from the totals, so that the cost does not grow with the trades.
    -- `quote` is what all of their markets are paid in, NULL where they are paid in several: sums say nothing then.
    WITH span AS (
        SELECT coalesce(p_since, '-infinity') AS since, coalesce(p_until, 'infinity') AS until
    ),
    days AS (
        SELECT since, until, (since AT TIME ZONE 'UTC')::date
               + CASE WHEN since = date_trunc('day', since AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' THEN 0 ELSE 1 END AS first,
               (until AT TIME ZONE 'UTC')::date AS last
        FROM span
    ),
    edges AS (
        SELECT since AS from_at, least(until, first::timestamp AT TIME ZONE 'UTC') AS to_at FROM days
        UNION ALL
        SELECT greatest(last::timestamp AT TIME ZONE 'UTC', least(until, first::timestamp AT TIME ZONE 'UTC')), until
        FROM days
    ),
    part AS (
        SELECT total.wallet_id, total.instrument_id, trades, won_trades, lost_trades, won, lost, fees
        FROM trading_tradetotal AS total
        WHERE total.owner_id = p_owner AND p_since IS NULL AND p_until IS NULL
        UNION ALL
        SELECT sums.wallet_id, sums.instrument_id, trades, won_trades, lost_trades, won, lost, fees
        FROM trading_tradeday AS sums
        WHERE sums.owner_id = p_owner AND NOT (p_since IS NULL AND p_until IS NULL)
              AND day >= (SELECT first FROM days) AND day < (SELECT last FROM days)
        UNION ALL
        SELECT closed.*
        FROM edges
        CROSS JOIN LATERAL (
            SELECT wallet_id, instrument_id, 1, (realized_pnl > 0)::integer, (realized_pnl < 0)::integer,
                   greatest(realized_pnl, 0), greatest(-realized_pnl, 0), position.fees
            FROM trading_position AS position
            WHERE owner_id = p_owner AND closed_at >= from_at AND closed_at < to_at
            OFFSET 0  -- an edge at a time, by the index: planned together, every trade there is would be read
        ) AS closed
        WHERE NOT (p_since IS NULL AND p_until IS NULL) AND isfinite(from_at) AND isfinite(to_at)
    )
    SELECT coalesce(sum(trades), 0)::bigint, coalesce(sum(won_trades), 0)::bigint, coalesce(sum(lost_trades), 0)::bigint,
           coalesce(sum(won), 0), coalesce(sum(lost), 0), coalesce(sum(fees), 0),
           (
               SELECT CASE WHEN count(DISTINCT market.quote) = 1 THEN min(market.quote) END
               FROM trading_tradetotal AS total JOIN market_instruments AS market USING (instrument_id)
               WHERE total.owner_id = p_owner AND (p_instrument IS NULL OR instrument_id = p_instrument)
                     AND (p_wallets IS NULL OR total.wallet_id IN (SELECT wallet_id FROM wallet_subtree(p_wallets)))
           )
    FROM part
    WHERE (p_instrument IS NULL OR instrument_id = p_instrument)
          AND (p_wallets IS NULL OR wallet_id IN (SELECT wallet_id FROM wallet_subtree(p_wallets)))
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0007_orders_remember_the_request"),)

    operations = (migrations.RunSQL(TRADE_SUMS, "DROP FUNCTION trade_sums"),)
