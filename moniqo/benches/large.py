"""How fast the pages of an owner with a thousand wallets are: bytes, queries and server time, beside the database.

Measured by a process of its own on a throw-away PostgreSQL and Redis, so nobody's books are touched.

    python -m moniqo.benches.large 40 959
"""

import json
import os
import sys
import time
from typing import Final
from uuid import uuid4

from moniqo.benches.cluster import cluster, environment, measure_apart
from moniqo.benches.runs import redis

FARMS: Final = 40
AGENTS: Final = 959  # with the farms and their master a thousand
REQUESTS: Final = 20


def large(*, farms: int = FARMS, agents: int = AGENTS) -> dict[str, float]:
    """For each page that lists wallets: queries, milliseconds (median, 95th percentile) and bytes."""
    with cluster() as server, redis() as address:
        given = environment(server) | {"REDIS_URL": address}
        return measure_apart("moniqo.benches.large", farms, agents, given=given)


def _measure(farms: int, agents: int) -> dict[str, float]:
    import django

    django.setup()

    from django.db import connections

    from kit import garbage, tenancy
    from kit.users.models import User
    from moniqo.benches.crowd import gather
    from moniqo.benches.pages import WARM_UP, measured, signed_in
    from moniqo.benches.references import round_trips, seconds
    from portfolio.services import take_snapshots

    user = User.objects.create_user(f"{uuid4()}@bench.invalid", None, name="Bench")
    with tenancy.tenant(user.pk):
        crowd = gather(user.pk, farms=farms, agents=agents)
        take_snapshots(owner_id=user.pk)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    garbage.settle()  # as the web process does
    client, farm, agent = signed_in(user), crowd.farms[0], crowd.agents[0]
    pages = {
        "Wallets": "/wallets/",
        "Wallets at an agent": f"/wallets/?wallet={agent.wallet_id}",
        "Wallets found by name": "/wallets/?q=Agent+12",
        "Master": f"/wallets/{crowd.master.pk}/",
        "Farms": "/farms/",
        "API farms": "/api/v1/farms?limit=50",
        "Farm": f"/farms/{farm.pk}/",
        "Agent": f"/farms/agents/{agent.pk}/",
        "Portfolio": "/",
    }
    found: dict[str, float] = {"wallets": 1 + farms + agents}
    for name, address in pages.items():
        used = time.process_time()
        one = measured(client, name, address, REQUESTS)
        found[f"{name}: our_cpu_ms"] = (time.process_time() - used) / (REQUESTS + WARM_UP) * 1000
        found |= {f"{name}: {figure}": getattr(one, figure) for figure in ("size", "queries", "p50_ms", "p95_ms")}
    return found | {"load": os.getloadavg()[0], "reference_1000_round_trips_seconds": seconds(round_trips)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
