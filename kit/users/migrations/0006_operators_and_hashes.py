"""Who is an operator is for operators to say, and a password's hash is read by whose it is."""

from django.conf import settings
from django.db import migrations

from kit.history import History, history_sql

APP = f'"{settings.DATABASES["default"]["USER"]}"'

# Every column but the hash. A new column of a person is granted by the migration that adds it.
READABLE = (
    "id", "last_login", "is_superuser", "email", "name", "is_active", "is_staff", "date_joined", "base_currency",
    "timezone", "number_format", "date_format", "theme", "palette", "privacy", "shortcuts",
)  # fmt: skip
# Rights that people have in the operators' admin, and what was done there: the system role's business.
OPERATORS_OWN = (
    "users_user_groups", "users_user_user_permissions", "auth_group", "auth_group_permissions", "auth_permission",
    "django_admin_log", "django_content_type", "django_migrations",
)  # fmt: skip

# A token that was revoked stays so.
MAY_CHANGE = {
    "users_token": History(
        columns=("last_used_at", "revoked_at", "password_mark"),
        over="OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at",
    )
}

PRIVILEGES = f"""
REVOKE SELECT, DELETE, TRUNCATE ON users_user FROM {APP};
GRANT SELECT ({", ".join(READABLE)}) ON users_user TO {APP};
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {", ".join(OPERATORS_OWN)} FROM {APP};
"""  # noqa: S608 - joined from constants
PRIVILEGES_BACK = f"""
REVOKE SELECT ({", ".join(READABLE)}) ON users_user FROM {APP};
GRANT SELECT, DELETE ON users_user TO {APP};
GRANT INSERT, UPDATE, DELETE ON {", ".join(OPERATORS_OWN)} TO {APP};
"""  # noqa: S608 - joined from constants

# The hash of the tenant: what signing in, sessions and tokens are compared with.
OWN_HASH = """
CREATE FUNCTION users_password() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT password FROM public.users_user WHERE id = NULLIF(current_setting('app.user_id', true), '')::uuid
$$;
REVOKE ALL ON FUNCTION users_password FROM PUBLIC;
"""

# Binds every role but the owner's and those that see all rows: who is asked for by the role that serves pages can be
# made no operator, switched on again or given a password by anybody else, whatever the code forgets.
GUARD = """
CREATE FUNCTION users_guard_user() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := NULLIF(current_setting('app.user_id', true), '')::uuid;
BEGIN
    IF (SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user)
       OR pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.is_staff OR NEW.is_superuser THEN
            RAISE EXCEPTION 'Operators are made by the system role only.' USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF (NEW.is_staff, NEW.is_superuser, NEW.is_active) IS DISTINCT FROM
          (OLD.is_staff, OLD.is_superuser, OLD.is_active) THEN
        RAISE EXCEPTION 'What a person may do is changed by the system role only.'
            USING ERRCODE = 'insufficient_privilege';
    ELSIF NEW.password IS DISTINCT FROM OLD.password AND NEW.id IS DISTINCT FROM tenant THEN
        RAISE EXCEPTION 'A password is changed on behalf of whose it is.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON users_user FOR EACH ROW EXECUTE FUNCTION users_guard_user();
"""
GUARD_BACK = "DROP TRIGGER guard ON users_user; DROP FUNCTION users_guard_user; DROP FUNCTION users_password;"


class Migration(migrations.Migration):
    dependencies = (
        ("users", "0005_bound_tokens"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    )

    operations = (
        migrations.AlterModelOptions(name="user", options={"base_manager_name": "objects"}),
        migrations.RunSQL(PRIVILEGES, PRIVILEGES_BACK),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
        migrations.RunSQL(OWN_HASH + GUARD, GUARD_BACK),
    )
