"""What a line of value costs when one portfolio has a million snapshots, and the table fifty times as many.

On a throw-away cluster, filled by COPY as the job fills it: a portfolio of a master and its wallets, a snapshot every
five minutes for as long as they are kept (a million of them), an hour for as long as hours are kept, and days for
years. Then others' portfolios beside it, each as old as its snapshots, until the table has `--rows` of them (50,000,000
if nothing else is said: 20 GB of disk and half an hour). Before and after, the whole of what the page asks of a period
in one statement is asked of many wallets and ranges, with the rights and policies of the web process; what is told is
the time that the database took.

Beside it stand, in the same run, a statement that does nothing, and one that fetches all snapshots of one wallet.
"""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg

from kit.embedded.postgres import SUPERUSER
from moniqo.benches.cluster import ROOT, cluster, environment

PORTFOLIO: Final = 1_000_000
TABLE: Final = 50_000_000
ROWS: Final = "MONIQO_BENCH_ROWS"
ADMIN: Final = "MONIQO_BENCH_ADMIN_URL"
FIVE_MINUTES: Final = timedelta(minutes=5)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
KEPT_DAYS: Final = 90
KEPT_HOURS: Final = 25 * 31 * 24
KNOWN_DAYS: Final = 5 * 365
SCOPES_OF_AN_OWNER: Final = 39
RANGES: Final = 60
ROUNDS: Final = 5
# What a row begins with until it is somebody's.
NOBODY: Final = b"00000000-0000-0000-0000-00000000000"
OWNER_MARK, WALLET_MARK = NOBODY + b"a", NOBODY + b"b"

_OF_ROLLED: Final = (
    "ends, base, opened_at, closed_at, open, equity, low, high, flow, flows, market, realized, realized_pnl, fees, "
    "fees_paid, adjustments, twr, twr_index, twr_low, twr_high, drawdown"
)
COLUMNS: Final = {
    "portfolio_snapshot": "owner_id, wallet_id, at, base, equity, cash, invested, unrealized_pnl, realized_pnl, fees, "
    "flow, flows, adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced",
    "portfolio_hourlyperformance": f"owner_id, wallet_id, at, {_OF_ROLLED}",
    "portfolio_dailyperformance": f"owner_id, wallet_id, day, {_OF_ROLLED}",
}
KEYS: Final = {
    "portfolio_snapshot_pkey": "PRIMARY KEY (id, at)",
    "snapshot_once": "UNIQUE (scope, base, at)",
}


def snapshots(rows: int = TABLE) -> dict[str, float]:
    """Milliseconds of the database per range at both sizes, and how many times as much the larger takes."""
    with cluster() as server:
        given = environment(server) | {ADMIN: server.url(SUPERUSER), ROWS: str(rows)}
        command = [sys.executable, "-m", "moniqo.benches.snapshots"]
        answer = subprocess.run(command, env=given, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode:
        raise RuntimeError("The snapshots could not be measured: the reason is above.")
    figures: dict[str, float] = json.loads(answer.stdout.strip().splitlines()[-1])
    return figures


def measure() -> dict[str, float]:
    """In a process of its own, on the throw-away cluster."""
    from kit.users.models import User

    owner = User.objects.create_user(email="bench@example.com", password=None)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    history = History(now)
    wallets = [UUID(int=number) for number in range(1, SCOPES_OF_AN_OWNER)]
    goal = int(os.environ[ROWS])
    figures: dict[str, float] = {}
    with psycopg.connect(os.environ[ADMIN], autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")  # no foreign keys: nobody reads the wallets here
        for month in sorted({moment.date().replace(day=1) for moment in history.moments}):
            admin.execute("SELECT month_make('portfolio_snapshot', %s)", [month])
        began = time.perf_counter()
        made = history.write(admin, owner.pk, wallets)
        admin.execute("VACUUM ANALYZE")
        figures |= _asked(owner, wallets, now, f"at {made // 10**6}M")
        small = figures.copy()
        for name in KEYS:
            admin.execute(f"ALTER TABLE portfolio_snapshot DROP CONSTRAINT {name}")
        history.grow_young()
        while made < goal:
            others = [UUID(int=random.getrandbits(128)) for _ in range(SCOPES_OF_AN_OWNER - 1)]
            made += history.write(admin, UUID(int=random.getrandbits(128)), others)
            _say(f"{made:,} of {goal:,} snapshots")
        for name, key in KEYS.items():
            admin.execute(f"ALTER TABLE portfolio_snapshot ADD CONSTRAINT {name} {key}")
        admin.execute("VACUUM ANALYZE")
        figures["seconds to fill"] = time.perf_counter() - began
        figures["gigabytes of the database"] = _one(admin, "SELECT pg_database_size(current_database())") / 2**30
        figures["snapshots of the portfolio"] = float(
            _one(admin, "SELECT count(*) FROM portfolio_snapshot WHERE scope = ANY(%s)", [[owner.pk, *wallets]])
        )
        figures["snapshots of the table"] = float(made)
        figures["hours of the table"] = float(
            _one(admin, "SELECT reltuples::bigint FROM pg_class WHERE relname = 'portfolio_hourlyperformance'")
        )
        large = _asked(owner, wallets, now, f"at {made // 10**6}M")
    figures |= large
    for (name, before), after in zip(small.items(), large.values(), strict=True):
        figures[f"growth of {name.partition(',')[0]}"] = after / before
    return figures


class History:
    """One history as lines for COPY, which becomes anybody's by their ids."""

    def __init__(self, now: datetime) -> None:
        chance = np.random.default_rng(7)
        count = KEPT_DAYS * 24 * 12
        last = now.replace(minute=0) - FIVE_MINUTES
        self.moments = [last - FIVE_MINUTES * (count - 1 - number) for number in range(count)]
        fine = _walk(chance, count, 0.001)
        self._lines = {
            "portfolio_snapshot": b"".join(map(_snapshot, self.moments, fine.tolist(), range(count))),
            "portfolio_hourlyperformance": _rolled(last + FIVE_MINUTES, HOUR, _walk(chance, KEPT_HOURS, 0.004)),
            "portfolio_dailyperformance": _rolled(
                now.replace(hour=0, minute=0), DAY, _walk(chance, KNOWN_DAYS, 0.02), is_day=True
            ),
        }
        self.count = count

    def grow_young(self) -> None:
        """From here on hours and days begin with the snapshots."""
        for table, most in (("portfolio_hourlyperformance", KEPT_DAYS * 24), ("portfolio_dailyperformance", KEPT_DAYS)):
            self._lines[table] = b"".join(self._lines[table].splitlines(keepends=True)[-most:])

    def write(self, admin: psycopg.Connection[Any], owner: UUID, wallets: list[UUID]) -> int:
        """The owner's own history and that of each wallet; returns how many snapshots."""
        for table, columns in COLUMNS.items():
            lines = self._lines[table].replace(OWNER_MARK, str(owner).encode())
            with (
                admin.cursor() as cursor,
                cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
            ):
                copy.write(lines.replace(WALLET_MARK, rb"\N"))
                for wallet in wallets:
                    copy.write(lines.replace(WALLET_MARK, str(wallet).encode()))
        return self.count * (1 + len(wallets))


def _walk(chance: np.random.Generator, count: int, step: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    walked: np.ndarray[Any, np.dtype[np.float64]] = np.exp(np.cumsum(chance.normal(0, step, count)))
    return walked


def _snapshot(at: datetime, index: float, number: int) -> bytes:
    equity = f"{10_000 * index:.8f}"
    flow = "10" if number % 2000 == 0 else "0"
    return (
        f"{OWNER_MARK.decode()}\t{WALLET_MARK.decode()}\t{at.isoformat()}\tUSDT\t{equity}\t{equity}\t0\t0\t0\t0\t"
        f"{flow}\t10000\t0\t0\t0\t{index!r}\tf\t[]\n"
    ).encode()


def _rolled(
    last: datetime, length: timedelta, indexes: np.ndarray[Any, np.dtype[np.float64]], *, is_day: bool = False
) -> bytes:
    lines = []
    for number, one in enumerate(indexes.tolist()):
        ends = last - length * (len(indexes) - 1 - number)
        key: date | datetime = (ends - length).date() if is_day else ends - length
        value = f"{10_000 * one:.8f}"
        lines.append(
            f"{OWNER_MARK.decode()}\t{WALLET_MARK.decode()}\t{key.isoformat()}\t{ends.isoformat()}\tUSDT\t"
            f"{(ends - length).isoformat()}\t{(ends - FIVE_MINUTES).isoformat()}\t{value}\t{value}\t{value}\t{value}\t"
            f"0\t10000\t0\t0\t0\t0\t0\t0\t0\t{one!r}\t{one * 0.99!r}\t{one * 1.01!r}\t-0.015\n"
        )
    return "".join(lines).encode()


def _asked(owner: Any, wallets: list[UUID], now: datetime, when: str) -> dict[str, float]:
    """Every usual period of the whole, then many ranges of many wallets: what the database took at best of a few."""
    from kit import clock, tenancy
    from portfolio.selectors.trail import read_trail

    chance = random.Random(11)  # noqa: S311 - the same ranges each time
    usual = {"a day": 1, "a week": 7, "a month": 30, "three months": 90, "two years": 730, "five years": 1825}
    asked: list[tuple[UUID, datetime, datetime | None]] = [
        (owner.pk, now - timedelta(days=days), None) for days in usual.values()
    ]
    for _ in range(RANGES):
        length = timedelta(days=chance.choice([1, 3, 7, 10, 31, 60, 200, 700]), hours=chance.randrange(24))
        start = now - length - timedelta(minutes=chance.randrange(KNOWN_DAYS * 1440 - 1_100_000))
        asked.append((chance.choice(wallets), start, start + length))
    with clock.pinned(), tenancy.tenant(owner.pk):
        nothing = took("SELECT 1")
        fetched = min(
            took("SELECT at, equity, twr_index FROM portfolio_snapshot WHERE scope = %s AND base = 'USDT'", [owner.pk])
            for _ in range(ROUNDS)
        )
        times = [
            min(
                _database(
                    lambda one=one: read_trail(
                        owner_id=owner.pk, scope=one[0], base="USDT", start=one[1], at=now, until=one[2]
                    )
                )
                for _ in range(ROUNDS)
            )
            for one in asked
        ]
    ranges = sorted(times[len(usual) :])
    return {
        **{f"{name}, ms {when}": took for name, took in zip(usual, times, strict=False)},
        f"median of {RANGES} ranges, ms {when}": ranges[len(ranges) // 2],
        f"slowest of {RANGES} ranges, ms {when}": ranges[-1],
        f"reference: a statement that does nothing, ms {when}": nothing,
        f"reference: all snapshots of a wallet, ms {when}": fetched,
    }


def took(statement: str, given: list[Any] | None = None) -> float:
    """Milliseconds until the answer was there."""
    from django.db import connection

    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        cursor.fetchall()
    return (time.perf_counter() - began) * 1000


def _database(call: Any) -> float:
    """How long the statements of the call took until their answer was there."""
    from django.db import connection

    took = []

    def timed(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took.append((time.perf_counter() - began) * 1000)

    with connection.execute_wrapper(timed):
        call()
    return sum(took)


def _one(admin: psycopg.Connection[Any], statement: str, given: list[Any] | None = None) -> Any:
    row = admin.execute(statement.encode(), given).fetchone()
    return row[0] if row else None


def _say(text: str) -> None:
    sys.stderr.write(f"\r{text}")
    sys.stderr.flush()


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(measure()) + "\n")
