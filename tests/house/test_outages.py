"""PostgreSQL and Redis may restart under a running site without anybody seeing an error page."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.test import Client

from kit import tenancy
from kit.embedded.process import free_port
from kit.embedded.redis import Redis
from kit.users.models import User
from wallets.venues.accounts import create_demo_connection

VISITORS = 12
START_SECONDS = 60.0
DATABASE_VARIABLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL")


@dataclass
class Site:
    """A web process on the test's own database and a Redis of its own."""

    url: str
    database: str
    redis: Redis
    cookies: dict[str, str]

    def status(self, path: str, form: dict[str, str] | None = None) -> int:
        """What one request of the signed-in owner is answered with."""
        request = urllib.request.Request(  # noqa: S310 - our own process on loopback
            f"{self.url}{path}",
            headers={"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())},
            data=None if form is None else urlencode(form).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return int(answer.status)
        except HTTPError as error:
            return error.code

    def crowd(self, path: str, form: dict[str, str] | None = None) -> set[int]:
        """The answers to `VISITORS` requests at the same time."""
        with ThreadPoolExecutor(VISITORS) as visitors:
            return set(visitors.map(lambda _: self.status(path, form), range(VISITORS)))

    def end_backends(self) -> int:
        """What a restart of PostgreSQL does to every open connection; returns how many there were."""
        with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], autocommit=True) as connection:
            rows = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.database]
            )
            return len(rows.fetchall())


@contextmanager
def web_process(environment: dict[str, str], log: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "moniqo.asgi:application"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
            except URLError:
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            else:
                break
        yield
    finally:
        process.terminate()
        process.wait(timeout=15)


@pytest.fixture
def site(live_db: str, owner: User, tmp_path: Path) -> Iterator[Site]:
    redis = Redis(tmp_path / "redis", persistent=False)
    redis.start()
    port = free_port()
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/wallets/connections/")
    addresses = {
        name: urlunsplit(urlsplit(os.environ[name])._replace(path=f"/{live_db}")) for name in DATABASE_VARIABLES
    }
    environment = addresses | {"REDIS_URL": redis.url(), "MONIQO_DEBUG": "0"}
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    try:
        with web_process(environment, tmp_path / "web.log", port):
            yield Site(f"http://127.0.0.1:{port}", live_db, redis, cookies)
    finally:
        redis.stop()


@pytest.mark.slow
def test_after_a_restart_of_the_database_every_page_answers_at_once(site: Site) -> None:
    assert site.crowd("/wallets/connections/") == {200}
    assert site.end_backends() > 1, "several connections wait in the pool"
    assert site.crowd("/wallets/connections/") == {200}


@pytest.mark.slow
def test_after_a_restart_of_redis_syncs_are_asked_for_at_once(site: Site, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        connection = create_demo_connection(owner_id=owner.pk)
    path = f"/wallets/connections/{connection.pk}/syncs/"
    form = {"csrfmiddlewaretoken": site.cookies["csrftoken"]}
    assert site.crowd(path, form) == {200}
    site.redis.stop()
    site.redis.start()
    assert site.crowd(path, form) == {200}
