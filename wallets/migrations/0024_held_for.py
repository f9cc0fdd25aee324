"""The path above a wallet says what made a step of it reduce or halt, where that was no person."""

from django.db import migrations, models

PATH = """
DROP FUNCTION wallet_path;
CREATE FUNCTION wallet_path(p_wallet uuid)
RETURNS TABLE (
    step integer, wallet_id uuid, connection_id uuid, name text, trading_state text, held_for text
)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE path AS (
        SELECT id, parent_id, wallets_wallet.connection_id, wallets_wallet.name, wallets_wallet.trading_state,
               protects_in_halt, wallets_wallet.held_for, 0 AS step
        FROM wallets_wallet WHERE id = p_wallet
        UNION ALL
        SELECT above.id, above.parent_id, above.connection_id, above.name, above.trading_state,
               above.protects_in_halt, above.held_for, path.step + 1
        FROM wallets_wallet AS above JOIN path ON above.id = path.parent_id
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
    dependencies = (("wallets", "0023_derivatives"),)

    operations = (
        migrations.AddField(
            model_name="wallet",
            name="held_for",
            field=models.CharField(
                max_length=200,
                blank=True,
                db_default="",
                help_text="What lets it only reduce or halt, where that was no person: a goal, say.",
            ),
        ),
        migrations.RunSQL(PATH, migrations.RunSQL.noop),
    )
