"""How long many agents take that close the same bar, beside the same agents one by one, and the machine itself.

Measured by a process of its own (see `bars`) on a throw-away PostgreSQL and Redis, so nobody's books are touched, and
commits, live events and the tasks that carry orders to their venue cost what they do elsewhere.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kit.embedded.redis import Redis
from moniqo.benches.cluster import cluster, environment, measure_apart

AGENTS: Final = 200
CROWD: Final = 1_000
MARKETS: Final = 50


def runs(*, agents: int = AGENTS, crowd: int = CROWD, markets: int = MARKETS) -> dict[str, float]:
    """Seconds for one bar of `agents` agents of a market on one worker: when all hold, together and alone, and when all
    enter; and the same of a `crowd` on many `markets`."""
    figures = _measured(agents, 1)
    many = _measured(crowd, markets)
    return figures | {f"{crowd:,} on {markets}: {name}": value for name, value in many.items() if name != "agents"}


def _measured(agents: int, markets: int) -> dict[str, float]:
    with cluster() as server, redis() as address:
        given = environment(server) | {"REDIS_URL": address}
        return measure_apart("moniqo.benches.bars", agents, markets, given=given)


@contextmanager
def redis() -> Iterator[str]:
    """The address of a throw-away Redis, gone after the block."""
    with tempfile.TemporaryDirectory(prefix="moniqo-bench-") as directory:
        Path(directory).chmod(0o755)  # as root the server runs as nobody, who must be able to enter
        server = Redis(Path(directory) / "redis", persistent=False)
        server.start()
        try:
            yield server.url()
        finally:
            server.stop()
