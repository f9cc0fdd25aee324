"""The adviser writes what came of a question, and what was proposed."""

from django.db import migrations

from kit.tenancy import adviser_sql

WRITTEN = "status, cause, answers, tokens_in, tokens_out, cost, milliseconds, finished_at"
ADVISER = adviser_sql(f"SELECT, UPDATE ({WRITTEN})", "farms_advicecall") + adviser_sql(
    "SELECT, INSERT", "farms_adviceproposal"
)


class Migration(migrations.Migration):
    dependencies = (("farms", "0023_advice_is_of_numbers"),)

    operations = (migrations.RunSQL(ADVISER, migrations.RunSQL.noop),)
