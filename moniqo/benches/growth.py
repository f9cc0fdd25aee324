"""What a page costs as history grows: each page on the demo's fund, and again when the same fund has traded for years.

Both are measured in one run on a throw-away cluster: first as the demo trader is built, then after its history was
multiplied to `POSITIONS` closed trades (each with its two orders and fills) and `SNAPSHOTS` snapshots. The new rows are
copies at moments of their own, written past the triggers and summed up anew, because writing them one by one would
take hours; no figure is checked here, only what it costs to show: the best of `REQUESTS`, because whatever else the
machine does can only add to it.

How dense snapshots are decides what a page reads, so they lie as the job writes them: one every five minutes of every
scope, never more. A fund of 200 agents has about 215 scopes and reaches a million snapshots within 17 days; here the
demo's scopes get all of their 90 days (about 26,000 snapshots each, which is the harder case: no page reads more than
one scope), and the rest of the million belongs to as many further wallets with the same history as it takes.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg

from kit.embedded.postgres import SUPERUSER
from moniqo.benches.cluster import cluster, environment, measure_apart

POSITIONS: Final = 100_000
SNAPSHOTS: Final = 1_000_000
REQUESTS: Final = 20
WARM_UP: Final = 3
ADMIN: Final = "MONIQO_BENCH_ADMIN_URL"

# Copies of rows with other keys and moments: every column is what it was, except for those named here.
COPIES: Final = {
    "trading_position": """
        INSERT INTO trading_position
        SELECT (jsonb_populate_record(row, jsonb_build_object(
            'id', gen_random_uuid(),
            'opened_at', row.opened_at - n * interval '61 seconds',
            'closed_at', row.closed_at - n * interval '61 seconds'
        ))).*
        FROM trading_position AS row, generate_series(1, %(times)s) AS n
        WHERE row.owner_id = %(owner)s AND row.closed_at IS NOT NULL
    """,
    "trading_order": """
        WITH copy AS (
            SELECT row, n, gen_random_uuid() AS id FROM trading_order AS row, generate_series(1, %(times)s) AS n
            WHERE row.owner_id = %(owner)s AND row.closed_at IS NOT NULL
        ), written AS (
            INSERT INTO trading_order
            SELECT (jsonb_populate_record(row, jsonb_build_object(
                'id', id, 'key', left((row).key, 90) || ' ' || n, 'client_order_id', replace(id::text, '-', ''),
                'created_at', (row).created_at - n * interval '61 seconds',
                'closed_at', (row).closed_at - n * interval '61 seconds'
            ))).* FROM copy
        )
        INSERT INTO trading_fill
        SELECT (jsonb_populate_record(fill, jsonb_build_object(
            'id', nextval('trading_fill_id_seq'), 'order_id', copy.id, 'posting_id', -row_number() OVER (),
            'venue_trade_id', replace(copy.id::text, '-', '') || fill.id,
            'filled_at', fill.filled_at - copy.n * interval '61 seconds'
        ))).*
        FROM copy JOIN trading_fill AS fill ON fill.order_id = (copy.row).id
    """,
}
# Between two snapshots one every five minutes, then the same history for further wallets.
FILLED: Final = """
    INSERT INTO portfolio_snapshot (
        owner_id, wallet_id, at, base, equity, cash, invested, unrealized_pnl, realized_pnl, fees, flow, flows,
        adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced
    )
    SELECT owner_id, wallet_id, step, base, equity, cash, invested, unrealized_pnl, realized_pnl, fees, 0, flows, 0,
           gross_exposure, net_exposure, twr_index, is_stale, unpriced
    FROM (
        SELECT snapshot.*, lead(at) OVER (PARTITION BY scope ORDER BY at) AS next
        FROM portfolio_snapshot AS snapshot WHERE owner_id = %(owner)s
    ) AS snapshot
    CROSS JOIN LATERAL generate_series(
        at + interval '5 minutes', next - interval '150 seconds', interval '5 minutes'
    ) AS step
"""
FURTHER: Final = """
    INSERT INTO portfolio_snapshot (
        owner_id, wallet_id, at, base, equity, cash, invested, unrealized_pnl, realized_pnl, fees, flow, flows,
        adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced
    )
    SELECT owner_id, further.id, at, base, equity, cash, invested, unrealized_pnl, realized_pnl, fees, flow, flows,
           adjustments, gross_exposure, net_exposure, twr_index, is_stale, unpriced
    FROM portfolio_snapshot
    CROSS JOIN (
        SELECT gen_random_uuid() AS id FROM generate_series(1, ceil(%(missing)s::numeric / (
            SELECT count(*) FROM portfolio_snapshot WHERE scope = %(owner)s
        ))::integer)
    ) AS further
    WHERE scope = %(owner)s
"""
SUMS: Final = """
    DELETE FROM trading_tradetotal WHERE owner_id = %(owner)s;
    DELETE FROM trading_tradeday WHERE owner_id = %(owner)s;
    INSERT INTO trading_tradetotal
        (owner_id, wallet_id, instrument_id, trades, won_trades, lost_trades, won, lost, fees)
    SELECT owner_id, wallet_id, instrument_id, count(*), count(*) FILTER (WHERE realized_pnl > 0),
           count(*) FILTER (WHERE realized_pnl < 0), sum(greatest(realized_pnl, 0)), sum(greatest(-realized_pnl, 0)),
           sum(fees)
    FROM trading_position WHERE owner_id = %(owner)s AND closed_at IS NOT NULL GROUP BY 1, 2, 3;
    INSERT INTO trading_tradeday
        (owner_id, wallet_id, under, instrument_id, day, trades, won_trades, lost_trades, won, lost, fees)
    SELECT owner_id, wallet_id, coalesce(closed_under, wallet_id), instrument_id, (closed_at AT TIME ZONE 'UTC')::date,
           count(*), count(*) FILTER (WHERE realized_pnl > 0), count(*) FILTER (WHERE realized_pnl < 0),
           sum(greatest(realized_pnl, 0)), sum(greatest(-realized_pnl, 0)), sum(fees)
    FROM trading_position WHERE owner_id = %(owner)s AND closed_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5;
    DELETE FROM trading_tradeslice WHERE owner_id = %(owner)s;
    INSERT INTO trading_tradeslice (
        owner_id, wallet_id, under, instrument_id, by, key, trades, won_trades, lost_trades, won, lost, fees, traded
    )
    SELECT owner_id, wallet_id, coalesce(closed_under, wallet_id), instrument_id, slice.by, slice.key, count(*),
           count(*) FILTER (WHERE realized_pnl > 0), count(*) FILTER (WHERE realized_pnl < 0),
           sum(greatest(realized_pnl, 0)), sum(greatest(-realized_pnl, 0)), sum(fees),
           sum(round(entry_quantity * entry_price + exit_quantity * coalesce(exit_price, 0), 18))
    FROM trading_position
    CROSS JOIN LATERAL trading_kinds_of(trading_position) AS slice
    WHERE owner_id = %(owner)s AND closed_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;
    DELETE FROM trading_heldtotal WHERE owner_id = %(owner)s;
    INSERT INTO trading_heldtotal (owner_id, wallet_id, instrument_id, at, quantity, cost, paid, got, fees)
    SELECT owner_id, wallet_id, instrument_id, at, sum(sum(quantity)) OVER so_far, sum(sum(cost)) OVER so_far,
           sum(sum(greatest(cost - realized, 0))) OVER so_far, sum(sum(greatest(realized - cost, 0))) OVER so_far,
           sum(sum(fees)) OVER so_far
    FROM (
        SELECT owner_id, wallet_id, instrument_id, opened_at AS at, entry_quantity AS quantity,
               round(entry_quantity * entry_price, 18) AS cost, 0 AS realized, 0 AS fees
        FROM trading_position WHERE owner_id = %(owner)s
        UNION ALL
        SELECT owner_id, wallet_id, instrument_id, coalesce(closed_at, opened_at), quantity - entry_quantity,
               round(quantity * entry_price, 18) - round(entry_quantity * entry_price, 18), realized_pnl, fees
        FROM trading_position WHERE owner_id = %(owner)s
    ) AS move
    GROUP BY owner_id, wallet_id, instrument_id, at
    WINDOW so_far AS (PARTITION BY wallet_id, instrument_id ORDER BY at);
"""


def growth() -> dict[str, float]:
    """Milliseconds at best per page at the demo's size and at full size, and how many times as much that is."""
    with cluster() as server:
        given = environment(server) | {ADMIN: server.url(SUPERUSER), "MONIQO_DEMO_LATENCY_MS": "0"}
        return measure_apart("moniqo.benches.growth", given=given)


def measure() -> dict[str, float]:
    """In a process of its own, on the throw-away cluster: build the demo, measure, multiply, measure again."""
    from moniqo.demo import rehearsal, trader

    user, _ = trader.prepare()
    rehearsal.build(owner_id=user.pk, candles=None, say=lambda text: None)
    before = _pages(user)
    multiply(user.pk)
    after = _pages(user)
    figures: dict[str, float] = {}
    for page, quick in before.items():
        figures |= {f"{page} small ms": quick, f"{page} grown ms": after[page], f"{page} ratio": after[page] / quick}
    return figures | counts(user.pk)


def _addresses(user: Any) -> dict[str, str]:
    """Every page that shows a fund, as it opens and over all time, and the lists of the API."""
    from django.urls import reverse

    from farms.models import Agent, Farm
    from kit import tenancy
    from wallets.models import Connection, Wallet

    with tenancy.tenant(user.pk):
        farm, agent = Farm.objects.order_by("created_at")[0], Agent.objects.order_by("created_at")[0]
        master = Wallet.objects.get(role=Wallet.Role.MASTER)
        connection = Connection.objects.get(wallets=master)
    home, today = reverse("portfolio:home"), datetime.now(tz=UTC).date()
    return {
        "Portfolio": home,
        "Portfolio, all time": f"{home}?range=All",
        "Portfolio, one farm": f"{home}?wallet={farm.wallet_id}",
        "Portfolio, a span": f"{home}?from={today - timedelta(days=60)}&to={today - timedelta(days=30)}",
        "Calendar": reverse("portfolio:calendar"),
        "Calendar, years": f"{reverse('portfolio:calendar')}?period=year",
        "Marks on the equity": reverse("portfolio:marks"),
        "Contribution by agent": f"{reverse('reports:contribution')}?by=agent&range=All",
        "Months": reverse("reports:months"),
        "Comparison": f"{reverse('reports:compare')}?account=fund&against={farm.wallet_id}&range=All",
        "Report of a year": f"{reverse('reports:report')}?period=year",
        "Report of a connection": f"{reverse('reports:report')}?period=year&account={connection.pk}",
        "Wallets": reverse("wallets:tree"),
        "Wallet": reverse("wallets:wallet", args=[master.pk]),
        "Farms": reverse("farms:list"),
        "Farm": reverse("farms:farm", args=[farm.pk]),
        "Agent": reverse("farms:agent", args=[agent.pk]),
        "Positions": reverse("trading:positions"),
        "Orders": reverse("trading:orders"),
        "Trades": reverse("trading:trades"),
        "Trades by profit": f"{reverse('trading:trades')}?sort=-pnl",
        "Orders by worth": f"{reverse('trading:orders')}?sort=-notional",
        "Connection": reverse("wallets:connection", args=[connection.pk]),
        "API orders": "/api/v1/orders",
        "API fills": "/api/v1/fills",
        "API closed positions": "/api/v1/positions/closed",
        "API summary": "/api/v1/portfolio/summary?range=All",
        "API performance": "/api/v1/portfolio/performance?range=All",
    }


def _pages(user: Any) -> dict[str, float]:
    from moniqo.benches.pages import signed_in

    client = signed_in(user)
    return {page: _best_ms(client, address) for page, address in _addresses(user).items()}


def _best_ms(client: Any, address: str) -> float:
    times = []
    for number in range(WARM_UP + REQUESTS):
        began = time.perf_counter()
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}: repair it before measuring it.")
        if number >= WARM_UP:
            times.append((time.perf_counter() - began) * 1000)
    return min(times)


def multiply(owner_id: UUID, *, positions: int = POSITIONS) -> None:
    """Copy trades and snapshots of the owner until there are so many, and sum them up anew."""
    from django.db import connection as app

    from kit import tenancy
    from portfolio import daily

    with psycopg.connect(os.environ[ADMIN], autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
        goals = {"trading_position": positions, "trading_order": 2 * positions}
        for table, goal in goals.items():
            rows = _count(connection, table, owner_id)
            connection.execute(COPIES[table], {"owner": owner_id, "times": max(goal // max(rows, 1), 1)})
        connection.execute(FILLED, {"owner": owner_id})
        missing = max(SNAPSHOTS - _count(connection, "portfolio_snapshot", owner_id), 0)
        connection.execute(FURTHER, {"owner": owner_id, "missing": missing})
        for statement in filter(str.strip, SUMS.split(";")):
            connection.execute(statement, {"owner": owner_id})
        connection.execute("VACUUM ANALYZE")
    with tenancy.tenant(owner_id):
        daily.roll_up(owner_id=owner_id)
    app.close()


def _count(connection: psycopg.Connection[Any], table: str, owner_id: UUID) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table} WHERE owner_id = %s", [owner_id]).fetchone()  # noqa: S608 - ours
    return int(found[0]) if found else 0


def counts(owner_id: UUID) -> dict[str, float]:
    """How many rows the owner has."""
    with psycopg.connect(os.environ[ADMIN]) as connection:
        return {
            f"rows of {table}": float(_count(connection, table, owner_id)) for table in (*COPIES, "portfolio_snapshot")
        }


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(measure()) + "\n")
