"""What positions come to and whether orders stand, for the statements of other apps."""

from django.db import migrations

POSITION_TOTALS = """
CREATE FUNCTION position_totals(p_owner uuid)
RETURNS TABLE (wallet_id uuid, instrument_id bigint, realized numeric, quantity numeric, entry_price numeric)
LANGUAGE sql STABLE AS $$
    -- `realized` is of all positions there ever were, net of fees, in the quote asset, the closed ones from their sums;
    -- `quantity` of the open one, of which there is at most one, negative when it is short, and 0 when there is none.
    SELECT wallet_id, instrument_id, coalesce(closed.won - closed.lost, 0) + coalesce(held.realized_pnl, 0),
           coalesce(CASE held.direction WHEN 'long' THEN held.quantity ELSE -held.quantity END, 0), held.entry_price
    FROM (SELECT * FROM trading_tradetotal WHERE owner_id = p_owner) AS closed
    FULL JOIN (SELECT * FROM trading_position WHERE owner_id = p_owner AND closed_at IS NULL) AS held
         USING (wallet_id, instrument_id)
$$;
"""

HAS_ORDERS = """
CREATE FUNCTION has_orders(p_wallet uuid, p_statuses text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM trading_order WHERE wallet_id = p_wallet AND status = ANY (p_statuses))
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0004_sums_of_closed_trades"),)

    operations = (
        migrations.RunSQL(POSITION_TOTALS, "DROP FUNCTION position_totals"),
        migrations.RunSQL(HAS_ORDERS, "DROP FUNCTION has_orders"),
    )
