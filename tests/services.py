"""PostgreSQL and Redis for one test run, started when the first test needs them.

Loaded as a plugin (`-p tests.services`), before Django reads its settings. The run's first process chooses addresses
and puts them into the environment, which parallel workers inherit; it starts both servers in a temporary directory as
soon as any worker comes to a test that is not marked `offline`. Nothing has to be installed or running.
"""

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kit.embedded.postgres import Postgres
from kit.embedded.process import LOOPBACK
from kit.embedded.redis import Redis

TEMPLATE = "moniqo_template"
# Outlives the run: compiling the backtest kernel again in every worker would take longer than its tests.
COMPILED = Path(__file__).resolve().parent.parent / "var" / "numba"

_PORTS = range(18_000, 30_000)  # below those that systems give to outgoing connections: they stay free until the start
_POLL_SECONDS = 0.02
_START_SECONDS = 120.0
# A database of a test's own is 700 files that live for a second: on a disk they cost more than what is tested.
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of a random name is made in it
_ROOM = 4 * 2**30  # bytes; a run uses about one of the four
_PREFIX = "moniqo-tests-"


class Servers:
    """Both servers of a run. The main process makes one; workers only say that they want it."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=_fast_place())
        self.root = Path(self._directory.name)
        self.root.chmod(0o755)  # as root the server runs as nobody, who must be able to enter
        self._postgres = Postgres(self.root / "postgres", fsync=False)
        self._redis = Redis(self.root / "redis", persistent=False)
        self._postgres.reserve(_free_port())
        self._redis.reserve(_free_port())
        self._compiling = _compile_first()
        self._over = threading.Event()
        # A thread of its own, which lives as long as the run: the servers end with the thread that starts them.
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def environment(self) -> dict[str, str]:
        return {
            "MONIQO_ENV": "development",
            "MONIQO_DATA": str(self.root / "data"),
            "NUMBA_CACHE_DIR": str(COMPILED),
            "MONIQO_TEST_ROOT": str(self.root),
            "MONIQO_TEST_ADMIN_URL": self._postgres.url("postgres", "postgres"),
            "MONIQO_SECRET_KEY": "tests-only-" * 6,
            "MONIQO_CREDENTIAL_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "DATABASE_URL": self._postgres.url("moniqo_app"),
            "DATABASE_OWNER_URL": self._postgres.url("moniqo_owner"),
            "DATABASE_SYSTEM_URL": self._postgres.url("moniqo_system"),
            "REDIS_URL": self._redis.url(),
            "MONIQO_DEMO_LATENCY_MS": "0",
            "MONIQO_SIGN_IN_LIMITS": "0,0,0",
            "MONIQO_API_TOKEN_LIMIT": "0",
            "MONIQO_API_ADDRESS_LIMIT": "0",
            "MONIQO_WRITE_LIMIT": "0",
            "MONIQO_COSTLY_LIMIT": "0",
            "MONIQO_PAGE_LIMIT": "0",
            "MONIQO_PAGE_ADDRESS_LIMIT": "0",
        }

    def close(self) -> None:
        self._over.set()
        self._keeper.join()
        if self._compiling is not None:
            self._compiling.kill()
            self._compiling.wait()
        self._directory.cleanup()

    def _keep(self) -> None:
        while not (self.root / "wanted").exists():
            if self._over.wait(_POLL_SECONDS):
                return
        try:
            self._postgres.start()
            self._redis.start()
            (self.root / "ready").touch()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            (self.root / "failed").write_text(f"{type(error).__name__}: {error}")
        self._over.wait()
        self._redis.stop()
        self._postgres.stop()


def start_servers() -> None:
    """Ask for the servers and wait until they answer."""
    root = Path(os.environ["MONIQO_TEST_ROOT"])
    (root / "wanted").touch()
    deadline = time.monotonic() + _START_SECONDS
    while not (root / "ready").exists():
        if (root / "failed").exists() or time.monotonic() > deadline:
            pytest.exit(f"No servers: {(root / 'failed').read_text() if (root / 'failed').exists() else 'too slow'}", 3)
        time.sleep(_POLL_SECONDS)


def _compile_first() -> subprocess.Popen[bytes] | None:
    """In a fresh clone, compile the kernel while workers are still collecting: else each of them does, for 40 s."""
    if COMPILED.exists():
        return None
    COMPILED.mkdir(parents=True)
    return subprocess.Popen(
        [sys.executable, "-c", "import quant.backtest.figures, quant.backtest.kernel"],
        cwd=Path(__file__).resolve().parent.parent,
        env={**os.environ, "NUMBA_CACHE_DIR": str(COMPILED)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _fast_place() -> Path | None:
    """Memory, where there is enough of it; else wherever temporary files go. What killed runs have left is removed."""
    if not _IN_MEMORY.is_dir():
        return None
    for left in _IN_MEMORY.glob(f"{_PREFIX}*-*"):
        if not Path("/proc", left.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return _IN_MEMORY if shutil.disk_usage(_IN_MEMORY).free > _ROOM else None


def _free_port() -> int:
    for port in random.sample(_PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise RuntimeError("No port is free.")


_servers: list[Servers] = []
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # Each has a database of Redis to itself as well: a test that empties the cache empties nobody else's.
    own = 1 + int(worker.removeprefix("gw")) % 15
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{own}").geturl()
else:
    _servers.append(Servers())
    os.environ.update(_servers[0].environment())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("offline") is None:
        start_servers()


def pytest_unconfigure(config: pytest.Config) -> None:
    while _servers:
        _servers.pop().close()
