"""A backup is everything, and a database restored from it proves the same books, with the same guards around them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import ProgrammingError, connections
from psycopg import sql

from goals import services as goals
from goals.models import GoalTotal
from kit import clock, tenancy
from kit.embedded import schema
from kit.embedded.environment import DATABASE_VARIABLES
from kit.embedded.process import ServiceError
from kit.embedded.programs import run_program
from kit.roles import create_roles
from kit.users.models import User
from portfolio.services import take_snapshots
from tests.conftest import address, use_database
from tests.trading.desk import make_desk, set_price
from trading.models import Fill, Position

ROOT = Path(__file__).resolve().parents[2]
# PostgreSQL moves casts and brackets of a condition when it reads it the first time.
WRITTEN_OTHERWISE = re.compile(r"::(text|character varying)(\[\])?|[()]")
A_MONTH = timedelta(days=31)
# Of every table; which transaction wrote a row is another matter on another server.
ROWS = """
SELECT count(*), md5(string_agg(line, ',' ORDER BY line))
FROM (SELECT (to_jsonb(t) - ARRAY['written', 'closed_in', 'read_to'])::text AS line FROM {} t) AS lines
"""


def admin(database: str) -> str:
    return address("MONIQO_TEST_ADMIN_URL", database)


def manage(database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as production runs it: three addresses, and nothing embedded."""
    places = {name: address(name, database) for name in DATABASE_VARIABLES}
    production = {"MONIQO_ENV": "production", "MONIQO_ALLOWED_HOSTS": "localhost"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | places | production,
        capture_output=True,
        text=True,
        check=False,
    )


def contents(database: str) -> dict[str, Any]:
    """The rows of every table, and the whole structure with its privileges, policies and triggers."""
    with psycopg.connect(admin(database)) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
        rows = {name: connection.execute(sql.SQL(ROWS).format(sql.Identifier(name))).fetchone() for (name,) in tables}
    structure = run_program("pg_dump", admin(database), "--schema-only", "--no-owner")
    lines = (line for line in structure.splitlines() if not line.startswith(("\\", "--")))
    return {"rows": rows, "structure": sorted(WRITTEN_OTHERWISE.sub("", line) for line in lines)}


def assert_same(found: dict[str, Any], before: dict[str, Any]) -> None:
    assert found["rows"] == before["rows"]
    assert set(found["structure"]) ^ set(before["structure"]) == set()


def proof(database: str) -> dict[str, Any]:
    result = manage(database, "verify", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    del report["checked_at"]
    return report


@pytest.fixture
def fund(live_db: str, owner: User, other_owner: User) -> str:
    """A database in which two people trade, with snapshots in two months."""
    for person in (owner, other_owner):
        desk = make_desk(person)
        desk.trade("buy", "2", reason="Ünïcode, 'quotes' and\\backslashes")
        set_price(desk.instrument, "118.40")
        desk.trade("sell", "1.5")
        desk.place("buy", "0.5")
        with tenancy.tenant(person.pk):
            take_snapshots(owner_id=person.pk, at=clock.now() - A_MONTH)
            take_snapshots(owner_id=person.pk, at=clock.now())
    return live_db


@pytest.fixture
def empty() -> Iterator[str]:
    """A database as `create_roles` leaves it."""
    name = f"restored_{uuid4().hex[:8]}"
    app, owner, system = (address(variable, name) for variable in DATABASE_VARIABLES)
    create_roles(os.environ["MONIQO_TEST_ADMIN_URL"], owner_url=owner, app_url=app, system_url=system)
    yield name
    with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.slow
def test_a_restored_database_proves_the_same_books(fund: str, empty: str, tmp_path: Path) -> None:
    file = tmp_path / "moniqo.dump"
    written = manage(fund, "backup", str(file))
    assert written.returncode == 0, written.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["moniqo.dump"], "nothing half written stays behind"
    before = contents(fund)
    assert before["rows"]["wallets_transfer"][0] > 10
    assert sum(name.startswith("portfolio_snapshot_") and found[0] > 0 for name, found in before["rows"].items()) == 2

    restored = manage(empty, "restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert_same(contents(empty), before)
    assert proof(empty) == proof(fund)

    # What comes after behaves as before: the app's role is bound, and tables of later migrations are open to it.
    with psycopg.connect(address("DATABASE_URL", empty), autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM wallets_wallet").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM wallets_transfer")
    with psycopg.connect(address("DATABASE_OWNER_URL", empty)) as connection:
        connection.execute("CREATE TABLE later (id int)")
    with psycopg.connect(address("DATABASE_URL", empty)) as connection:
        connection.execute("INSERT INTO later VALUES (1)")


def test_what_is_written_after_a_restore_is_read_once_and_what_was_before_is_old(
    live_db: str, owner: User, empty: str, tmp_path: Path
) -> None:
    """The backup comes from a server that has counted further than this one, as old servers have."""
    desk = make_desk(owner)
    desk.trade("buy", "2")
    desk.trade("sell", "2")
    desk.trade("buy", "1")
    with psycopg.connect(address("DATABASE_OWNER_URL", live_db)) as connection:
        for column in ("trading_fill ALTER written", "trading_position ALTER closed_in"):
            name = column.rpartition(" ")[2]
            connection.execute(
                f"ALTER TABLE {column} TYPE xid8 USING CASE WHEN {name} IS NOT NULL THEN '999999999999'::xid8 END"
            )
    file = tmp_path / "moniqo.dump"
    assert manage(live_db, "backup", str(file)).returncode == 0
    assert manage(empty, "restore", str(file)).returncode == 0

    with used(empty):
        seen, end = read(owner, since=0)
        assert seen == {"fills": [1, 2, 2], "trades": 1}
        desk.trade("sell", "0.25")
        seen, end = read(owner, since=end)
        assert seen == {"fills": [Decimal("0.25")], "trades": 0}
        desk.trade("sell", "0.75")
        seen, end = read(owner, since=end)
        assert seen == {"fills": [Decimal("0.75")], "trades": 1}
        assert read(owner, since=end)[0] == {"fills": [], "trades": 0}
        with tenancy.tenant(owner.pk), pytest.raises(ProgrammingError, match="must be owner"):
            Fill.objects.extra(where=["trading_cursors_begin_anew() IS NULL"]).exists()


@pytest.mark.slow
def test_goals_count_what_comes_after_a_restore_once_and_keep_what_they_had_counted(
    live_db: str, owner: User, empty: str, tmp_path: Path
) -> None:
    desk = make_desk(owner)
    with tenancy.tenant(owner.pk):
        goal = goals.create(owner_id=owner.pk, name="Three", kind="trade_volume", target=3, scope="fund")
    desk.trade("buy", "2")
    desk.trade("sell", "2")
    with tenancy.tenant(owner.pk):
        goals.update(owner_id=owner.pk)
    file = tmp_path / "moniqo.dump"
    assert manage(live_db, "backup", str(file)).returncode == 0
    assert manage(empty, "restore", str(file)).returncode == 0

    with used(empty):
        for expected in (1, 2):
            with tenancy.tenant(owner.pk):
                for _ in range(2):
                    goals.update(owner_id=owner.pk)
                assert GoalTotal.objects.get(goal=goal).trades == expected
            desk.trade("buy", "1")
            desk.trade("sell", "1")


@contextmanager
def used(database: str) -> Iterator[None]:
    """Everything in the block is asked of that database."""
    before = connections["default"].settings_dict["NAME"]
    use_database(database)
    try:
        yield
    finally:
        use_database(before)


def read(owner: User, *, since: int) -> tuple[dict[str, Any], int]:
    """What a cursor finds from there on, and where it stands then."""
    with tenancy.tenant(owner.pk):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT oldest_running()")
            end = int(cursor.fetchone()[0])
        fills = Fill.objects.filter(written__gte=since, written__lt=end)
        trades = Position.objects.filter(closed_at__isnull=False, closed_in__gte=since, closed_in__lt=end)
        return {"fills": sorted(fill.quantity for fill in fills), "trades": trades.count()}, end


@pytest.mark.slow
def test_what_is_there_is_given_up_only_when_told(fund: str, empty: str, tmp_path: Path) -> None:
    file = tmp_path / "moniqo.dump"
    assert manage(fund, "backup", str(file)).returncode == 0
    before = contents(fund)
    with psycopg.connect(address("DATABASE_OWNER_URL", empty)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 42 AS answer")

    refused = manage(empty, "restore", str(file))
    assert refused.returncode == 1
    assert refused.stderr.startswith("moniqo: The database is not empty: restore into an empty one, or add --replace")

    damaged = tmp_path / "damaged.dump"
    damaged.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])
    failed = manage(empty, "restore", str(damaged), "--replace")
    assert failed.returncode == 1
    assert "pg_restore failed" in failed.stderr
    with psycopg.connect(address("DATABASE_OWNER_URL", empty)) as connection:
        assert connection.execute("SELECT answer FROM mine").fetchone() == (42,), "a failed restore changes nothing"
        busy = manage(empty, "restore", str(file), "--replace")
        assert busy.returncode == 1
        assert "1 other connections use the database" in busy.stderr

    done = manage(empty, "restore", str(file), "--replace")
    assert done.returncode == 0, done.stderr
    assert_same(contents(empty), before)


@pytest.mark.parametrize("complete", [False, True], ids=["cut off before", "cut off after"])
def test_a_replacement_that_was_killed_is_tidied_up_by_whoever_comes_next(
    fund: str, empty: str, tmp_path: Path, complete: bool
) -> None:
    """The new schema is filled in one transaction: killed before its end there is none, after it there are two."""
    file = tmp_path / "moniqo.dump"
    with psycopg.connect(address("DATABASE_OWNER_URL", empty), autocommit=True) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 42 AS answer")
        connection.execute("ALTER SCHEMA public RENAME TO before_restore")
        connection.execute("CREATE SCHEMA public")
        if complete:
            connection.execute("CREATE TABLE restored AS SELECT 43 AS answer")
        schema.mend(connection)
        names = [name for (name,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ 'restore'")]
        assert names == []
        [kept] = connection.execute(f"SELECT answer FROM public.{'restored' if complete else 'mine'}")
        assert kept == (43 if complete else 42,)
    assert manage(fund, "backup", str(file)).returncode == 0
    assert manage(empty, "restore", str(file), "--replace").returncode == 0
    refused = manage(fund, "backup", str(tmp_path))
    assert (refused.returncode, "is a directory" in refused.stderr) == (1, True)


def test_pg_dump_itself_sees_everything_through_the_system_role_and_refuses_the_others(fund: str) -> None:
    text = run_program("pg_dump", address("DATABASE_SYSTEM_URL", fund), "--data-only", "--inserts")
    assert text.count("INSERT INTO public.wallets_transfer ") > 10
    assert text.count("INSERT INTO public.portfolio_snapshot_") > 10
    for variable in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        with pytest.raises(ServiceError, match=r"row-level security|permission denied"):
            run_program("pg_dump", address(variable, fund))


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_what_cannot_be_done_is_said_in_one_sentence(empty: str, tmp_path: Path, command: str) -> None:
    missing = manage(empty, command, str(tmp_path / "nowhere" / "moniqo.dump"))
    assert missing.returncode == 1
    assert missing.stderr.startswith("moniqo: There is no ")
    if command == "restore":
        (tmp_path / "letter").write_text("Dear sir")
        wrong = manage(empty, command, str(tmp_path / "letter"))
        assert wrong.returncode == 1
        assert wrong.stderr.startswith("moniqo: pg_restore failed: ")
    with psycopg.connect(address("DATABASE_OWNER_URL", empty)) as connection:
        assert schema.is_empty(connection)
