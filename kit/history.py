"""Tables that only grow: the guard that no code path can go around, the operators' and ours included."""

from django.conf import settings

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is refused on %: rows of a history are never changed or removed.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def append_only_sql(*tables: str) -> str:
    """SQL that refuses UPDATE, DELETE and TRUNCATE on `tables`: by privilege, and to their owner by trigger.

    Every migration that makes a table which calls itself append-only runs it (tests/test_guards.py asks).
    """
    roles = ", ".join(f'"{settings.DATABASES[alias]["USER"]}"' for alias in ("default", "system"))
    return REFUSE + "\n".join(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {roles};
        """
        for table in tables
    )
