"""What it costs to sync many connections, each with HTTP of its own, beside bare requests to the same server.

`manage.py bench sync --connections N` measures a hundredth, a tenth and all of N connections at a simulated Binance in
a process of its own: real ccxt, a key each, signatures that are checked, JSON over real HTTP, two requests per account,
books with five assets on a throw-away PostgreSQL. They are synced by what a worker calls (`wallets.sync.rounds`), in
one process. Before it is measured, everything is as the first sync of each leaves it; a few first ones are measured
apart, and so is a round in which one account of a hundred holds something else than before.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import psutil

from moniqo.benches.cluster import ROOT, cluster, environment, measure_apart

CONNECTIONS: Final = 1_000
OF_AN_OWNER: Final = 10
# First syncs that are measured, and connections that are synced one after the other, as a page asks for it.
FIRST: Final = 40
SINGLE: Final = 20
AT_ONCE: Final = 64
MOVED: Final = 100  # one of so many
# What every account holds, and what their keys look like.
ASSETS: Final = ("BTC", "ETH", "SOL", "BNB", "USDT")
HELD: Final = Decimal("12.5")
SECRET, TAIL = "s3cR" * 16, "k3yS" * 14


def sync(*, connections: int = CONNECTIONS) -> dict[str, float]:
    """Figures per size; see the names."""
    held = dict.fromkeys(ASSETS, str(HELD))
    accounts = json.dumps({"held": held, "secret": SECRET, "tail": TAIL})
    command = [sys.executable, "-m", "tests.simulators.many", accounts]
    with cluster() as server, subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as exchange:
        try:
            assert exchange.stdout is not None  # noqa: S101 - it is a pipe
            given = environment(server) | {"MONIQO_CCXT_BASE_URL": exchange.stdout.readline().strip()}
            return measure_apart("moniqo.benches.sync", connections, given=given)
        finally:
            exchange.terminate()


def measure(most: int) -> dict[str, float]:
    """In a process of its own, on the throw-away cluster."""
    figures: dict[str, float] = {}
    sizes = [size for size in (most // 100, most // 10, most) if size]
    made = _make(most)
    figures["one by one, ms each"] = _one_by_one(made[:SINGLE])
    _round("warm", made[:1])  # what is imported once
    for size in sizes:
        figures |= _round(f"{size:,}", made[:size])
    bare = _bare(2 * most)
    figures |= {f"{most:,}: bare requests {name}": value for name, value in bare.items()}
    _ask_server(f"/bench/move?moved={most // MOVED}")
    figures |= _round(f"{most:,}, {most // MOVED} of them changed", made)
    _ask_server("/bench/move?moved=0")
    figures["first syncs, ms each"] = _first(most)
    return figures


def _round(name: str, made: list[UUID]) -> dict[str, float]:
    """One round of these connections, from being wanted to being done."""
    from django.db.models import Q

    from kit import clock, tenancy
    from wallets.models import Connection, SyncTurn
    from wallets.sync.rounds import sync_waiting

    before, server = time.process_time(), _ask_server("/bench/cost")
    database, database_cpu = _database_seconds(), _database_cpu()
    started = time.perf_counter()
    begun = clock.now()
    with tenancy.system():
        SyncTurn.objects.filter(connection__in=made).update(wanted_at=begun)
    same = 0
    while True:  # as a worker hands over to the next
        done = sync_waiting()
        same += done.same
        if not done.is_cut:
            break
    seconds = time.perf_counter() - started
    with tenancy.system():
        rows = Connection.objects.filter(pk__in=made)
        failed = rows.filter(Q(failures__gt=0) | Q(synced_at__lt=begun)).count()
    return {
        f"{name}: seconds": seconds,
        f"{name}: syncs/s": len(made) / seconds,
        f"{name}: worker CPU s": time.process_time() - before,
        f"{name}: exchange CPU s": _ask_server("/bench/cost") - server,
        f"{name}: database CPU s": _database_cpu() - database_cpu,
        f"{name}: database s, with waits for a core": _database_seconds() - database,
        f"{name}: peak memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        f"{name}: nothing new": same,
        f"{name}: failed": failed,
    }


def _one_by_one(made: list[UUID]) -> float:
    """Milliseconds for each, one after the other, each by itself."""
    from kit import tenancy
    from wallets.models import Connection
    from wallets.sync.runs import sync_connection

    with tenancy.system():
        owners = dict(Connection.objects.filter(pk__in=made).values_list("pk", "owner_id"))
    sync_connection(owner_id=owners[made[0]], connection_id=made[0])  # markets are loaded once in an hour
    started = time.perf_counter()
    for pk in made:
        sync_connection(owner_id=owners[pk], connection_id=pk)
    return (time.perf_counter() - started) * 1000 / len(made)


def _first(number: int) -> float:
    """Milliseconds for each of a few connections that nobody has looked at yet, in one round."""
    from kit import clock, tenancy
    from wallets.models import SyncTurn
    from wallets.sync.rounds import sync_waiting

    new = _connections(_owners(1)[0], range(number, number + FIRST))
    with tenancy.system():
        SyncTurn.objects.bulk_create(
            SyncTurn(owner_id=row.owner_id, connection_id=row.pk, wanted_at=clock.now()) for row in new
        )
    started = time.perf_counter()
    while sync_waiting().is_cut:
        pass
    return (time.perf_counter() - started) * 1000 / FIRST


def _bare(number: int) -> dict[str, float]:
    """As many requests without a key to the same server, by aiohttp alone, as many at once."""
    before, server, started = time.process_time(), _ask_server("/bench/cost"), time.perf_counter()
    asyncio.run(_ask_bare(f"{os.environ['MONIQO_CCXT_BASE_URL']}/bench/plain", number))
    return {
        "seconds": time.perf_counter() - started,
        "CPU s": time.process_time() - before,
        "exchange CPU s": _ask_server("/bench/cost") - server,
    }


async def _ask_bare(url: str, number: int) -> None:
    import aiohttp

    left = iter(range(number))

    async def ask(http: aiohttp.ClientSession) -> None:
        for _ in left:
            async with http.get(url) as answer:
                json.loads(await answer.text())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await asyncio.gather(*(ask(http) for _ in range(AT_ONCE)))


def _ask_server(path: str) -> Any:
    import requests

    return requests.get(os.environ["MONIQO_CCXT_BASE_URL"] + path, timeout=10).json()


def _database_cpu() -> float:
    """What all processes of the database's server have used so far, those that have ended too."""
    from django.db import connections

    with connections["system"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0]).parent()
    assert server is not None  # noqa: S101 - a backend is a child of the server
    own = server.cpu_times()
    ended = own.user + own.system + own.children_user + own.children_system
    return float(ended + sum(sum(child.cpu_times()[:2]) for child in server.children()))


def _database_seconds() -> float:
    """How long statements took in the database so far, as it says itself.

    The worker, the exchange and the database share the cores: a statement that waits for one goes on taking time.
    """
    from django.db import connections

    with connections["system"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT active_time FROM pg_stat_database WHERE datname = current_database()")
        return float(cursor.fetchone()[0]) / 1000


# --- what there is before ---------------------------------------------------------------------------------------------


def _make(number: int) -> list[UUID]:
    """So many connections, ten to an owner, each as its first sync has left it."""
    from django.db import connections as databases

    made: list[UUID] = []
    owners = _owners(-(-number // OF_AN_OWNER))
    for place, owner in enumerate(owners):
        numbers = range(place * OF_AN_OWNER, min((place + 1) * OF_AN_OWNER, number))
        connections = _connections(owner, numbers)
        _sync_for_the_first_time(owner, connections)
        made += [connection.pk for connection in connections]
    with databases["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # which comes by itself, in the middle of what is measured
    return made


def _owners(number: int) -> list[UUID]:
    from kit.users.models import User

    made = [User(email=f"{uuid4()}@bench.invalid", name="Bench") for _ in range(number)]
    return [user.pk for user in User.objects.bulk_create(made)]


def _connections(owner: UUID, numbers: range) -> list[Any]:
    from kit import sealing, tenancy
    from wallets.models import Connection, Credential

    key_id = sealing.key_ids()[0]
    with tenancy.tenant(owner):
        made = Connection.objects.bulk_create(
            Connection(owner_id=owner, name=f"Account {number}", platform_id="binance", venue="binance", is_paper=False)
            for number in numbers
        )
        Credential.objects.bulk_create(
            Credential(
                owner_id=owner,
                connection=connection,
                field=field,
                token=sealing.seal(value, place=(str(owner), str(connection.pk), field)),
                key_id=key_id,
            )
            for number, connection in zip(numbers, made, strict=True)
            for field, value in (("api_key", f"{number:08d}{TAIL}"), ("secret", SECRET))
        )
    return made


def _sync_for_the_first_time(owner: UUID, connections: list[Any]) -> None:
    """What a first sync and one that agrees leave behind, written for all of an owner's at once."""
    from django.db.models import Sum

    from kit import clock, tenancy
    from wallets.ledger import AccountRef, Leg, Request, post_many
    from wallets.models import Account, Connection, Reconciliation, SyncRun, SyncTurn, Wallet
    from wallets.sync.turns import hash_of

    seen, now = hash_of(dict.fromkeys(ASSETS, HELD), base="USDT"), clock.now()
    with tenancy.tenant(owner):
        wallets = Wallet.objects.bulk_create(
            Wallet(owner_id=owner, name=f"Unassigned, {one.name}", role="unassigned", connection=one)
            for one in connections
        )
        requests = [
            Request(
                f"opening:{wallet.pk}:{asset}",
                "deposit",
                [Leg(AccountRef(wallet.pk, asset, Account.Kind.EXTERNAL), AccountRef(wallet.pk, asset), HELD)],
            )
            for wallet in wallets
            for asset in ASSETS
        ]
        post_many(owner_id=owner, requests=requests)
        books = dict(Account.objects.values_list("wallet__connection").annotate(Sum("version")))
        runs = SyncRun.objects.bulk_create(
            SyncRun(owner_id=owner, connection=one, status="ok", progress=100, finished_at=now) for one in connections
        )
        Reconciliation.objects.bulk_create(
            Reconciliation(
                owner_id=owner, run=run, asset=asset, venue_total=HELD, books_total=0, unassigned=HELD, drift=0
            )
            for run in runs
            for asset in ASSETS
        )
        SyncTurn.objects.bulk_create(
            SyncTurn(owner_id=owner, connection=one, run=run, seen=seen, books=books[one.pk])
            for one, run in zip(connections, runs, strict=True)
        )
        Connection.objects.filter(owner_id=owner).update(status="ok", synced_at=now)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
    import django

    django.setup()
    sys.stdout.write(f"{json.dumps(measure(int(sys.argv[1])))}\n")
