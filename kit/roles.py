"""The database roles, created in one place for development, tests and production alike.

* the owner owns the database and its tables, and runs migrations;
* the app serves pages and runs tasks, and row-level security binds it;
* the system role sees every owner's rows: operators' admin, jobs that ask whose work is due, dumps;
* the adviser logs in nowhere: the app becomes it while it writes down what a language model said
  (`kit.tenancy.as_adviser`). What it may do is granted table by table in migrations, and is little.

Names, passwords and the database come from the three addresses that the settings read, so there is no second list
to keep in step; the adviser is called after the app. Everything may run again at any time.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from kit.errors import MoniqoError


class DatabaseRolesError(MoniqoError):
    """The addresses contradict each other, or the server did not let us create roles."""

    code = "database_roles"


@dataclass(frozen=True)
class Login:
    role: str
    password: str
    database: str


def adviser_of(app: str) -> str:
    """What the adviser is called, beside an app role of this name."""
    return f"{app.removesuffix('_app')}_adviser"


def create_roles(admin_url: str, *, owner_url: str, app_url: str, system_url: str) -> None:
    """Create or update roles, database and privileges as the administrator of `admin_url`.

    `admin_url` names any existing database of the server and a role that may create roles and databases.
    Raises DatabaseRolesError with one sentence when that is not so.
    """
    owner, app, system = (_login(url) for url in (owner_url, app_url, system_url))
    if len({login.database for login in (owner, app, system)}) > 1 or len({owner.role, app.role, system.role}) < 3:
        raise DatabaseRolesError(
            "DATABASE_URL, DATABASE_OWNER_URL and DATABASE_SYSTEM_URL must name one database and three different roles."
        )
    try:
        with psycopg.connect(admin_url, autocommit=True, connect_timeout=10) as connection:
            _create_login(connection, owner, "NOBYPASSRLS")
            _create_login(connection, app, "NOBYPASSRLS")
            _create_login(connection, system, "BYPASSRLS")
            _create_adviser(connection, app.role)
            _create_database(connection, owner)
        with psycopg.connect(_with_database(admin_url, owner.database), connect_timeout=10) as connection:
            _grant(connection, owner.role, (app.role, system.role), adviser_of(app.role))
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise DatabaseRolesError(
            f"The roles could not be created; check the administrator's address: {reason}"
        ) from error


def _login(url: str) -> Login:
    parts = urlsplit(url)
    login = Login(
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        unquote(parts.path.lstrip("/")),
    )
    if not (login.role and login.password and login.database):
        raise DatabaseRolesError("Each database address must look like postgresql://role:password@host:5432/database.")
    return login


def _with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _create_login(connection: psycopg.Connection, login: Login, bypass: str) -> None:
    _create_role(connection, login.role, sql.SQL(f"LOGIN {bypass} PASSWORD {{}}").format(sql.Literal(login.password)))


def _create_adviser(connection: psycopg.Connection, app: str) -> None:
    """A role that the app can become and has nothing of as long as it is itself."""
    adviser = adviser_of(app)
    _create_role(connection, adviser, sql.SQL("NOLOGIN NOBYPASSRLS"))
    connection.execute(
        sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(sql.Identifier(adviser), sql.Identifier(app))
    )


def _create_role(connection: psycopg.Connection, name: str, attributes: sql.Composable) -> None:
    role = sql.Identifier(name)
    found = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    if found and found[0]:
        raise DatabaseRolesError(f"{name} is a superuser, whom row-level security does not bind: use another.")
    if not found:
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} NOCREATEDB NOCREATEROLE {}").format(role, attributes))


def _create_database(connection: psycopg.Connection, owner: Login) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [owner.database]).fetchone():
        return
    superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if not (superuser and superuser[0]):  # hosted servers: an administrator must be a member to give a database away
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(owner.role)))
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(owner.database), sql.Identifier(owner.role))
    )


def default_privileges(users: tuple[str, ...]) -> list[sql.Composed]:
    """What the owner, who runs these statements, lets the other roles do with tables that it will make."""
    return _on_default_privileges(
        users,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {users}",
        "GRANT USAGE, SELECT ON SEQUENCES TO {users}",
        "GRANT EXECUTE ON FUNCTIONS TO {users}",
    )


def no_default_privileges(users: tuple[str, ...]) -> list[sql.Composed]:
    """The opposite: for tables that bring their privileges along, as those of a dump do."""
    kinds = ("TABLES", "SEQUENCES", "FUNCTIONS")
    return _on_default_privileges(users, *(f"REVOKE ALL ON {kind} FROM {{users}}" for kind in kinds))


def _on_default_privileges(users: tuple[str, ...], *changes: str) -> list[sql.Composed]:
    names = sql.SQL(", ").join(map(sql.Identifier, users))
    return [sql.SQL("ALTER DEFAULT PRIVILEGES " + change).format(users=names) for change in changes]


def _grant(connection: psycopg.Connection, owner: str, users: tuple[str, ...], adviser: str) -> None:
    names = {
        "owner": sql.Identifier(owner),
        "all": sql.SQL(", ").join(map(sql.Identifier, (*users, adviser))),
    }
    for statement in (
        "GRANT USAGE, CREATE ON SCHEMA public TO {owner}",
        "GRANT USAGE ON SCHEMA public TO {all}",
        "SET LOCAL ROLE {owner}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
    for privilege in default_privileges(users):
        connection.execute(privilege)
