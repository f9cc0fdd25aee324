"""The embedded PostgreSQL: there in a second, closed to strangers, and nothing is lost."""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from kit.embedded.postgres import Postgres
from kit.embedded.process import ServiceError
from tests.kit.embedded.conftest import eventually, temporary_directory


@contextmanager
def running(directory: Path) -> Iterator[Postgres]:
    server = Postgres(directory / "postgres", fsync=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres(directory: Path) -> Iterator[Postgres]:
    with running(directory) as server:
        yield server


@pytest.fixture(scope="module")
def looked_at() -> Iterator[Postgres]:
    """One for all tests that leave it as it is."""
    with temporary_directory() as directory, running(directory) as server:
        yield server


def query(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
    assert row
    return row[0]


def test_the_app_role_is_bound_by_row_level_security_and_the_system_role_is_not(looked_at: Postgres) -> None:
    statement = "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    attributes = {}
    for role in ("moniqo_owner", "moniqo_app", "moniqo_system"):
        with psycopg.connect(looked_at.url(role)) as connection:
            attributes[role] = connection.execute(statement).fetchone()
    assert attributes == {
        "moniqo_owner": (False, False, False, False),
        "moniqo_app": (False, False, False, False),
        "moniqo_system": (False, True, False, False),
    }


def test_a_wrong_password_does_not_open_the_database(looked_at: Postgres) -> None:
    password = looked_at.url("moniqo_app").split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(looked_at.url("moniqo_app").replace(password, "guessed"))


def test_passwords_are_readable_by_their_owner_only(looked_at: Postgres) -> None:
    assert stat.S_IMODE((looked_at.directory / "passwords.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(looked_at.log.stat().st_mode) == 0o600


def test_the_server_sorts_by_code_point_and_lives_in_utc(looked_at: Postgres) -> None:
    assert query(looked_at.url("moniqo_app"), "SHOW timezone") == "UTC"
    assert query(looked_at.url("moniqo_app"), "SHOW server_encoding") == "UTF8"
    assert query(looked_at.url("moniqo_app"), "SELECT 'Z' < 'a'") is True


def test_a_second_start_finds_what_was_written(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url("moniqo_owner")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop()
    assert postgres.pid is None
    postgres.start()
    assert query(postgres.url("moniqo_app"), "SELECT answer FROM kept") == 42


def test_committed_rows_survive_a_kill(directory: Path) -> None:
    postgres = Postgres(directory / "postgres")  # with fsync: this is what users run
    postgres.start()
    with psycopg.connect(postgres.url("moniqo_owner")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    eventually(postgres.has_failed, "the killed server is noticed")
    postgres.start()
    assert query(postgres.url("moniqo_app"), "SELECT answer FROM kept") == 42
    postgres.stop()


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(postgres: Postgres) -> None:
    """After a container restart the number in the file may belong to anybody, for example to us."""
    postgres.stop()
    assert postgres.place is not None
    (postgres.place.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.place.data}\n")
    postgres.start()
    assert query(postgres.url("moniqo_app"), "SELECT 1") == 1


def test_an_initialisation_that_was_killed_half_way_is_done_again(directory: Path) -> None:
    half = directory / "postgres" / "data" / "base"
    half.mkdir(parents=True)
    (half.parent / "postgresql.conf").write_text("half of a")
    postgres = Postgres(directory / "postgres", fsync=False)
    postgres.start()
    assert query(postgres.url("moniqo_app"), "SELECT 1") == 1
    postgres.stop()


def test_a_cluster_without_its_passwords_is_named_and_left_alone(postgres: Postgres) -> None:
    postgres.stop()
    (postgres.directory / "passwords.json").unlink()
    with pytest.raises(ServiceError, match=r"restore .*passwords\.json, or delete the database"):
        postgres.start()
    assert postgres.place is not None
    assert (postgres.place.data / "PG_VERSION").exists()


def test_a_server_that_cannot_start_says_where_the_reason_is(postgres: Postgres) -> None:
    postgres.stop()
    assert postgres.place is not None
    (postgres.place.data / "postgresql.conf").write_text("nonsense = yes\n")
    with pytest.raises(ServiceError, match=r"postgres\.log"):
        postgres.start()
    assert postgres.pid is None
    assert "nonsense" in postgres.log.read_text()
