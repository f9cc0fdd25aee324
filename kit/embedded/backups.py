"""One file with everything that PostgreSQL holds, and a database made of such a file.

A backup is pg_dump's custom format, taken through the system role: the only one of the three that sees every owner's
rows (row-level security would leave the others an empty file, and pg_dump refuses to write one). It is one consistent
moment, whatever is being written meanwhile. Restoring goes through the owner, in one transaction: everything is there
afterwards, or nothing was touched. Then the cursors begin anew, because transactions are counted per server. Redis is
not in it: what is queued is found again in the rows.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from kit.embedded import schema
from kit.embedded.environment import DATABASE_VARIABLES
from kit.embedded.process import ServiceError
from kit.embedded.programs import run_program
from kit.roles import adviser_of, default_privileges, no_default_privileges

_AS_MADE_BY_INITDB = (
    "ALTER SCHEMA public OWNER TO pg_database_owner",
    "COMMENT ON SCHEMA public IS 'standard public schema'",
    "GRANT USAGE ON SCHEMA public TO PUBLIC",
)
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
"""


@dataclass(frozen=True)
class Addresses:
    """The database under each of its three roles."""

    app: str
    owner: str
    system: str

    @classmethod
    def from_environment(cls) -> "Addresses":
        """Raises ServiceError when one is not set."""
        missing = [name for name in DATABASE_VARIABLES if not os.environ.get(name)]
        if missing:
            raise ServiceError(f"{missing[0]} is not set: name the database by {', '.join(DATABASE_VARIABLES)}.")
        app, owner, system = (os.environ[name] for name in DATABASE_VARIABLES)
        return cls(app=app, owner=owner, system=system)

    @property
    def users(self) -> tuple[str, str]:
        """The names of the two roles that own nothing."""
        app, system = (unquote(urlsplit(url).username or "") for url in (self.app, self.system))
        return app, system


def back_up(addresses: Addresses, file: Path) -> int:
    """Write everything to `file`, readable by its owner only, and return its size in bytes.

    A file of that name is replaced, once the new one is complete. Raises ServiceError when that fails.
    """
    if not file.parent.is_dir():
        raise ServiceError(f"There is no directory {file.parent}: make it first.")
    if file.is_dir():
        raise ServiceError(f"{file} is a directory: name a file in it.")
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        os.close(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        leftover = f"--exclude-schema={schema.ASIDE}"
        run_program("pg_dump", addresses.system, "--format=custom", leftover, f"--file={scratch}")
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
    return file.stat().st_size


def restore(addresses: Addresses, file: Path, *, replace: bool) -> None:
    """Make the database what it was when `file` was written.

    The database must be empty unless `replace` is set, and nobody else may be connected to it; its roles have the
    names they had. Raises ServiceError with one sentence when that is not so; the database is then as it was.
    After a replacement that was cut off by a kill, the next call first puts back what was there.
    """
    if not file.is_file():
        raise ServiceError(f"There is no file {file}.")
    run_program("pg_restore", "", "--list", str(file))  # not a backup: said before anything is touched
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        others = connection.execute(_OTHERS).fetchone()
        if others and others[0]:
            raise ServiceError(
                f"{others[0]} other connections use the database: stop web, worker and beat first (`make down`)."
            )
        schema.mend(connection)
        if schema.is_empty(connection):
            _fill(connection, addresses, file)
            schema.let_cursors_begin_anew(connection)
        elif replace:
            _replace(connection, addresses, file)
        else:
            raise ServiceError("The database is not empty: restore into an empty one, or add --replace to give it up.")


def _replace(connection: psycopg.Connection, addresses: Addresses, file: Path) -> None:
    """Restore beside what there is, and drop that only when the restored is complete."""
    owner = connection.info.user
    with connection.transaction():
        _execute(connection, f"ALTER SCHEMA public RENAME TO {schema.ASIDE}", "CREATE SCHEMA public")
        _execute(connection, *_AS_MADE_BY_INITDB)
        for role in (owner, *addresses.users, adviser_of(addresses.users[0])):
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))
    try:
        _fill(connection, addresses, file)
        schema.let_cursors_begin_anew(connection)
    except BaseException:
        _execute(connection, "DROP SCHEMA public CASCADE", f"ALTER SCHEMA {schema.ASIDE} RENAME TO public")
        raise
    _execute(connection, f"DROP SCHEMA {schema.ASIDE} CASCADE")


def _fill(connection: psycopg.Connection, addresses: Addresses, file: Path) -> None:
    """pg_restore into the empty schema. Tables bring their privileges along, so they get no others meanwhile."""
    for statement in no_default_privileges(addresses.users):
        connection.execute(statement)
    try:
        run_program(
            *("pg_restore", addresses.owner, "--no-owner", "--single-transaction", "--exit-on-error"),
            *("--dbname", connection.info.dbname, str(file)),
        )
    finally:
        for statement in default_privileges(addresses.users):
            connection.execute(statement)


def _execute(connection: psycopg.Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement.encode())
