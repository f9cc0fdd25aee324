"""Closed trades of days by where their wallet stood then: who moves takes none of them along."""

from django.db import migrations, models

KEPT = """
CREATE OR REPLACE FUNCTION public.trading_add_to_sums(closed public.trading_position, sign integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    won numeric := sign * greatest(closed.realized_pnl, 0);
    lost numeric := sign * greatest(-closed.realized_pnl, 0);
    is_won integer := sign * (closed.realized_pnl > 0)::integer;
    is_lost integer := sign * (closed.realized_pnl < 0)::integer;
    closed_on date := (closed.closed_at AT TIME ZONE 'UTC')::date;
BEGIN
    INSERT INTO public.trading_tradetotal AS sums
        (owner_id, wallet_id, instrument_id, trades, won_trades, lost_trades, won, lost, fees)
    VALUES (closed.owner_id, closed.wallet_id, closed.instrument_id, sign, is_won, is_lost, won, lost,
            sign * closed.fees)
    ON CONFLICT (wallet_id, instrument_id) DO UPDATE
    SET trades = sums.trades + excluded.trades, won_trades = sums.won_trades + excluded.won_trades,
        lost_trades = sums.lost_trades + excluded.lost_trades, won = sums.won + excluded.won,
        lost = sums.lost + excluded.lost, fees = sums.fees + excluded.fees;
    INSERT INTO public.trading_tradeday AS sums
        (owner_id, wallet_id, under, instrument_id, day, trades, won_trades, lost_trades, won, lost, fees)
    VALUES (closed.owner_id, closed.wallet_id, coalesce(closed.closed_under, closed.wallet_id), closed.instrument_id,
            closed_on, sign, is_won, is_lost, won, lost,
            sign * closed.fees)
    ON CONFLICT (wallet_id, under, day, instrument_id) DO UPDATE
    SET trades = sums.trades + excluded.trades, won_trades = sums.won_trades + excluded.won_trades,
        lost_trades = sums.lost_trades + excluded.lost_trades, won = sums.won + excluded.won,
        lost = sums.lost + excluded.lost, fees = sums.fees + excluded.fees;
END $$;
"""
# As before, and of which wallets is told by where they stood when the trades were closed.
SUMS = """
DROP FUNCTION public.trade_sums_of_spans(uuid, timestamptz[], timestamptz[], uuid[]);

CREATE OR REPLACE FUNCTION public.trade_sums(p_owner uuid, p_since timestamp with time zone, p_wallets uuid[], p_until timestamp with time zone DEFAULT NULL::timestamp with time zone, p_instrument bigint DEFAULT NULL::bigint) RETURNS TABLE(trades bigint, won_trades bigint, lost_trades bigint, won numeric, lost numeric, fees numeric, quote text)
    LANGUAGE sql STABLE
    AS $$
    -- Of trades closed from `p_since` on and before `p_until`, in one instrument, of these wallets and of those that stood
    -- below them when they were closed; NULL leaves each of these out. Whole UTC days come from their sums, what is before the first and after the last of them
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
        SELECT slice.wallet_id, slice.under, slice.instrument_id, trades, won_trades, lost_trades, won, lost, fees
        FROM trading_tradeslice AS slice
        WHERE slice.owner_id = p_owner AND slice.by = 'all' AND p_since IS NULL AND p_until IS NULL
        UNION ALL
        SELECT sums.wallet_id, sums.under, sums.instrument_id, trades, won_trades, lost_trades, won, lost, fees
        FROM trading_tradeday AS sums
        WHERE sums.owner_id = p_owner AND NOT (p_since IS NULL AND p_until IS NULL)
              AND day >= (SELECT first FROM days) AND day < (SELECT last FROM days)
        UNION ALL
        SELECT closed.*
        FROM edges
        CROSS JOIN LATERAL (
            SELECT wallet_id, coalesce(closed_under, wallet_id), instrument_id, 1, (realized_pnl > 0)::integer,
                   (realized_pnl < 0)::integer, greatest(realized_pnl, 0), greatest(-realized_pnl, 0), position.fees
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
               FROM trading_tradeslice AS slice JOIN market_instruments AS market USING (instrument_id)
               WHERE slice.owner_id = p_owner AND slice.by = 'all' AND slice.trades <> 0
                     AND (p_instrument IS NULL OR instrument_id = p_instrument)
                     AND (p_wallets IS NULL OR slice.wallet_id = ANY (p_wallets)
                          OR slice.under IN (SELECT wallet_id FROM wallet_subtree(p_wallets)))
           )
    FROM part
    WHERE (p_instrument IS NULL OR instrument_id = p_instrument)
          AND (p_wallets IS NULL OR wallet_id = ANY (p_wallets)
          OR under IN (SELECT wallet_id FROM wallet_subtree(p_wallets)))
$$;

CREATE FUNCTION public.trade_sums_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]) RETURNS TABLE(place bigint, wallet_id uuid, under uuid, instrument_id bigint, trades bigint, won_trades bigint, lost_trades bigint, won numeric, lost numeric, fees numeric)
    LANGUAGE sql STABLE
    AS $$
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
        SELECT span.place, sums.wallet_id, sums.under, sums.instrument_id, sums.trades, sums.won_trades,
               sums.lost_trades, sums.won, sums.lost, sums.fees
        FROM span
        JOIN trading_tradeday AS sums ON sums.owner_id = p_owner AND sums.day >= first::date AND sums.day < last::date
        UNION ALL
        SELECT edge.place, closed.*
        FROM edge
        CROSS JOIN LATERAL (
            SELECT wallet_id, coalesce(closed_under, wallet_id), instrument_id, 1, (realized_pnl > 0)::integer,
                   (realized_pnl < 0)::integer, greatest(realized_pnl, 0), greatest(-realized_pnl, 0), position.fees
            FROM trading_position AS position
            WHERE owner_id = p_owner AND closed_at >= since AND closed_at < until
            OFFSET 0  -- an edge at a time, by the index: planned together, every trade there is would be read
        ) AS closed
    )
    SELECT place, wallet_id, under, instrument_id, sum(trades)::bigint, sum(won_trades)::bigint, sum(lost_trades)::bigint,
           sum(won), sum(lost), sum(fees)
    FROM part
    WHERE p_wallets IS NULL OR wallet_id = ANY (p_wallets)
          OR under IN (SELECT wallet_id FROM wallet_subtree(p_wallets))
    GROUP BY place, wallet_id, under, instrument_id
$$;

CREATE OR REPLACE FUNCTION public.trades_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]) RETURNS TABLE(place bigint, trades bigint, won_trades bigint, lost_trades bigint)
    LANGUAGE sql STABLE
    AS $$
    -- Of trades of these wallets and of those that stood below them when they were closed, or of all where none are named, from each beginning to before its end;
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
        SELECT span.place, sums.wallet_id, sums.under, sums.trades, sums.won_trades, sums.lost_trades
        FROM span
        JOIN trading_tradeday AS sums ON sums.owner_id = p_owner AND sums.day >= first::date AND sums.day < last::date
        UNION ALL
        SELECT edge.place, closed.*
        FROM edge
        CROSS JOIN LATERAL (
            SELECT wallet_id, coalesce(closed_under, wallet_id), 1, (realized_pnl > 0)::integer, (realized_pnl < 0)::integer
            FROM trading_position
            WHERE owner_id = p_owner AND closed_at >= since AND closed_at < until
            OFFSET 0  -- an edge at a time, by the index: planned together, every trade there is would be read
        ) AS closed
    )
    SELECT place, sum(trades)::bigint, sum(won_trades)::bigint, sum(lost_trades)::bigint
    FROM part
    WHERE p_wallets IS NULL OR wallet_id = ANY (p_wallets)
          OR under IN (SELECT wallet_id FROM wallet_subtree(p_wallets))
    GROUP BY place
    HAVING sum(trades) <> 0
$$;
"""
# Of days of before: summed up again from their trades.
BEFORE = """
ALTER TABLE trading_position NO FORCE ROW LEVEL SECURITY;
ALTER TABLE trading_tradeday NO FORCE ROW LEVEL SECURITY;
DELETE FROM trading_tradeday;
INSERT INTO trading_tradeday
    (owner_id, wallet_id, under, instrument_id, day, trades, won_trades, lost_trades, won, lost, fees)
SELECT owner_id, wallet_id, coalesce(closed_under, wallet_id), instrument_id, (closed_at AT TIME ZONE 'UTC')::date,
       count(*), count(*) FILTER (WHERE realized_pnl > 0), count(*) FILTER (WHERE realized_pnl < 0),
       sum(greatest(realized_pnl, 0)), sum(greatest(-realized_pnl, 0)), sum(fees)
FROM trading_position WHERE closed_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5;
SET CONSTRAINTS ALL IMMEDIATE;  -- a table with checks to come cannot be altered
ALTER TABLE trading_tradeday ALTER COLUMN under SET NOT NULL;
ALTER TABLE trading_tradeday FORCE ROW LEVEL SECURITY;
ALTER TABLE trading_position FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("trading", "0037_adviser")]

    operations = [
        migrations.RemoveConstraint(model_name="tradeday", name="trade_day_once"),
        migrations.RunSQL(
            "ALTER TABLE trading_tradeday ADD COLUMN under uuid",
            migrations.RunSQL.noop,
            state_operations=[migrations.AddField("tradeday", "under", models.UUIDField(), preserve_default=False)],
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="tradeday",
            constraint=models.UniqueConstraint(fields=("wallet", "under", "day", "instrument"), name="trade_day_once"),
        ),
        migrations.AddIndex(
            model_name="tradeday",
            index=models.Index(fields=["owner", "under", "day"], name="trade_day_of_place"),
        ),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
        migrations.RunSQL(SUMS, migrations.RunSQL.noop),
    ]
