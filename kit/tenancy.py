"""Who may see which row, decided by PostgreSQL.

Every owned table has a row-level security policy that compares `owner_id` with the setting `app.user_id`. Four
context managers decide what a block of code may see:

* `tenant(user_id)` opens a transaction and sets `app.user_id` for its length; the end of the transaction forgets it.
  Nested blocks restore the previous value, so a worker may serve one owner after another.
* `reading(user_id)` is a tenant's block that writes nothing and sees one moment: what a page or a program is shown.
* `as_adviser()`, inside of a tenant's block, lets it write only what a language model's answer is written down in.
* `system()` sends the ORM to the role that sees every owner's rows, for the operators' admin and for jobs that
  first ask *whose* work is due. It never wraps work done on behalf of an owner.

Without either, owned tables look empty.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from psycopg import IsolationLevel

from kit import clock
from kit.roles import adviser_of

SYSTEM_DB_ALIAS = "system"
OWNER_DB_ALIAS = "owner"

_system: ContextVar[bool] = ContextVar("moniqo_system", default=False)


@contextmanager
def tenant(user_id: UUID | str, scopes: Collection[str] | None = None) -> Iterator[None]:
    """Run the block in a transaction that sees and writes only the rows of `user_id`.

    With `scopes` it also writes only what these allow, to its end, whatever runs in it (`scopes_sql`); None allows all.
    """
    outer = _system.set(False)
    connection = connections[DEFAULT_DB_ALIAS]
    is_nested = connection.in_atomic_block
    try:
        with transaction.atomic(using=DEFAULT_DB_ALIAS):
            given = {"app.user_id": str(user_id)}
            if scopes is not None:
                given["app.scopes"] = ",".join(scopes)
            before = _set(given)
            yield
            # A block that failed or is marked to roll back takes the setting with it; so does the end of a transaction.
            if is_nested and not connection.needs_rollback:
                _restore(before)
    finally:
        _system.reset(outer)


def _set(settings: Mapping[str, str]) -> dict[str, str]:
    """Give the settings, whose names are ours, these values until the transaction ends; returns those they had."""
    each = ", ".join(f"current_setting('{name}', true), set_config('{name}', %s, true)" for name in settings)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(f"SELECT {each}", list(settings.values()))
        found = cursor.fetchone()[::2]
    return {name: value or "" for name, value in zip(settings, found, strict=True)}


def _restore(settings: Mapping[str, str]) -> None:
    each = ", ".join(f"set_config('{name}', %s, true)" for name in settings)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(f"SELECT {each}", list(settings.values()))


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
def as_adviser() -> Iterator[None]:
    """Inside of a tenant's block: be the role that may write a model's answer and reads nothing else (`kit.roles`).

    It keeps our own code from anything else while it has words of a model in its hands, whatever it forgot to check.
    Who could run SQL of their own would leave it as we do.
    """
    with transaction.atomic(using=DEFAULT_DB_ALIAS):  # what fails in it takes the role back with it
        before = _set({"role": adviser_of(connections[DEFAULT_DB_ALIAS].settings_dict["USER"])})
        yield
        _restore(before)


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


def adviser_sql(privileges: str, table: str) -> str:
    """SQL that lets the adviser do so much with a table, and its own numbers if it inserts."""
    adviser = adviser_of(settings.DATABASES[DEFAULT_DB_ALIAS]["USER"])
    return f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{adviser}') THEN
                RAISE EXCEPTION 'There is no role {adviser}: run `manage.py create_roles` first.';
            END IF;
        END $$;
        GRANT {privileges} ON {table} TO "{adviser}";
        """


def scopes_sql(table: str, when: str, scope: str) -> str:
    """SQL that refuses a write of `table` to whoever comes with scopes (`tenant`) and not with this one.

    `when` are the events, such as "INSERT OR DELETE". The function is made by a migration of `kit.users`.
    """
    return f"""
        CREATE TRIGGER scopes BEFORE {when} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION require_scope('{scope}');
        """
