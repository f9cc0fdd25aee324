"""The steps of orders and what the gate said of them are kept by months, and a month of them goes as a whole."""

from django.db import migrations

from kit.history import append_only_sql
from kit.months import partition_sql
from kit.tenancy import policy_sql

TABLES = ("trading_orderevent", "trading_riskdecision")


class Migration(migrations.Migration):
    dependencies = (("trading", "0028_one_cancels_the_other"), ("audit", "0003_months"))

    operations = (
        *(migrations.RunSQL(partition_sql(table, by="created_at"), migrations.RunSQL.noop) for table in TABLES),
        migrations.RunSQL(policy_sql(*TABLES) + append_only_sql(*TABLES), migrations.RunSQL.noop),
    )
