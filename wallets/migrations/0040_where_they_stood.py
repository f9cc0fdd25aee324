"""Which wallet another stood right under at a moment; who keeps where wallets stood (`portfolio`) knows of the past."""

from django.db import migrations

UNDER = """
CREATE FUNCTION wallet_under(p_wallet uuid, p_at timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT parent_id FROM wallet_places WHERE wallet_id = p_wallet
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0039_path_by_key"),)

    operations = (migrations.RunSQL(UNDER, "DROP FUNCTION wallet_under;"),)
