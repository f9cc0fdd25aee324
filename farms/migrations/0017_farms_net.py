"""Whether a farm nets; and its policy, like other limits, is written by no program without the scope `limits`."""

from django.db import migrations, models

from kit.tenancy import scopes_sql

POLICY = ("caps", "allowed_symbols", "trading_days", "opens_at", "closes_at", "nets")


class Migration(migrations.Migration):
    dependencies = (("farms", "0016_policies_of_farms"), ("users", "0008_what_scopes_write"))

    operations = [
        migrations.AddField(
            model_name="farm",
            name="nets",
            field=models.BooleanField(
                default=False, help_text="Whether opposite orders of its agents at one bar are crossed inside the farm."
            ),
        ),
        migrations.RunSQL(
            scopes_sql("farms_farm", f"UPDATE OF {', '.join(POLICY)}", "limits"), "DROP TRIGGER scopes ON farms_farm;"
        ),
    ]
