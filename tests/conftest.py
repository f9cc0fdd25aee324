"""The cast and the stage.

The stage: every worker has a database of its own, cloned from one migrated template. Most tests run inside a
transaction that is rolled back (`db`); tests of commits, crashes and concurrency take `live_db`, a fresh clone.
The cast: an owner, another owner who must never see the first one's things, and an operator.
"""

import fcntl
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from psycopg import sql

from kit import impatient, tenancy
from kit.embedded import schema
from kit.embedded.environment import DATABASE_VARIABLES
from kit.users.models import User
from tests.services import TEMPLATE
from tests.simulators.server import Exchanges, Server

ALIASES = ("default", "owner", "system")
# What the hash of a session costs a request in the transaction of a test, beside the person whom it is read with.
OF_THE_SESSION = 1
T = TypeVar("T")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")


def admin(statement: str, *names: str) -> None:
    """Run it as the administrator of the test servers, with names of databases and roles for its braces."""
    with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def use_database(database: str) -> None:
    """Ask that database from now on, whatever the role."""
    for alias in ALIASES:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = database


def address(variable: str, database: str) -> str:
    """The address in the environment variable, of another database."""
    return urlsplit(os.environ[variable])._replace(path=f"/{database}").geturl()


@contextmanager
def first_of_the_run(name: str) -> Iterator[Path | None]:
    """The file to make inside the block, for whichever worker comes first; for all others nothing, once it is there."""
    root = Path(os.environ["MONIQO_TEST_ROOT"])
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield None if (root / name).exists() else root / name


def _make_template() -> None:
    """Fill the template; migrations that `schema.sql` lacks run after it."""
    with first_of_the_run("template") as done:
        if done is not None:
            admin("ALTER DATABASE {} RENAME TO {}", "moniqo", TEMPLATE)
            admin("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", "moniqo_system", "moniqo_app")  # `as_operators`
            app, owner, system = (address(name, TEMPLATE) for name in DATABASE_VARIABLES)
            schema.load(owner_url=owner, app_url=app, system_url=system)
            if not schema.is_current(owner):
                use_database(TEMPLATE)
                call_command("migrate", database="owner", verbosity=0)
                use_database("postgres")
            done.touch()


@contextmanager
def cloned_database(name: str, template: str = TEMPLATE) -> Iterator[str]:
    """A copy of the template, in use inside the block and dropped after it."""
    before = connections["default"].settings_dict["NAME"]
    admin("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY", name, template, "moniqo_owner")
    use_database(name)
    try:
        yield name
    finally:
        use_database(before)
        admin("DROP DATABASE {} WITH (FORCE)", name)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Import the tests from another one on than the other workers of a whole run, before all collect from the first on:
    in a fresh clone what one has compiled is there for the others, which else compile everything in step with it."""
    tests = Path(__file__).parent
    if "PYTEST_XDIST_WORKER" in os.environ and [Path(one).resolve() for one in session.config.args] == [tests]:
        modules = sorted(tests.rglob("test_*.py"))
        first = len(modules) * int(WORKER.removeprefix("gw")) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        for path in modules[first:] if first else ():
            with suppress(Exception, pytest.skip.Exception):  # what is wrong with one its collection tells
                import_module(".".join(path.relative_to(tests.parent).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector of garbage need not look at it after every few objects of a test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: a good part of the time a test waits, for a page, a price, or a process to start."""
    return (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["tests.hashers.CheapArgon2"]
    settings.MIDDLEWARE = ["tests.documented.only_documented", *settings.MIDDLEWARE]


@pytest.fixture(autouse=True)
def _nobody_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test found away, the next may ask."""
    monkeypatch.setattr(impatient, "_away_until", 0.0)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Replaces pytest-django's: the database comes from the template, with the three real roles."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        _make_template()
        with cloned_database(f"moniqo_{WORKER}"):
            yield


@pytest.fixture
def live_db(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own, where commits are real and several connections may meet. Yields its name."""
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        cloned_database(f"moniqo_{WORKER}_{uuid4().hex[:8]}") as name,
    ):
        yield name


@pytest.fixture
def lived_db(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Any]:
    """The same with a fund that has a past in it. Yields its `World`."""
    from tests.world import lived_database

    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        lived_database(f"moniqo_{WORKER}_{uuid4().hex[:8]}") as world,
    ):
        yield world


@contextmanager
def made_once(blocker: Any, make: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """What takes long to make, for all tests of a module: each changes it in a part of the transaction that is undone.

    Yields what hands out copies of what `make` returns. For fixtures of scope module, which also take
    `django_db_setup`; tests of such a module take no `live_db`.
    """
    everything = transaction.atomic()
    with blocker.unblock():
        everything.__enter__()
        made = make()
    yield lambda: deepcopy(made)
    with blocker.unblock():
        transaction.set_rollback(True)
        everything.__exit__(None, None, None)


@pytest.fixture(scope="session")
def _exchange_server() -> Iterator[Exchanges]:
    """One server for all tests of this worker: starting it costs nothing, but every test would load markets anew."""
    import ccxt  # noqa: F401  # seconds that no order's time shall pay for

    with Server(Exchanges()) as server:
        yield server.exchanges


@pytest.fixture
def exchanges(_exchange_server: Exchanges, monkeypatch: pytest.MonkeyPatch) -> Exchanges:
    """Simulated exchanges without money, orders or faults, and every session of ccxt pointed at them."""
    _exchange_server.reset()
    monkeypatch.setattr(settings, "CCXT_BASE_URL", _exchange_server.url)
    return _exchange_server


@contextmanager
def as_operators() -> Iterator[None]:
    """What only the system role may do, in the transaction that the test is in: our code never changes role."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SET ROLE moniqo_system")
        yield
        cursor.execute("RESET ROLE")


def make_user(email: str, **fields: object) -> User:
    """A user who signs in with the password `password of <email>`."""
    with as_operators():
        return User.objects.create_user(email, f"password of {email}", **fields)


@pytest.fixture
def owner(request: pytest.FixtureRequest) -> User:
    """The trader whose money it is. Uses `live_db` when the test does, else a rolled-back transaction."""
    return _user(request, "owner@example.com", name="Olive Owner")


@pytest.fixture
def other_owner(request: pytest.FixtureRequest) -> User:
    """Somebody else, who must never see or change what is the owner's."""
    return _user(request, "other@example.com", name="Otto Other")


@pytest.fixture
def operator(request: pytest.FixtureRequest) -> User:
    """Staff: works in the admin."""
    return _user(request, "operator@example.com", is_staff=True, is_superuser=True)


def _user(request: pytest.FixtureRequest, email: str, **fields: object) -> User:
    if not {"live_db", "lived_db"} & set(request.fixturenames):
        request.getfixturevalue("db")
    return make_user(email, **fields)


@pytest.fixture
def as_owner(owner: User) -> Iterator[User]:
    """The owner, with the whole test running as them."""
    with tenancy.tenant(owner.pk):
        yield owner
