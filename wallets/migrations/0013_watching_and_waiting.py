"""The path of a wallet says of a connection that only watches that it does, and a sync that failed waits for a while."""

from django.db import migrations, models

PATH = """
CREATE OR REPLACE FUNCTION wallet_path(p_wallet uuid)
RETURNS TABLE (step integer, wallet_id uuid, connection_id uuid, name text, trading_state text)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE path AS (
        SELECT id, parent_id, wallets_wallet.connection_id, wallets_wallet.name, wallets_wallet.trading_state, 0 AS step
        FROM wallets_wallet WHERE id = p_wallet
        UNION ALL
        SELECT above.id, above.parent_id, above.connection_id, above.name, above.trading_state, path.step + 1
        FROM wallets_wallet AS above JOIN path ON above.id = path.parent_id
    )
    SELECT path.step, path.id, NULL::uuid, path.name, path.trading_state FROM path
    UNION ALL
    SELECT -1, NULL, venue.id, venue.name,
           CASE WHEN venue.state <> 'active' THEN 'closed'
                WHEN NOT venue.is_paper AND venue.live_at IS NULL THEN 'watching'
                ELSE 'active' END
    FROM path JOIN wallets_connection AS venue ON venue.id = path.connection_id
    WHERE path.step = 0
    ORDER BY 1
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0012_archived_wallets"),)

    operations = (
        migrations.RunSQL(PATH, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="connection",
            name="failures",
            field=models.PositiveIntegerField(
                default=0, help_text="Syncs that failed in a row. Written by syncs only."
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="next_try_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When it is synced again by itself after failures; empty: with the next round.",
                null=True,
            ),
        ),
    )
