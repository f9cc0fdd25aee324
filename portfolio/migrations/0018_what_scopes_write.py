"""Limits of exposure are written by no program without the scope `limits`."""

from django.db import migrations

from kit.tenancy import scopes_sql


class Migration(migrations.Migration):
    dependencies = (("portfolio", "0017_what_adds_up_stays"), ("users", "0008_what_scopes_write"))

    operations = (
        migrations.RunSQL(
            scopes_sql("portfolio_exposurelimit", "INSERT OR DELETE OR UPDATE", "limits"),
            "DROP TRIGGER scopes ON portfolio_exposurelimit;",
        ),
    )
