"""Row-level security for every owned table of the app."""

from django.db import migrations

from kit.tenancy import policy_sql

TABLES = (
    "trading_order",
    "trading_cancellation",
    "trading_orderevent",
    "trading_fill",
    "trading_position",
    "trading_risklimit",
    "trading_riskdecision",
)


class Migration(migrations.Migration):
    dependencies = (("trading", "0001_initial"),)

    operations = (migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),)
