"""Histories: what the database lets nobody change, whatever the code forgets, the operators' and ours included.

Two kinds. A table that only grows (`append_only_sql`): what is there stays as it is, for every role. A table whose rows
have a life (`History`, `history_sql`): the role that serves pages changes the columns that are named, until the row is
over, and removes nothing unless that is said. Forgetting what is old is the system role's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is refused on %: rows of a history are never changed or removed.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
# Binds those whom row security binds: who forgets what is old sees every row.
REFUSE_OVER: Final = """
CREATE OR REPLACE FUNCTION refuse_what_is_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active(TG_RELID) THEN
        RAISE EXCEPTION '% is refused on %: what is over stays as it is.', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
"""


@dataclass(frozen=True, slots=True)
class History:
    """What the role that serves pages may do to rows that are there.

    It changes `columns` until `over`, SQL about OLD and NEW; it removes rows only where `removes` says of which, SQL
    about OLD, and no others.
    """

    columns: tuple[str, ...] = ()
    over: str = ""
    removes: str = ""


def history_sql(histories: Mapping[str, History]) -> str:
    """SQL that holds the app's role to `histories`, by table.

    A migration names it `MAY_CHANGE`, where tests/test_guards.py finds it; a later one names a table anew, and it is
    that one which counts then.
    """
    app = f'"{settings.DATABASES["default"]["USER"]}"'
    return REFUSE_OVER + "\n".join(_statements(table, history, app) for table, history in histories.items())


def _statements(table: str, history: History, app: str) -> str:
    parts = [
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {app}",
        f"DROP TRIGGER IF EXISTS over ON {table}",
        f"DROP TRIGGER IF EXISTS stays ON {table}",
    ]
    if history.columns:
        parts.append(f"GRANT UPDATE ({', '.join(history.columns)}) ON {table} TO {app}")
    if history.over:
        parts.append(_trigger("over", "UPDATE", table, history.over))
    if history.removes:
        parts.append(f"GRANT DELETE ON {table} TO {app}")
        parts.append(_trigger("stays", "DELETE", table, f"({history.removes}) IS NOT TRUE"))
    return "".join(f"{part};\n" for part in parts)


def _trigger(name: str, event: str, table: str, when: str) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({when}) "
        "EXECUTE FUNCTION refuse_what_is_over()"
    )


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
