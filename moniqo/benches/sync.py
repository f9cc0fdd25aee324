"""What it costs to sync many connections, each with HTTP of its own, beside asking the exchange alone.

    python -m moniqo.benches.sync

is the process that measures, on a throw-away PostgreSQL, against the tests' simulated Binance in a third process: real
ccxt, signatures and JSON over real HTTP. The connections are synced one after the other, as one worker process does.
Every tenth has a wallet, whose suspense takes what the venue holds at the first sync; the others have none yet.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

from moniqo.benches.cluster import ROOT, cluster, environment

SIZES: Final = (100, 300)
# How often the exchange is asked by itself.
ALONE: Final = 200

EXCHANGE: Final = """
from decimal import Decimal
from tests.simulators.server import Exchanges, Server
from tests.wallets.keys import give_true_keys, key_of
import json
exchanges = Exchanges()
exchanges.reset()
give_true_keys(exchanges)
for asset in ("BTC", "ETH", "SOL", "BNB", "USDT"):
    exchanges.binance().account.deposit(asset, Decimal("12.5"))
server = Server(exchanges)
print(json.dumps({"url": exchanges.url, "key": key_of(exchanges.binance())}), flush=True)
server.serve_forever()
"""


def sync() -> dict[str, float]:
    """Milliseconds for a sync at each size, of what the exchange takes alone, and connections a second."""
    command = [sys.executable, "-c", EXCHANGE]
    with cluster() as server, subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as exchange:
        try:
            assert exchange.stdout is not None  # noqa: S101 - it is a pipe
            told = json.loads(exchange.stdout.readline())
            given = environment(server)
            given |= {"MONIQO_CCXT_BASE_URL": told["url"], "MONIQO_BENCH_KEY": json.dumps(told["key"])}
            measured = [sys.executable, "-m", "moniqo.benches.sync"]
            answer = subprocess.run(measured, env=given, cwd=ROOT, capture_output=True, text=True, check=False)
        finally:
            exchange.terminate()
    if answer.returncode:
        raise RuntimeError(f"Syncs could not be measured: {answer.stderr.strip()[-2000:]}")
    figures: dict[str, float] = json.loads(answer.stdout.strip().splitlines()[-1])
    return figures


def measure() -> dict[str, float]:
    """In a process of its own, on the throw-away cluster."""
    import resource

    from kit.users.models import User
    from wallets.sync.runs import sync_connection

    owner = User.objects.create_user(f"{uuid4()}@bench.invalid", None, name="Bench").pk
    made = _connections(owner, max(SIZES))
    sync_connection(owner_id=owner, connection_id=made[0])  # markets are loaded once in an hour
    figures: dict[str, float] = {}
    venue = _venue(owner, made[0])
    alone = [_milliseconds(venue.balances) for _ in range(ALONE)]
    figures["balances alone ms"] = statistics.median(alone)
    for size in SIZES:
        started = time.perf_counter()
        for connection_id in made[:size]:
            sync_connection(owner_id=owner, connection_id=connection_id)
        each = (time.perf_counter() - started) * 1000 / size
        figures[f"a sync of {size:,} ms"] = each
        figures[f"connections a second, of {size:,}"] = 1000 / each
    figures["memory MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def _connections(owner: UUID, count: int) -> list[UUID]:
    from kit import tenancy
    from wallets.models import Connection, Wallet
    from wallets.venues.credentials import store_credentials

    key = json.loads(os.environ["MONIQO_BENCH_KEY"])
    with tenancy.tenant(owner):
        made = []
        for number in range(count):
            given: dict[str, Any] = {"owner_id": owner, "platform_id": "binance", "venue": "binance", "is_paper": False}
            connection = Connection.objects.create(name=f"Account {number}", **given)
            store_credentials(connection=connection, values=key)
            if number % 10 == 0:
                Wallet.objects.create(owner_id=owner, name=f"Fund {number}", role="master", connection=connection)
            made.append(connection.pk)
    return made


def _venue(owner: UUID, connection_id: UUID) -> Any:
    from kit import tenancy
    from wallets.venues.accounts import get_connection
    from wallets.venues.registry import open_venue

    with tenancy.tenant(owner):
        return open_venue(get_connection(owner_id=owner, connection_id=connection_id))


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
    import django

    django.setup()
    sys.stdout.write(f"{json.dumps(measure())}\n")
