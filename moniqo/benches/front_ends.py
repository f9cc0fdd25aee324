"""What programs cost one web process: front ends that watch agents live (AG-UI), and models that call tools (MCP).

The web process is the one that is deployed, on a throw-away PostgreSQL and Redis. Processes of their own ask it:
`watching` makes the owners, opens the streams and says a new price of each owner's market each second, in which every
agent has a position: one owner after the other, then of all at once. `calling` makes an owner with positions, whose
programs call a tool, and the API beside it.
"""

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kit.embedded.process import LOOPBACK, free_port
from moniqo.benches.cluster import ROOT, cluster, environment, measure_apart
from moniqo.benches.runs import redis

STREAMS: Final = 1000
POSITIONS: Final = 50
START_SECONDS: Final = 60.0


def agui(*, streams: int = STREAMS) -> dict[str, float]:
    """Delay from a price to its delta, and memory and CPU of the web process, with `streams` open."""
    with cluster() as server, redis() as address:
        given = environment(server) | {"REDIS_URL": address, "MONIQO_API_ADDRESS_LIMIT": "0"}
        with _web(given) as (port, pid):
            return measure_apart("moniqo.benches.watching", streams, port, pid, given=given)


def mcp(*, positions: int = POSITIONS) -> dict[str, float]:
    """Calls of `list_positions` a second and how long each takes, beside the same by the API, and a page meanwhile."""
    free = {"MONIQO_API_ADDRESS_LIMIT": "0", "MONIQO_API_TOKEN_LIMIT": "0", "MONIQO_PAGE_LIMIT": "0"}
    with cluster() as server, redis() as address:
        given = environment(server) | {"REDIS_URL": address, **free}
        with _web(given) as (port, pid):
            return measure_apart("moniqo.benches.calling", positions, port, pid, given=given)


@contextmanager
def _web(given: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """The port and the id of a web process."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", LOOPBACK, "--port", str(port)]
    command += ["--backlog", "8192", "--backpressure", "8192", "--workers-kill-timeout", "2", "moniqo.asgi:application"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=dict(given), cwd=Path(ROOT), stdout=log, stderr=log)
        try:
            _wait_for(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(15)


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://{LOOPBACK}:{port}/healthz", timeout=5).close()
        except (OSError, urllib.error.URLError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return
