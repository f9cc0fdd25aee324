"""For those who count fills and trades as they are written: how far they can, and what there is."""

from django.db import migrations

OLDEST_RUNNING = """
CREATE FUNCTION oldest_running() RETURNS xid8 LANGUAGE plpgsql AS $$
DECLARE
    seen CONSTANT pg_snapshot := pg_current_snapshot();
BEGIN
    -- The oldest transaction that may still write here: what those before it wrote is all to be seen. The server counts
    -- the transactions of all its databases together, and those that are known to run in another one do not matter; of
    -- whom nothing is known is taken for one of ours. What this transaction itself writes is read by the next.
    -- What began after the snapshot's end is not in its list, running or not, and may be older than this transaction.
    RETURN least(
        (
            SELECT min(running::text::numeric)::text::xid8
            FROM (
                SELECT running FROM pg_snapshot_xip(seen) AS running
                WHERE NOT EXISTS (
                    SELECT FROM pg_locks AS held JOIN pg_stat_activity AS session USING (pid)
                    WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock'
                          AND held.transactionid = running::xid
                          AND (
                              session.datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
                              OR session.usesysid IS NULL -- the server's own: analysing a table writes no row of it
                          )
                )
                UNION ALL
                SELECT pg_current_xact_id_if_assigned()
            ) AS ours
            WHERE running IS NOT NULL
        ),
        pg_snapshot_xmax(seen)
    );
END $$;
"""
FUNCTIONS = """
CREATE FUNCTION owner_fills(p_owner uuid)
RETURNS TABLE (wallet_id uuid, quote text, at timestamptz, volume numeric, written xid8)
LANGUAGE sql STABLE AS $$
    -- Plain enough to become part of the statement that asks, with its conditions on `written` or on wallet and moment.
    SELECT fill.wallet_id, market.quote::text, fill.filled_at, fill.price * fill.quantity, fill.written
    FROM trading_fill AS fill JOIN market_instruments AS market USING (instrument_id)
    WHERE fill.owner_id = p_owner
$$;

CREATE FUNCTION owner_trades(p_owner uuid)
RETURNS TABLE (wallet_id uuid, quote text, at timestamptz, profit numeric, written xid8)
LANGUAGE sql STABLE AS $$
    SELECT trade.wallet_id, market.quote::text, trade.closed_at, trade.realized_pnl, trade.closed_in
    FROM trading_position AS trade JOIN market_instruments AS market USING (instrument_id)
    WHERE trade.owner_id = p_owner AND trade.closed_at IS NOT NULL
$$;

CREATE FUNCTION wallet_profits(p_owner uuid, p_since timestamptz)
RETURNS TABLE (wallet_id uuid, quote text, profit numeric)
LANGUAGE sql STABLE AS $$
    -- Of the trades that closed from `p_since` on, net of fees. Whole UTC days come from their sums, as in `trade_sums`.
    WITH day AS (SELECT (p_since AT TIME ZONE 'UTC')::date + 1 AS first)
    SELECT part.wallet_id, market.quote::text, sum(part.profit)
    FROM (
        SELECT wallet_id, instrument_id, won - lost AS profit FROM trading_tradeday
        WHERE owner_id = p_owner AND day >= (SELECT first FROM day)
        UNION ALL
        SELECT wallet_id, instrument_id, realized_pnl FROM trading_position
        WHERE owner_id = p_owner AND closed_at >= p_since
              AND closed_at < (SELECT first FROM day)::timestamp AT TIME ZONE 'UTC'
    ) AS part
    JOIN market_instruments AS market USING (instrument_id)
    GROUP BY part.wallet_id, market.quote
$$;
"""
DROP = "DROP FUNCTION owner_fills; DROP FUNCTION owner_trades; DROP FUNCTION wallet_profits"


class Migration(migrations.Migration):
    dependencies = (("trading", "0013_written_for_cursors"),)

    operations = (
        migrations.RunSQL(OLDEST_RUNNING, "DROP FUNCTION oldest_running"),
        migrations.RunSQL(FUNCTIONS, DROP),
    )
