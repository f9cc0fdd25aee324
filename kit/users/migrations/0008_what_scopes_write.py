"""A program writes no token and no person, whatever the code forgets: only who signed in does."""

from django.db import migrations

from kit.tenancy import scopes_sql

# `app.scopes` is set for the length of a request that comes with a token; for pages and workers it is not.
FUNCTION = """
CREATE FUNCTION require_scope() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    scopes text := NULLIF(current_setting('app.scopes', true), '');
BEGIN
    IF scopes IS NOT NULL AND NOT (TG_ARGV[0] = ANY (string_to_array(scopes, ','))) THEN
        RAISE EXCEPTION 'A program without the scope % may not write %.', TG_ARGV[0], TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_LEVEL = 'STATEMENT' THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
"""
PERSON = "person"


class Migration(migrations.Migration):
    dependencies = (("users", "0007_capitals_of_an_address"),)

    operations = (
        migrations.RunSQL(FUNCTION, "DROP FUNCTION require_scope();"),
        migrations.RunSQL(
            scopes_sql("users_token", "INSERT OR DELETE OR UPDATE OF revoked_at, password_mark", PERSON),
            "DROP TRIGGER scopes ON users_token;",
        ),
        migrations.RunSQL(
            scopes_sql("users_user", "INSERT OR DELETE OR UPDATE", PERSON), "DROP TRIGGER scopes ON users_user;"
        ),
    )
