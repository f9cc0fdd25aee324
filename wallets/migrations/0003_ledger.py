"""The ledger's keys, privileges, triggers, views and its posting functions; the SQL stands beside this file."""

from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("wallets", "0002_policies"),)

    operations = (migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),)
