"""No program writes a key or makes an account live, and only one with the scope `limits` lets a halt keep stops."""

from django.db import migrations

from kit.tenancy import scopes_sql

CHANGED = """
CREATE TRIGGER scopes_of_{column} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
    WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION require_scope('{scope}');
"""


def changed(table: str, column: str, scope: str) -> migrations.RunSQL:
    """Refuses another value of the column; the same one is written by whoever saves the row."""
    return migrations.RunSQL(
        CHANGED.format(table=table, column=column, scope=scope), f"DROP TRIGGER scopes_of_{column} ON {table};"
    )


class Migration(migrations.Migration):
    dependencies = (("wallets", "0034_perpetuals"), ("users", "0008_what_scopes_write"))

    operations = (
        *(
            migrations.RunSQL(
                scopes_sql(table, "INSERT OR DELETE OR UPDATE", "person"), f"DROP TRIGGER scopes ON {table};"
            )
            for table in ("wallets_credential", "wallets_credentialfield")
        ),
        changed("wallets_connection", "live_at", "person"),
        changed("wallets_wallet", "protects_in_halt", "limits"),
    )
