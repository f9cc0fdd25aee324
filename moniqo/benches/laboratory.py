"""How long somebody waits for a backtest of a million candles of a minute, from asking for it to its page.

Measured by a process of its own (see `trying`) on a throw-away PostgreSQL and Redis; it is worker and browser too.
"""

from typing import Final

from moniqo.benches.cluster import cluster, environment, measure_apart
from moniqo.benches.runs import redis

CANDLES: Final = 1_000_000


def backtest(*, candles: int = CANDLES) -> dict[str, float]:
    """Seconds from asking until there is a result, until it is judged, and for its page; beside the run alone."""
    with cluster() as server, redis() as address:
        given = environment(server) | {"REDIS_URL": address}
        return measure_apart("moniqo.benches.trying", candles, given=given)
