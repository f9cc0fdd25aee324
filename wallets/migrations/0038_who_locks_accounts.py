"""What runs with the rights of the ledger's owner is called by whom it is for, not by whoever connects."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("wallets", "0037_pools"),)

    operations = (
        migrations.RunSQL(
            "REVOKE ALL ON FUNCTION ledger_lock FROM PUBLIC;", "GRANT EXECUTE ON FUNCTION ledger_lock TO PUBLIC;"
        ),
    )
