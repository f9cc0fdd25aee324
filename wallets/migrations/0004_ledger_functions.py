"""The ledger's keys, privileges, checks and its posting function; the SQL stands beside this file."""

from pathlib import Path

from django.db import migrations

from kit.tenancy import policy_sql


class Migration(migrations.Migration):
    dependencies = (("wallets", "0003_ledger_rows"),)

    operations = (
        migrations.RunSQL(policy_sql("wallets_hold"), migrations.RunSQL.noop),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),
    )
