"""Who posts several times in one transaction locks the accounts of all of it at once before, in the order of postings."""

from django.db import migrations

LOCK = """
CREATE FUNCTION ledger_lock(p_wallets uuid[], p_assets text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM wallets_account
    WHERE wallet_id = ANY (p_wallets) AND asset = ANY (p_assets)
          AND owner_id = NULLIF(current_setting('app.user_id', true), '')::uuid
    ORDER BY id FOR NO KEY UPDATE;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0035_what_scopes_write"),)

    operations = (migrations.RunSQL(LOCK, "DROP FUNCTION ledger_lock"),)
