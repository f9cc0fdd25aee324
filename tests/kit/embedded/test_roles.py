"""One place makes roles and database, for laptops and servers alike."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from kit.roles import DatabaseRolesError, adviser_of, create_roles

NAMES = ("roles_owner", "roles_app", "roles_system")
DATABASE = f"roles_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"


@pytest.fixture
def urls() -> Iterator[dict[str, str]]:
    """Addresses of roles and a database that do not exist yet, on the server the other tests use."""
    admin = os.environ["MONIQO_TEST_ADMIN_URL"]
    names = [f"{name}_{DATABASE}" for name in NAMES]
    place = urlsplit(admin).netloc.rpartition("@")[2]
    owner, app, system = (f"postgresql://{name}:first-password@{place}/{DATABASE}" for name in names)
    yield {"admin_url": admin, "owner_url": owner, "app_url": app, "system_url": system}
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        for name in (*names, adviser_of(names[1])):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def test_tables_of_the_owner_are_open_to_app_and_system_but_not_for_truncation(urls: dict[str, str]) -> None:
    create_roles(**urls)
    with psycopg.connect(urls["owner_url"]) as connection:
        connection.execute("CREATE TABLE notes (id serial PRIMARY KEY, words text)")
    for role in ("app_url", "system_url"):
        with psycopg.connect(urls[role], autocommit=True) as connection:
            connection.execute("INSERT INTO notes (words) VALUES ('kept')")
            connection.execute("UPDATE notes SET words = 'changed'")
            for forbidden in ("TRUNCATE notes", "DROP TABLE notes", "CREATE TABLE mine (id int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)


def test_the_app_becomes_the_adviser_and_has_nothing_of_it_as_itself(urls: dict[str, str]) -> None:
    create_roles(**urls)
    app = str(urlsplit(urls["app_url"]).username)
    adviser = adviser_of(app)
    with psycopg.connect(urls["owner_url"]) as connection:
        connection.execute("CREATE TABLE said (words text)")
        connection.execute(sql.SQL("REVOKE ALL ON said FROM {}").format(sql.Identifier(app)))
        connection.execute(sql.SQL("GRANT INSERT ON said TO {}").format(sql.Identifier(adviser)))
        connection.execute("CREATE TABLE notes (words text)")
    with psycopg.connect(urls["app_url"], autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO said VALUES ('by the app')")
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(adviser)))
        connection.execute("INSERT INTO said VALUES ('by the adviser')")
        for refused in ("SELECT FROM notes", "INSERT INTO notes VALUES ('')", "DELETE FROM said"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
    with pytest.raises(psycopg.OperationalError):  # it logs in nowhere
        psycopg.connect(urls["app_url"].replace(f"//{app}:", f"//{adviser}:"))


def test_running_again_changes_nothing_but_the_password(urls: dict[str, str]) -> None:
    create_roles(**urls)
    changed = {name: url.replace("first-password", "second-password") for name, url in urls.items()}
    create_roles(**changed)
    psycopg.connect(changed["app_url"]).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(urls["app_url"])


def test_three_addresses_of_one_role_are_refused(urls: dict[str, str]) -> None:
    with pytest.raises(DatabaseRolesError, match="three different roles"):
        create_roles(**{**urls, "app_url": urls["owner_url"]})


def test_addresses_of_different_databases_are_refused(urls: dict[str, str]) -> None:
    with pytest.raises(DatabaseRolesError, match="one database"):
        create_roles(**{**urls, "app_url": urls["app_url"] + "_other"})


def test_a_superuser_is_refused_as_app_role(urls: dict[str, str]) -> None:
    admin = urlsplit(urls["admin_url"])
    as_admin = urls["app_url"].replace(urlsplit(urls["app_url"]).netloc, admin.netloc)
    with pytest.raises(DatabaseRolesError, match="superuser"):
        create_roles(**{**urls, "app_url": as_admin})


def test_an_address_without_password_is_refused_with_an_example(urls: dict[str, str]) -> None:
    with pytest.raises(DatabaseRolesError, match="postgresql://role:password@host"):
        create_roles(**{**urls, "app_url": "postgresql://127.0.0.1/moniqo"})


def test_an_administrator_who_is_none_is_told_so(urls: dict[str, str]) -> None:
    create_roles(**urls)
    with pytest.raises(DatabaseRolesError, match="administrator's address"):
        create_roles(**{**urls, "admin_url": urls["app_url"]})
