"""What is proved of trades: each is one posting that moved what it says, and orders are filled with their sum."""

from typing import Final

from wallets.ledger.checks import AHEAD, ALL, Check

FILLS: Final = "fills"
STAGES: Final = {FILLS: "SELECT COALESCE(min(id), 0), COALESCE(max(id), -1) FROM trading_fill"}
# Amounts are rounded to so much.
UNIT: Final = "1e-18"

CHECKS: Final = (
    Check(
        "fills",
        "Every trade is one posting that moved what it says",
        {
            FILLS: (
                f"""
                SELECT format('Fill %s (%s %s at %s, fee %s %s) says something else than its posting %s: '
                              'gave %s, got %s, fee %s.', f.id, f.side, f.quantity, f.price, f.fee, f.fee_asset,
                              f.posting_id, moved.given, moved.got, moved.fee)
                FROM trading_fill f
                CROSS JOIN LATERAL (
                    SELECT COALESCE(sum(amount) FILTER (WHERE credit_kind = 'clearing' AND phase <> 'pending'), 0)
                           AS given,
                           COALESCE(sum(amount) FILTER (WHERE debit_kind = 'clearing'), 0) AS got,
                           COALESCE(sum(CASE WHEN asset <> f.fee_asset THEN NULL WHEN credit_kind = 'fees' THEN amount
                                             WHEN debit_kind = 'fees' THEN -amount END), 0) AS fee,
                           bool_and((leg.owner_id, debit_wallet, credit_wallet)
                                    = (f.owner_id, f.wallet_id, f.wallet_id)) AS is_theirs
                    FROM ledger_legs AS leg WHERE posting_id = f.posting_id
                ) AS moved,
                LATERAL (SELECT CASE f.side WHEN 'buy' THEN f.quantity * f.price ELSE f.quantity END AS given,
                                CASE f.side WHEN 'buy' THEN f.quantity ELSE f.quantity * f.price END AS got) AS told
                WHERE f.id BETWEEN :first AND :last AND f.realized IS NULL AND (
                    moved.is_theirs IS NOT TRUE OR abs(moved.given - told.given) > {UNIT}
                    OR abs(moved.got - told.got) > {UNIT} OR moved.fee <> f.fee)
                ORDER BY f.id LIMIT 1
                """,  # noqa: S608 - a constant
                # a trade of a perpetual moved what it realized and its fee, and nothing else but holds
                """
                SELECT format('Fill %s (%s %s at %s) realized %s at a fee of %s, and its posting %s moved %s and %s, '
                              'and %s through clearing.', f.id, f.side, f.quantity, f.price, f.realized, f.fee,
                              f.posting_id, moved.realized, moved.fee, moved.cleared)
                FROM trading_fill f
                CROSS JOIN LATERAL (
                    SELECT COALESCE(sum(CASE WHEN debit_kind = 'profit' THEN amount
                                             WHEN credit_kind = 'profit' THEN -amount END), 0) AS realized,
                           COALESCE(sum(CASE WHEN credit_kind = 'costs' THEN amount
                                             WHEN debit_kind = 'costs' THEN -amount END), 0) AS fee,
                           COALESCE(sum(amount) FILTER (WHERE 'clearing' IN (debit_kind, credit_kind)
                                                              AND phase IN ('posted', 'settle')), 0) AS cleared,
                           bool_and((leg.owner_id, debit_wallet, credit_wallet)
                                    = (f.owner_id, f.wallet_id, f.wallet_id)) AS is_theirs
                    FROM ledger_legs AS leg WHERE posting_id = f.posting_id
                ) AS moved
                WHERE f.id BETWEEN :first AND :last AND f.realized IS NOT NULL AND (
                    moved.is_theirs IS NOT TRUE OR moved.realized <> f.realized OR moved.fee <> f.fee
                    OR moved.cleared <> 0)
                ORDER BY f.id LIMIT 1
                """,
                f"""
                SELECT format('Fill %s is of %s, which is yet to come.', id, filled_at) FROM trading_fill
                WHERE id BETWEEN :first AND :last AND filled_at > now() + {AHEAD} ORDER BY id LIMIT 1
                """,  # noqa: S608 - a constant
            ),
            ALL: (
                """
                SELECT format('Posting %s (%s) is of a trade, and no fill is its own.', posting_id, key)
                FROM ledger_trades AS p
                WHERE NOT EXISTS (SELECT FROM trading_fill f WHERE f.posting_id = p.posting_id)
                ORDER BY posting_id LIMIT 1
                """,
            ),
        },
    ),
    Check(
        "margin",
        "The margin of every open perpetual is held, but for what its position says is missing, to the last digit",
        {
            ALL: (
                """
                SELECT format('Position %s has a margin of %s, and %s is held for it, %s is said to be missing.',
                              p.id, p.margin, COALESCE(held.amount, 0), p.margin_shortfall)
                FROM trading_position p
                LEFT JOIN ledger_legs AS held ON held.id = p.hold_id AND held.debit_wallet = p.wallet_id
                     AND held.phase = 'pending'
                     AND NOT EXISTS (SELECT FROM ledger_legs AS over WHERE over.pending_id = p.hold_id)
                WHERE p.leverage IS NOT NULL AND p.closed_at IS NULL
                  AND COALESCE(held.amount, 0) + p.margin_shortfall <> p.margin
                ORDER BY p.id LIMIT 1
                """,
            ),
        },
    ),
    Check(
        "orders",
        "Every order is filled with what its trades add up to",
        {
            ALL: (
                f"""
                SELECT format('Order %s (%s) says %s filled at %s; its %s trades add up to %s at %s.', o.id,
                              o.client_order_id, o.filled_quantity, COALESCE(o.average_price, 0), COALESCE(f.trades, 0),
                              COALESCE(f.quantity, 0), COALESCE((f.paid / f.quantity)::numeric(38, 18), 0))
                FROM trading_order o
                LEFT JOIN (
                    SELECT order_id, count(*) AS trades, sum(quantity) AS quantity, sum(quantity * price) AS paid
                    FROM trading_fill GROUP BY order_id
                ) AS f ON f.order_id = o.id
                WHERE o.filled_quantity <> COALESCE(f.quantity, 0)
                   OR abs(COALESCE(o.average_price, 0) - COALESCE(f.paid / f.quantity, 0))
                      > COALESCE(f.trades, 0) * {UNIT}
                ORDER BY o.id LIMIT 1
                """,  # noqa: S608 - a constant
                f"""
                SELECT format('Order %s is of %s, which is yet to come.', id, created_at) FROM trading_order
                WHERE created_at > now() + {AHEAD} ORDER BY id LIMIT 1
                """,  # noqa: S608 - a constant
            ),
        },
    ),
)
