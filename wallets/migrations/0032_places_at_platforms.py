"""The place of a wallet says at which platform it trades, for the statements of other apps."""

from django.db import migrations

# Joined from the left by its key: whoever asks for nothing of the platform does not read it.
PLACES = """
CREATE OR REPLACE VIEW wallet_places WITH (security_invoker = true) AS
SELECT wallet.id AS wallet_id, wallet.owner_id, wallet.parent_id, wallet.name, wallet.role, wallet.base_asset,
       wallet.target_weight, wallet.created_at, wallet.connection_id, connection.venue, connection.platform_id,
       platform.name AS platform
FROM wallets_wallet AS wallet
JOIN wallets_connection AS connection ON connection.id = wallet.connection_id
LEFT JOIN wallets_platform AS platform ON platform.slug = connection.platform_id
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0031_resting_orders"),)

    operations = (migrations.RunSQL(PLACES, migrations.RunSQL.noop),)
