"""What a thousand goals cost when a thousand fills come in, beside counting all of them anew.

    python -m moniqo.benches.goals

is the process that measures, on a throw-away PostgreSQL with two hundred agents and a million fills of a year, each two
of which are a closed trade. They are written past the triggers, because writing them one by one would take hours. Goals
of every kind run over all of that year: most of one agent or farm, some of the whole fund.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

from kit.embedded.postgres import SUPERUSER
from moniqo.benches.cluster import cluster, environment, measure_apart

GOALS: Final = 1_000
FILLS: Final = 1_000_000
BATCH: Final = 1_000
BATCHES: Final = 7
AGENTS: Final = 200
FARMS: Final = 10
DAYS: Final = 365
ADMIN: Final = "MONIQO_BENCH_ADMIN_URL"

# Trades of the owner's agents in turn; each is two fills a while apart. `first` tells one batch from another.
TRADES: Final = """
WITH agent AS (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM wallets_wallet
    WHERE owner_id = %(owner)s AND role = 'agent'
),
market AS (SELECT instrument_id, row_number() OVER (ORDER BY instrument_id) - 1 AS place FROM market_instruments),
trade AS (
    SELECT n, gen_random_uuid() AS id, agent.id AS wallet, instrument_id,
           %(until)s::timestamptz - (%(over)s * ((n * 7919) %% 1000003) / 1000003.0) AS closed,
           100 + (n * 31) %% 17 AS entry, 100 + (n * 37) %% 19 AS exit
    FROM generate_series(%(first)s::bigint, %(first)s + %(trades)s - 1) AS n
    JOIN agent ON agent.place = n %% (SELECT count(*) FROM agent)
    JOIN market ON market.place = (n / 3) %% (SELECT count(*) FROM market)
),
closed AS (
    INSERT INTO trading_position (
        id, created_at, direction, quantity, entry_quantity, entry_price, exit_quantity, exit_price, fees, realized_pnl,
        entry_reason, exit_reason, opened_at, closed_at, instrument_id, owner_id, wallet_id, closed_in
    )
    SELECT id, closed, 'long', 0, 1, entry, 1, exit, 0.2, exit - entry - 0.2, '[]', '[]', closed - interval '1 hour',
           closed, instrument_id, %(owner)s, wallet, pg_current_xact_id()
    FROM trade
)
INSERT INTO trading_fill (
    id, venue_trade_id, side, price, quantity, fee, fee_asset, liquidity, filled_at, connection_id, instrument_id,
    owner_id, posting_id, wallet_id, order_id
)
SELECT n * 2 + leg, n || ' ' || leg, CASE leg WHEN 0 THEN 'buy' ELSE 'sell' END,
       CASE leg WHEN 0 THEN entry ELSE exit END, 1, 0.1, 'USDT', 'taker', closed - (1 - leg) * interval '1 hour',
       %(connection)s, instrument_id, %(owner)s, -(n * 2 + leg), wallet, id
FROM trade, generate_series(0, 1) AS leg
"""
A_YEAR: Final = """
INSERT INTO portfolio_dailyperformance (
    owner_id, wallet_id, day, ends, base, equity, low, high, flow, market, realized, fees, adjustments, twr, twr_index,
    twr_low, twr_high
)
SELECT %(owner)s, scope.id, day, (day + 1)::timestamp AT TIME ZONE 'UTC', 'USDT', 1000, 1000, 1000, 0, 0, 0, 0, 0,
       sin(extract(doy FROM day) * 7919) / 100, 1, 1, 1
FROM (SELECT id FROM wallets_wallet WHERE owner_id = %(owner)s UNION ALL SELECT NULL) AS scope,
     generate_series(%(today)s::date - %(days)s::integer, %(today)s::date - 1, interval '1 day') AS step,
     LATERAL (SELECT step::date AS day) AS of
"""


def goals() -> dict[str, float]:
    """Milliseconds for `services.update` after a batch, at the median and at worst, and to count all anew."""
    with cluster() as server:
        given = environment(server) | {ADMIN: server.url(SUPERUSER)}
        return measure_apart("moniqo.benches.goals", given=given)


def measure() -> dict[str, float]:
    """In a process of its own, on the throw-away cluster."""
    from goals import counting
    from goals.models import Goal, GoalTotal
    from kit import clock, tenancy

    now = clock.now()
    owner, connection, scopes = _fund()
    trades = {"owner": owner, "connection": connection, "until": now - timedelta(minutes=1)}
    _write(TRADES, trades | {"first": 1, "trades": FILLS // 2, "over": timedelta(days=DAYS)})
    _write(A_YEAR, {"owner": owner, "today": now.date(), "days": DAYS})
    _write("ANALYZE")
    with tenancy.tenant(owner):
        _make_goals(owner, scopes, now)
        counting.lock(owner_id=owner)
        everything = _milliseconds(lambda: _recount(owner))
    first = _milliseconds(lambda: _update(owner))
    taken = []
    for number in range(BATCHES):
        begin = FILLS // 2 + 1 + number * BATCH // 2
        _write(TRADES, trades | {"first": begin, "trades": BATCH // 2, "over": timedelta(seconds=30)})
        taken.append(_milliseconds(lambda: _update(owner)))
    with tenancy.tenant(owner):
        names = ("goal_id", "quote", "fills", "volume", "trades", "won_trades", "lost_trades", "won", "lost")
        counted = set(GoalTotal.objects.values_list(*names))
        _recount(owner)
        again = set(GoalTotal.objects.values_list(*names))
        active = Goal.objects.filter(status=Goal.Status.ACTIVE).count()
    return {
        "goals active": active,
        "fills": FILLS + BATCHES * BATCH,
        "update after 1,000 fills ms": statistics.median(taken),
        "worst ms": max(taken),
        "first update ms": first,
        "all counted anew ms": everything,
        "totals": len(counted),
        "totals that differ when counted anew": len(counted ^ again),
    }


def _fund() -> tuple[UUID, UUID, list[UUID | None]]:
    """An owner with a master, farms and agents, and where goals may be set: agents first, then farms, the fund last."""
    from kit import clock, tenancy
    from kit.users.models import User
    from markets.models import Instrument, Ticker
    from wallets.models import Connection, Platform, Wallet

    user = User.objects.create_user(f"{uuid4()}@bench.invalid", None, name="Bench")
    Platform.objects.create(slug="bench", name="Bench", adapter="demo")
    for base in ("BTC", "ETH", "SOL", "XRP"):
        instrument = Instrument.objects.create(
            venue="simulated", symbol=f"{base}/USDT", base=base, quote="USDT", tick_size="0.01", lot_size="0.001"
        )
        Ticker.objects.create(instrument=instrument, price=100, source="simulated", at=clock.now())
    with tenancy.tenant(user.pk):
        venue = Connection.objects.create(owner=user, platform_id="bench", name="Bench", venue="simulated")
        given = {"owner": user, "connection": venue}
        master = Wallet.objects.create(name="Fund", role="master", **given)
        farms = [Wallet.objects.create(name=f"Farm {n}", role="farm", parent=master, **given) for n in range(FARMS)]
        agents = [
            Wallet.objects.create(name=f"Agent {n}", role="agent", parent=farms[n % FARMS], **given)
            for n in range(AGENTS)
        ]
    return user.pk, venue.pk, [wallet.pk for wallet in (*agents, *farms, master)] + [None]


def _make_goals(owner: UUID, scopes: list[UUID | None], now: datetime) -> None:
    """Out of reach, so that all of them go on; written as they are stored, because making one counts its past."""
    from goals.models import Goal, GoalAssignment
    from goals.targets import read

    wanted: tuple[tuple[str, Any], ...] = (
        ("trade_volume", "900000000"),
        ("trade_volume", {"measure": "notional", "value": "900000000000"}),
        ("profit_target", "900000000000"),
        ("profit_target", {"measure": "average", "value": "900000"}),
        ("strategy_performance", {"measure": "win_rate", "value": "1"}),
        ("strategy_performance", {"measure": "sharpe", "value": "900"}),
        ("strategy_performance", {"measure": "profit_factor", "value": "900000"}),
        ("equity", "900000000000"),
    )
    made = [
        Goal(
            owner_id=owner,
            name=f"Goal {number}",
            kind=wanted[number % len(wanted)][0],
            target=read(*wanted[number % len(wanted)]).stored,
            base="USDT",
            starts_at=now - timedelta(days=DAYS) + timedelta(hours=number),
            ends_at=now + timedelta(days=90),
            status=Goal.Status.ACTIVE,
        )
        for number in range(GOALS)
    ]
    Goal.objects.bulk_create(made)
    GoalAssignment.objects.bulk_create(
        GoalAssignment(owner_id=owner, goal=goal, wallet_id=scopes[(number * 7) % len(scopes)], since=goal.starts_at)
        for number, goal in enumerate(made)
    )


def _recount(owner: UUID) -> None:
    from goals import counting
    from goals.models import Goal

    counting.recount(counting.lock(owner_id=owner), Goal.objects.filter(owner_id=owner))


def _update(owner: UUID) -> None:
    from goals import services
    from kit import tenancy

    with tenancy.tenant(owner):
        services.update(owner_id=owner)


def _write(statement: str, given: dict[str, Any] | None = None) -> None:
    with psycopg.connect(os.environ[ADMIN], autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(statement.encode(), given)


def _milliseconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(measure()))
