"""Tokens whose owner wants to be asked first: a program writes no such mark, as it writes no token."""

from django.db import migrations, models

from kit.history import History, history_sql
from kit.tenancy import scopes_sql

MAY_CHANGE = {
    "users_token": History(
        columns=("last_used_at", "revoked_at", "password_mark", "asks_first"),
        over="OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at",
    )
}
GUARDED = "INSERT OR DELETE OR UPDATE OF revoked_at, password_mark"


class Migration(migrations.Migration):
    dependencies = (("users", "0008_what_scopes_write"),)

    operations = (
        migrations.AddField(
            model_name="token",
            name="asks_first",
            field=models.BooleanField(
                default=False,
                help_text="It reads and asks; what there is no question for it may not do.",
            ),
        ),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
        migrations.RunSQL(
            "DROP TRIGGER scopes ON users_token;" + scopes_sql("users_token", f"{GUARDED}, asks_first", "person"),
            "DROP TRIGGER scopes ON users_token;" + scopes_sql("users_token", GUARDED, "person"),
        ),
    )
