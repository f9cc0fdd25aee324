"""The web process as it is deployed, on loopback, with a database of its own, and what an attack costs it."""

import asyncio
import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import psutil

from kit.embedded.environment import DATABASE_VARIABLES, ROOT
from kit.embedded.process import LOOPBACK, free_port
from tests.conftest import address

START_SECONDS = 90.0
MEGABYTE = 2**20
LIMITS_OF_TESTS = {
    "MONIQO_SIGN_IN_LIMITS", "MONIQO_API_TOKEN_LIMIT", "MONIQO_API_ADDRESS_LIMIT", "MONIQO_WRITE_LIMIT",
    "MONIQO_COSTLY_LIMIT", "MONIQO_PAGE_LIMIT", "MONIQO_PAGE_ADDRESS_LIMIT",
}  # fmt: skip


@dataclass
class Answer:
    """What came back, and after how many seconds."""

    status: int
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Cost:
    """What an attack cost: the most memory, and the slowest answer of /healthz meanwhile."""

    megabytes: float = 0.0
    health_seconds: float = 0.0
    health_failures: int = 0


class Site:
    """One running web process."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port, self.process, self.log = port, process, log

    def get(self, path: str, *, timeout: float = 30.0, **headers: str) -> Answer:
        return self.ask("GET", path, timeout=timeout, **headers)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, timeout: float = 30.0, **headers: str
    ) -> Answer:
        """One request over a connection of its own; status 0 when there was no answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        started = time.perf_counter()
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=timeout)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            return Answer(0, time.perf_counter() - started)
        finally:
            connection.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, time.perf_counter() - started, found, text)

    def post_form(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        """Post as a browser does that has opened the page before."""
        cookies = SimpleCookie(self.get("/login/").headers.get("set-cookie", ""))
        token = cookies["csrftoken"].value
        body = urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        cookie = "; ".join(filter(None, (f"csrftoken={token}", headers.pop("Cookie", ""))))
        form = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        return self.ask("POST", path, body, timeout=60, **form, **headers)

    def megabytes(self) -> float:
        """Memory of the web process and its children; what several share is counted once."""
        total = 0
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            for process in (parent, *parent.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    total += process.memory_full_info().pss
        return total / MEGABYTE

    @contextmanager
    def watched(self) -> Iterator[Cost]:
        """Sample memory and /healthz while the block runs."""
        cost, over = Cost(), threading.Event()

        def sample() -> None:
            while not over.wait(0.02):
                cost.megabytes = max(cost.megabytes, self.megabytes())

        def visit() -> None:
            while not over.is_set():
                answer = self.get("/healthz", timeout=30)
                cost.health_seconds = max(cost.health_seconds, answer.seconds)
                cost.health_failures += answer.status != 200
                over.wait(0.1)

        threads = [threading.Thread(target=sample), threading.Thread(target=visit)]
        for thread in threads:
            thread.start()
        try:
            yield cost
        finally:
            over.set()
            for thread in threads:
                thread.join()


@contextmanager
def running(database: str, directory: Path, **environment: str) -> Iterator[Site]:
    """The web process on `database`, started as the Procfile does, with the limits that a deployment has."""
    port, log = free_port(), directory / "web.log"
    own = {name: address(name, database) for name in DATABASE_VARIABLES}
    inherited = {name: value for name, value in os.environ.items() if name not in LIMITS_OF_TESTS}
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", LOOPBACK, "--port", str(port)]
    command += ["--backlog", "8192", "--backpressure", "8192", "--workers-kill-timeout", "2", "moniqo.asgi:application"]
    inherited.pop("PYTEST_CURRENT_TEST", None)
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=inherited | own | environment, cwd=ROOT, stdout=out, stderr=out)
    site = Site(port, process, log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while site.get("/login/", timeout=30).status != 200:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The web process did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield site
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def at_once(count: int, one: Callable[[int], Answer]) -> list[Answer]:
    """Call `one` in as many threads at the same moment."""
    ready, answers = threading.Barrier(count), []

    def run(number: int) -> None:
        ready.wait()
        answers.append(one(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def play(story: Awaitable[None]) -> None:
    """Run a drill whose clients are too many for threads."""

    async def whole() -> None:
        await story

    asyncio.run(whole())


def table(title: str, rows: dict[str, tuple[object, object]]) -> None:
    """Print what was measured before the mending (on 0726950, two cores) and what is measured now."""
    print(f"\n{title}\n  {'':<44}{'before':>16}{'now':>16}")
    for name, (before, now) in rows.items():
        print(f"  {name:<44}{before!s:>16}{now!s:>16}")
