"""What the trades of a period come to, for the statements of other apps."""

from django.db import migrations

TRADE_SUMS = """
CREATE FUNCTION trade_sums(p_owner uuid, p_since timestamptz, p_wallets uuid[])
RETURNS TABLE (trades bigint, won_trades bigint, lost_trades bigint, won numeric, lost numeric, quote text)
LANGUAGE sql STABLE AS $$
    -- Of trades closed from `p_since` on, of these wallets and below them, or of all where none are named. Whole days
    -- come from their sums and the day of `p_since` from its trades, so that the cost does not grow with them.
    -- `quote` is what all of their markets are paid in, NULL where they are paid in several: sums say nothing then.
    WITH part AS (
        SELECT wallet_id, trades, won_trades, lost_trades, won, lost
        FROM trading_tradeday
        WHERE owner_id = p_owner AND day > (p_since AT TIME ZONE 'UTC')::date
        UNION ALL
        SELECT wallet_id, 1, (realized_pnl > 0)::integer, (realized_pnl < 0)::integer, greatest(realized_pnl, 0),
               greatest(-realized_pnl, 0)
        FROM trading_position
        WHERE owner_id = p_owner AND closed_at >= p_since
              AND closed_at < ((p_since AT TIME ZONE 'UTC')::date + 1)::timestamp AT TIME ZONE 'UTC'
    )
    SELECT coalesce(sum(trades), 0)::bigint, coalesce(sum(won_trades), 0)::bigint, coalesce(sum(lost_trades), 0)::bigint,
           coalesce(sum(won), 0), coalesce(sum(lost), 0),
           (
               SELECT CASE WHEN count(DISTINCT market.quote) = 1 THEN min(market.quote) END
               FROM trading_tradetotal AS total JOIN market_instruments AS market USING (instrument_id)
               WHERE total.owner_id = p_owner
                     AND (p_wallets IS NULL OR total.wallet_id IN (SELECT wallet_id FROM wallet_subtree(p_wallets)))
           )
    FROM part
    WHERE p_wallets IS NULL OR wallet_id IN (SELECT wallet_id FROM wallet_subtree(p_wallets))
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0007_orders_remember_the_request"),)

    operations = (migrations.RunSQL(TRADE_SUMS, "DROP FUNCTION trade_sums"),)
