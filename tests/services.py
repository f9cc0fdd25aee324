"""PostgreSQL and Redis for one test run, started before Django reads its settings.

Loaded as a plugin (`-p tests.services`). The run's first process starts both servers in a temporary directory;
parallel workers inherit their addresses. Nothing has to be installed or running.
"""

import os
import tempfile
from pathlib import Path

import pytest

from kit.embedded.postgres import Postgres
from kit.embedded.redis import Redis

TEMPLATE = "moniqo_template"
# Outlives the run: compiling the backtest kernel again in every worker would take longer than its tests.
COMPILED = Path(__file__).resolve().parent.parent / "var" / "numba"


def _start() -> None:
    directory = tempfile.TemporaryDirectory(prefix="moniqo-tests-")
    root = Path(directory.name)
    root.chmod(0o755)  # as root the server runs as nobody, who must be able to enter
    postgres, redis = Postgres(root / "postgres", fsync=False), Redis(root / "redis", persistent=False)
    postgres.start()
    redis.start()
    os.environ |= {
        "MONIQO_ENV": "development",
        "MONIQO_DATA": str(root / "data"),
        "NUMBA_CACHE_DIR": str(COMPILED),
        "MONIQO_TEST_ROOT": str(root),
        "MONIQO_TEST_ADMIN_URL": postgres.url("postgres", "postgres"),
        "MONIQO_SECRET_KEY": "tests-only-" * 6,
        "MONIQO_CREDENTIAL_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "DATABASE_URL": postgres.url("moniqo_app"),
        "DATABASE_OWNER_URL": postgres.url("moniqo_owner"),
        "DATABASE_SYSTEM_URL": postgres.url("moniqo_system"),
        "REDIS_URL": redis.url(),
        "MONIQO_DEMO_LATENCY_MS": "0",
    }
    _servers.extend((postgres, redis, directory))


_servers: list[object] = []
if "PYTEST_XDIST_WORKER" not in os.environ:
    _start()


def pytest_unconfigure(config: pytest.Config) -> None:
    for server in _servers:
        if isinstance(server, tempfile.TemporaryDirectory):
            server.cleanup()
        else:
            server.stop()  # type: ignore[attr-defined]
    _servers.clear()
