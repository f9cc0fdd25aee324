"""A halted wallet carries out stops, unless its owner said otherwise: then its path says that it is frozen. It says of a
connection that only watches that it does, too."""

from django.db import migrations, models

PATH = """
CREATE OR REPLACE FUNCTION wallet_path(p_wallet uuid)
RETURNS TABLE (step integer, wallet_id uuid, connection_id uuid, name text, trading_state text)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE path AS (
        SELECT id, parent_id, wallets_wallet.connection_id, wallets_wallet.name, wallets_wallet.trading_state,
               protects_in_halt, 0 AS step
        FROM wallets_wallet WHERE id = p_wallet
        UNION ALL
        SELECT above.id, above.parent_id, above.connection_id, above.name, above.trading_state,
               above.protects_in_halt, path.step + 1
        FROM wallets_wallet AS above JOIN path ON above.id = path.parent_id
    )
    SELECT path.step, path.id, NULL::uuid, path.name,
           CASE WHEN path.trading_state = 'halted' AND NOT path.protects_in_halt THEN 'frozen'
                ELSE path.trading_state END
    FROM path
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
    dependencies = (("wallets", "0016_venue_positions"),)

    operations = (
        migrations.AddField(
            model_name="wallet",
            name="protects_in_halt",
            field=models.BooleanField(
                default=True, help_text="Stops are carried out while it is halted; its owner ends that in words only."
            ),
        ),
        migrations.RunSQL(PATH, migrations.RunSQL.noop),
    )
