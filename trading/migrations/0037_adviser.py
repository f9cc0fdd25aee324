"""The adviser writes what agents ask for, and nothing else of trading."""

from django.db import migrations

from kit.tenancy import adviser_sql


class Migration(migrations.Migration):
    dependencies = (("trading", "0036_slices"),)

    operations = (migrations.RunSQL(adviser_sql("SELECT, INSERT", "trading_aistate"), migrations.RunSQL.noop),)
