"""What the orders of a wallet that nobody took since its last accepted one come to, for the statements of other apps."""

from django.db import migrations

REFUSED_ORDERS = """
CREATE FUNCTION refused_orders(p_wallet uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    -- Null where there are none. `limit` is the most frequent one among the newest hundred, '' where a venue rejected
    -- the order. What stands after the last accepted order was refused: its status need not be read to be counted.
    WITH accepted AS MATERIALIZED (
        SELECT coalesce(
            (
                SELECT created_at FROM trading_order WHERE wallet_id = p_wallet AND status <> 'rejected'
                ORDER BY created_at DESC LIMIT 1
            ),
            '-infinity'
        ) AS at
    ),
    counted AS (
        SELECT count(*) AS count, min(created_at) AS since FROM trading_order
        WHERE wallet_id = p_wallet AND created_at > (SELECT at FROM accepted)
    ),
    refused AS (
        SELECT id, created_at, attempts = 0 AS is_by_gate, refusal FROM trading_order
        WHERE wallet_id = p_wallet AND created_at > (SELECT at FROM accepted)
        ORDER BY created_at DESC LIMIT 100
    ),
    judged AS (
        SELECT refused.*, coalesce(verdict."limit", '') AS cause, verdict.numbers ->> 'maximum_notional' AS maximum
        FROM refused
        LEFT JOIN LATERAL (
            SELECT "limit", numbers FROM trading_riskdecision WHERE order_id = refused.id AND NOT allowed
            ORDER BY id DESC LIMIT 1
        ) AS verdict ON true
    ),
    most AS (
        SELECT is_by_gate, cause, (array_agg(maximum ORDER BY created_at DESC))[1] AS maximum,
               (array_agg(refusal ORDER BY created_at DESC))[1] AS refusal
        FROM judged GROUP BY is_by_gate, cause ORDER BY count(*) DESC, max(created_at) DESC LIMIT 1
    )
    SELECT jsonb_build_object(
        'count', counted.count, 'since', counted.since,
        'is_by_gate', most.is_by_gate, 'limit', most.cause, 'maximum', most.maximum, 'refusal', most.refusal
    )
    FROM most, counted
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0008_sums_of_a_period"),)

    operations = (migrations.RunSQL(REFUSED_ORDERS, "DROP FUNCTION refused_orders"),)
