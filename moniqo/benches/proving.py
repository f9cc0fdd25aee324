"""How long `manage.py verify` takes for ten million entries, and how much memory its session may take while it does.

In a throw-away cluster: rows are made by the server itself, around the triggers, as sound books would have them: a
thousand wallets, five million transfers of 18 decimals in postings of ten.
"""

import subprocess
import sys
import time
from typing import Final

import psycopg

from kit.embedded.postgres import SUPERUSER
from moniqo.benches.cluster import ROOT, cluster, environment

WALLETS: Final = 1000
ENTRIES: Final = 10_000_000
OWNER: Final = "00000000-0000-0000-0000-000000000001"
AMOUNT: Final = "1.000000000000000001"

FILL: Final = f"""
SET session_replication_role = replica;
INSERT INTO wallets_account (id, owner_id, wallet_id, asset, kind, balance, held, version, held_version)
    OVERRIDING SYSTEM VALUE
    SELECT number * 2 + side, '{OWNER}', lpad(to_hex(number), 32, '0')::uuid, 'USDT',
           CASE side WHEN 0 THEN 'external' ELSE 'wallet' END,
           (CASE side WHEN 0 THEN -1 ELSE 1 END) * {AMOUNT} * {{links}}, 0, {{links}}, 0
    FROM generate_series(1, {WALLETS}) AS number, generate_series(0, 1) AS side;
INSERT INTO wallets_posting (id, owner_id, key, request_hash, kind, detail, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT number, '{OWNER}', 'bench:' || number, '', 'deposit', '{{{{}}}}', now()
    FROM generate_series(0, {{transfers}} / 10) AS number;
INSERT INTO wallets_transfer (
    id, owner_id, posting_id, phase, debit_id, credit_id, asset, amount, debit_version, debit_balance,
    credit_version, credit_balance, created_at
)
    SELECT number, '{OWNER}', number / 10, 'posted', place * 2, place * 2 + 1, 'USDT', {AMOUNT}, link, -{AMOUNT} * link,
           link, {AMOUNT} * link, now()
    FROM generate_series(1, {{transfers}}) AS number,
         LATERAL (SELECT 1 + (number - 1) % {WALLETS} AS place, 1 + (number - 1) / {WALLETS} AS link) AS at;
"""  # noqa: S608 - joined from constants


def proving(entries: int = ENTRIES) -> dict[str, float]:
    """Seconds to make the books and to prove them, and what the command printed of entries."""
    transfers = entries // 2
    with cluster() as server:
        began = time.perf_counter()
        with psycopg.connect(server.url(SUPERUSER), autocommit=True) as connection:
            connection.execute(FILL.format(transfers=transfers, links=transfers // WALLETS))
            connection.execute("VACUUM ANALYZE")
        made = time.perf_counter() - began
        began = time.perf_counter()
        result = subprocess.run(
            [sys.executable, "manage.py", "verify"],
            env=environment(server),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise RuntimeError(f"The books of the benchmark are not sound: {result.stdout}{result.stderr}")
        return {
            "entries": float(entries),
            "seconds_to_make_them": made,
            "seconds_to_prove_them": time.perf_counter() - began,
        }
