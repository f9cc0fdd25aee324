"""The path above a wallet is followed from key to key: joined to the wallets, each step read all that there are."""

from django.db import migrations

PATH = """
CREATE OR REPLACE FUNCTION wallet_path(p_wallet uuid)
RETURNS TABLE (
    step integer, wallet_id uuid, connection_id uuid, name text, trading_state text, held_for text
)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE path AS (
        SELECT id, parent_id, wallets_wallet.connection_id, wallets_wallet.name, wallets_wallet.trading_state,
               protects_in_halt, wallets_wallet.held_for, 0 AS step
        FROM wallets_wallet WHERE id = p_wallet
        UNION ALL
        SELECT above.*, path.step + 1
        FROM path
        CROSS JOIN LATERAL (
            SELECT wallet.id, wallet.parent_id, wallet.connection_id, wallet.name, wallet.trading_state,
                   wallet.protects_in_halt, wallet.held_for
            FROM wallets_wallet AS wallet WHERE wallet.id = path.parent_id LIMIT 1  -- so it is looked up, not joined
        ) AS above
    )
    SELECT path.step, path.id, NULL::uuid, path.name,
           CASE WHEN path.trading_state = 'halted' AND NOT path.protects_in_halt THEN 'frozen'
                ELSE path.trading_state END, path.held_for
    FROM path
    UNION ALL
    SELECT -1, NULL, venue.id, venue.name,
           CASE WHEN venue.state <> 'active' THEN 'closed'
                WHEN NOT venue.is_paper AND venue.live_at IS NULL THEN 'watching'
                ELSE 'active' END, ''
    FROM path JOIN wallets_connection AS venue ON venue.id = path.connection_id
    WHERE path.step = 0
    ORDER BY 1
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0038_who_locks_accounts"),)

    operations = (migrations.RunSQL(PATH, migrations.RunSQL.noop),)
