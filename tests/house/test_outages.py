"""PostgreSQL and Redis may restart, hang or be away under a running site, and a crowd may come: nobody sees a 500."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.test import Client
from kombu.exceptions import OperationalError

from kit import impatient, tenancy
from kit.embedded import probe
from kit.embedded.process import free_port
from kit.embedded.redis import Redis
from kit.live import publish as publish_module
from kit.users.models import User
from moniqo.celery import App
from tests.conftest import make_user
from wallets.venues.accounts import create_demo_connection

VISITORS = 12
BROWSERS, STREAMS = 200, 500
STREAMS_OF_ONE, STREAMS_OF_A_SESSION = 56, 7
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
        return self.ask(path, form)[0]

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, Message, str]:
        """The same with headers and page."""
        request = urllib.request.Request(  # noqa: S310 - our own process on loopback
            f"{self.url}{path}",
            headers={"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())},
            data=None if form is None else urlencode(form).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server on loopback
                return int(answer.status), answer.headers, answer.read().decode()
        except HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def crowd(self, path: str, form: dict[str, str] | None = None, *, visitors: int = VISITORS) -> set[int]:
        """The answers to as many requests at the same time."""
        with ThreadPoolExecutor(visitors) as crowd:
            return set(crowd.map(lambda _: self.status(path, form), range(visitors)))

    @contextmanager
    def database_away(self) -> Iterator[None]:
        """Let nobody connect, as while PostgreSQL is down."""
        with psycopg.connect(os.environ["MONIQO_TEST_ADMIN_URL"], autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{self.database}" ALLOW_CONNECTIONS false'.encode())
            self.end_backends()
            try:
                yield
            finally:
                connection.execute(f'ALTER DATABASE "{self.database}" ALLOW_CONNECTIONS true'.encode())

    def streams(self, count: int) -> list[socket.socket]:
        """Open live streams that have begun, of as many people and sessions as may have so many."""
        parts, opened = urlsplit(self.url), []
        for number in range(0, count, STREAMS_OF_ONE):
            user, client = make_user(f"visitor-{number}@example.com"), Client()
            for opens in range(number, min(number + STREAMS_OF_ONE, count)):
                if opens % STREAMS_OF_A_SESSION == 0:
                    client = Client()
                    client.force_login(user)
                line = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60)
                cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
                asked = f"GET /live HTTP/1.1\r\nHost: {parts.netloc}\r\nCookie: sessionid={cookie}\r\n\r\n"
                line.sendall(asked.encode())
                opened.append(line)
        for line in opened:
            assert b" 200 " in line.recv(4096).split(b"\r\n", 1)[0]
        return opened

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
            except OSError:
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
    client.force_login(owner)
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


@pytest.fixture
def standing_still(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that takes every call and says nothing."""
    redis = Redis(tmp_path / "redis", persistent=False)
    redis.start()
    os.kill(redis.pid or 0, signal.SIGSTOP)
    yield redis
    os.kill(redis.pid or 0, signal.SIGCONT)
    redis.stop()


def test_a_redis_that_hangs_costs_a_request_a_second_once(standing_still: Redis, settings: Any) -> None:
    """What a request sends is a live event and a task, by the options that the web process has."""
    settings.REDIS_URL = standing_still.url()
    app = App("of the web process", broker=standing_still.url(), set_as_current=False)
    timeouts = {"socket_timeout": impatient.SECONDS, "socket_connect_timeout": impatient.SECONDS}
    app.conf.broker_transport_options = timeouts
    app.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}

    def send() -> float:
        began = time.monotonic()
        with pytest.raises(OperationalError):
            app.send_task("trading.tasks.execute_order")
        return time.monotonic() - began

    assert 0.1 < send() < 2
    began = time.monotonic()
    for _ in range(20):
        send()
        publish_module._send_to_all("prices", b"{}")
    assert time.monotonic() - began < 0.5, "after the first failure nobody asks for a while"


def test_events_that_redis_does_not_take_are_given_up_soon(standing_still: Redis, settings: Any) -> None:
    settings.REDIS_URL = standing_still.url()
    began = time.monotonic()
    for _ in range(20):
        publish_module._send(uuid4(), "orders", b"{}")
    assert 0.1 < time.monotonic() - began < 2


def test_the_web_process_has_these_options() -> None:
    script = (
        "import moniqo.asgi, json; from django.conf import settings as s;"
        "print(json.dumps([s.CELERY_BROKER_TRANSPORT_OPTIONS, s.CELERY_TASK_PUBLISH_RETRY_POLICY['max_retries'],"
        "s.CACHES['default']['OPTIONS']['socket_timeout']]))"
    )
    found = subprocess.check_output([sys.executable, "-W", "ignore", "-c", script], cwd=settings.BASE_DIR, text=True)
    wanted = {"socket_timeout": impatient.SECONDS, "socket_connect_timeout": impatient.SECONDS}
    assert json.loads(found) == [wanted, 1, impatient.SECONDS]


@pytest.mark.slow
def test_while_redis_hangs_requests_take_two_seconds_at_most(site: Site, owner: User) -> None:
    with tenancy.tenant(owner.pk):
        connection = create_demo_connection(owner_id=owner.pk)
    path = f"/wallets/connections/{connection.pk}/syncs/"
    form = {"csrfmiddlewaretoken": site.cookies["csrftoken"]}
    assert site.status(path, form) == 200
    os.kill(site.redis.pid or 0, signal.SIGSTOP)
    try:
        for asked in ((path, form), ("/wallets/connections/", None), (path, form), ("/healthz", None)):
            began = time.monotonic()
            assert site.status(*asked) == 200
            assert time.monotonic() - began < 2, asked
    finally:
        os.kill(site.redis.pid or 0, signal.SIGCONT)


@pytest.mark.slow
def test_while_the_database_is_away_a_page_says_so_and_comes_back_with_it(site: Site) -> None:
    assert site.crowd("/wallets/connections/") == {200}
    with site.database_away():
        for path in ("/wallets/connections/", "/", "/api/v1/orders"):
            began = time.monotonic()
            status, headers, page = site.ask(path)
            assert (status, headers["Retry-After"]) == (503, "5"), page[:300]
            assert time.monotonic() - began < 8
        assert "Back in a moment" in site.ask("/wallets/")[2]
        assert site.crowd("/wallets/connections/") == {503}
        assert probe.get(f"{site.url}/healthz") == (200, "ok")
    began = time.monotonic()
    while site.status("/wallets/connections/") != 200:
        assert time.monotonic() - began < 15, "it comes back by itself"
    assert site.crowd("/wallets/connections/") == {200}


@pytest.mark.slow
def test_a_crowd_gets_late_answers_or_503_and_no_stream_ends(site: Site) -> None:
    streams = site.streams(STREAMS)
    try:
        answers = site.crowd("/wallets/connections/", visitors=BROWSERS)
        assert answers <= {200, 503}
        assert 200 in answers
        assert site.status("/wallets/connections/") == 200
        for line in streams:
            line.setblocking(False)
            with suppress(BlockingIOError):
                assert line.recv(65536), "the stream ended"
    finally:
        for line in streams:
            line.close()
