"""Months of snapshots are made, listed and let go by what does so for every table by months (`kit.months`)."""

from django.db import migrations

GONE = """
DROP FUNCTION portfolio_ensure_partition;
DROP FUNCTION portfolio_drop_month;
DROP FUNCTION portfolio_months;
"""


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0014_extremes_stay"), ("audit", "0003_months"))

    operations = (migrations.RunSQL(GONE, migrations.RunSQL.noop),)
