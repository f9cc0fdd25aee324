"""`moniqo/schema.sql` is what the migrations make, whoever the roles are, and is passed over when it is stale."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from kit.embedded import schema
from kit.roles import adviser_of, create_roles
from tests.conftest import WORKER

ROOT = Path(__file__).resolve().parents[2]
DATABASE = f"schema_{WORKER}"
ADVICE = "run `make schema`"


@pytest.fixture
def addresses() -> Iterator[dict[str, str]]:
    """An empty database whose three roles have names of their own."""
    admin = os.environ["MONIQO_TEST_ADMIN_URL"]
    place = urlsplit(admin).netloc.rpartition("@")[2]
    names = {kind: f"{kind}-of {DATABASE}" for kind in ("owner", "app", "system")}
    found = {
        f"{kind}_url": f"postgresql://{name.replace(' ', '%20')}:secret@{place}/{DATABASE}"
        for kind, name in names.items()
    }
    create_roles(admin, **found)
    yield found
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        for name in (*names.values(), adviser_of(names["app"])):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_the_file_stands_for_the_migrations_that_there_are() -> None:
    text = schema.FILE.read_text()
    assert schema.is_true(text), f"a migration that the file names was changed or removed: {ADVICE}"
    named = {(app, name) for app, name, _ in schema.named(text)}
    assert named == set(MigrationLoader(None).disk_migrations or {}), f"migrations came or went: {ADVICE}"


@pytest.mark.slow
def test_the_file_is_what_a_replay_of_all_migrations_makes() -> None:
    assert schema.replayed() == schema.FILE.read_text(), ADVICE


def test_loading_it_makes_all_of_it_and_once(addresses: dict[str, str]) -> None:
    assert not schema.is_current(addresses["owner_url"])
    assert schema.load(**addresses)
    assert schema.is_current(addresses["owner_url"])
    admin = urlsplit(os.environ["MONIQO_TEST_ADMIN_URL"])._replace(path=f"/{DATABASE}").geturl()
    loaded = schema.dumped(admin)
    for kind in ("app", "system"):
        loaded = loaded.replace(f'"{kind}-of {DATABASE}"', f"moniqo_{kind}")
    loaded = loaded.replace(f'"{adviser_of(f"app-of {DATABASE}")}"', "moniqo_adviser")
    assert loaded == schema.FILE.read_text()
    assert not schema.load(**addresses), "a database that is not empty is never touched"


def test_roles_of_other_names_get_the_same_privileges(addresses: dict[str, str]) -> None:
    schema.load(**addresses)
    with psycopg.connect(addresses["app_url"], autocommit=True) as connection:
        connection.execute("SELECT FROM wallets_transfer")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM wallets_transfer")
        connection.execute("SELECT FROM users_user")
    with psycopg.connect(addresses["owner_url"]) as connection:
        connection.execute("CREATE TABLE later (id int)")
    with psycopg.connect(addresses["app_url"]) as connection:
        connection.execute("INSERT INTO later VALUES (1)")


def test_a_stale_file_is_passed_over(addresses: dict[str, str], tmp_path: Path) -> None:
    stale = tmp_path / "schema.sql"
    lines = schema.FILE.read_text().splitlines(keepends=True)
    line = next(line for line in lines if line.startswith("-- migration wallets 0001"))
    changed = f"{line.rpartition(' ')[0]} {'0' * 16}\n"
    stale.write_text("".join(lines).replace(line, changed))
    assert not schema.load(**addresses, file=stale)
    assert not schema.load(**addresses, file=tmp_path / "missing.sql")
    with psycopg.connect(addresses["owner_url"]) as connection:
        assert schema.is_empty(connection)


def test_migrate_loads_it(addresses: dict[str, str]) -> None:
    environment = os.environ | {
        "DATABASE_URL": addresses["app_url"],
        "DATABASE_OWNER_URL": addresses["owner_url"],
        "DATABASE_SYSTEM_URL": addresses["system_url"],
    }
    command = [sys.executable, "-W", "ignore", "manage.py", "migrate", "--no-input"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "No migrations to apply." in result.stdout
    assert schema.is_current(addresses["owner_url"])
