"""Connections as other apps may know them."""

from django.db import migrations

CONNECTIONS = """
CREATE VIEW wallet_connections WITH (security_invoker = true) AS
SELECT connection.id AS connection_id, connection.owner_id, connection.name, connection.venue, connection.state,
       connection.status, connection.synced_at,
       (SELECT count(*) FROM wallets_wallet AS wallet WHERE wallet.connection_id = connection.id) AS wallets
FROM wallets_connection AS connection;
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0007_connections_active_since"),)

    operations = (migrations.RunSQL(CONNECTIONS, "DROP VIEW wallet_connections"),)
