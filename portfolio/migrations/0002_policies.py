"""Row-level security for every owned table of the app."""

from django.db import migrations

from kit.tenancy import policy_sql

TABLES = (
    "portfolio_snapshot",
    "portfolio_flowmark",
    "portfolio_portfoliostate",
    "portfolio_dailyperformance",
)


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0001_initial"),)

    operations = (migrations.RunSQL(policy_sql(*TABLES), migrations.RunSQL.noop),)
