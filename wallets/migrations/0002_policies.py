"""Row-level security for every owned table of the app."""

from django.db import migrations

from kit.tenancy import policy_sql

TABLES = (
    "wallets_connection",
    "wallets_credential",
    "wallets_wallet",
    "wallets_account",
    "wallets_posting",
    "wallets_transfer",
    "wallets_fundallocation",
    "wallets_syncrun",
    "wallets_reconciliation",
    "wallets_demobalance",
    "wallets_demoorder",
    "wallets_demotrade",
)


class Migration(migrations.Migration):
    dependencies = (("wallets", "0001_initial"),)

    operations = (migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),)
