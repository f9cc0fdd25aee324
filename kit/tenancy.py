"""Who may see which row, decided by PostgreSQL.

Every owned table has a row-level security policy that compares `owner_id` with the setting `app.user_id`. Three
context managers decide what a block of code may see:

* `tenant(user_id)` opens a transaction and sets `app.user_id` for its length; the end of the transaction forgets it.
  Nested blocks restore the previous value, so a worker may serve one owner after another.
* `reading(user_id)` is a tenant's block that writes nothing and sees one moment: what a page or a program is shown.
* `system()` sends the ORM to the role that sees every owner's rows, for the operators' admin and for jobs that
  first ask *whose* work is due. It never wraps work done on behalf of an owner.

Without either, owned tables look empty.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from psycopg import IsolationLevel

from kit import clock

SYSTEM_DB_ALIAS = "system"
OWNER_DB_ALIAS = "owner"

_system: ContextVar[bool] = ContextVar("moniqo_system", default=False)


@contextmanager
def tenant(user_id: UUID | str) -> Iterator[None]:
    """Run the block in a transaction that sees and writes only the rows of `user_id`."""
    outer = _system.set(False)
    connection = connections[DEFAULT_DB_ALIAS]
    is_nested = connection.in_atomic_block
    try:
        with transaction.atomic(using=DEFAULT_DB_ALIAS):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT current_setting('app.user_id', true), set_config('app.user_id', %s, true)", [str(user_id)]
                )
                previous = cursor.fetchone()[0] or ""
            yield
            # A block that failed or is marked to roll back takes the setting with it; so does the end of a transaction.
            if is_nested and not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('app.user_id', %s, true)", [previous])
    finally:
        _system.reset(outer)


@contextmanager
def reading(user_id: UUID | str) -> Iterator[None]:
    """The same for reading only, at one moment: every statement sees the same state of the database and the same time.

    Two figures that are read one after the other agree then, whatever is written in between; writing is an error.
    Inside a transaction that runs already its state is kept.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    raw = None if connection.in_atomic_block else connection.connection
    if raw is not None:
        raw.isolation_level, raw.read_only = IsolationLevel.REPEATABLE_READ, True  # how the next transaction begins
    try:
        with clock.pinned(), tenant(user_id):
            yield
    finally:
        if raw is not None and not raw.closed:
            raw.isolation_level = raw.read_only = None


@contextmanager
def system() -> Iterator[None]:
    """Run the block with the role that bypasses row-level security (operators, cross-owner look-ups)."""
    outer = _system.set(True)
    try:
        yield
    finally:
        _system.reset(outer)


class TenancyRouter:
    """Sends the ORM to the role the current block runs as; the three aliases are one database."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return SYSTEM_DB_ALIAS if _system.get() else None

    db_for_write = db_for_read

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool:
        return True


def policy_sql(*tables: str) -> str:
    """SQL that puts the owner's policy on `tables`; every migration that makes an owned table runs it.

    The scalar sub-select is evaluated once per query instead of once per row, and NULLIF covers the empty string
    that a finished transaction leaves behind in the setting.
    """
    return "\n".join(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY owner_only ON {table}
            USING (owner_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid))
            WITH CHECK (owner_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
        """
        for table in tables
    )
