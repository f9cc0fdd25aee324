"""From snapshots to days: the owner's days of each scope, each with its close, extremes and exact parts of its change.

A day is computed from its own snapshots and the last one before it, so it may be computed again at any time. The
cursor is the newest day in the table: it is not over yet, so the next roll-up starts with it. Days are those of the
owner's time zone, from midnight to midnight; an owner who moves gets all of them anew. `kit.days` says when each begins
and ends, because the database may have other rules for the zone.

The parts sum exactly because every movement of the books is a flow, a fee, an adjustment or a trade (see `valuation`):
what is left once those and the realized profit are taken out of the change is what prices did to what was held.
"""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min

from kit import days
from portfolio.models import Snapshot
from portfolio.valuation import EARNED_BEFORE, SAYS_A_VALUE

ROLL_UP: Final = f"""
WITH scope (scope, base) AS (
    -- A scope's history is that of the asset it is valued in now.
    SELECT candidate.scope, newest.base
    FROM (
        SELECT wallet_id FROM wallet_places WHERE owner_id = %(owner)s
        UNION ALL
        SELECT %(owner)s::uuid
    ) AS candidate (scope)
    CROSS JOIN LATERAL (
        SELECT base FROM portfolio_snapshot WHERE portfolio_snapshot.scope = candidate.scope ORDER BY at DESC LIMIT 1
    ) AS newest
),
series AS (
    SELECT snapshot.*
    FROM scope
    CROSS JOIN LATERAL (
        (
            SELECT scope, wallet_id, base, at, equity, realized_pnl, fees, flow, adjustments, twr_index
            FROM portfolio_snapshot AS earlier
            WHERE earlier.scope = scope.scope AND earlier.base = scope.base AND at < %(start)s
            ORDER BY at DESC LIMIT 1
        )
        UNION ALL
        SELECT scope, wallet_id, base, at, equity, realized_pnl, fees, flow, adjustments, twr_index
        FROM portfolio_snapshot AS later
        WHERE later.scope = scope.scope AND later.base = scope.base AND at >= %(start)s AND {SAYS_A_VALUE}
    ) AS snapshot
),
step AS (
    SELECT series.*, width_bucket(at, %(begins)s::timestamptz[]) AS place,
           equity - lag(equity, 1, 0::numeric) OVER earlier AS change,
           realized_pnl - lag(realized_pnl, 1, {EARNED_BEFORE}) OVER earlier AS net_gain,
           fees - lag(fees, 1, 0::numeric) OVER earlier AS paid,
           lag(twr_index, 1, 1::double precision) OVER earlier AS index_before
    FROM series
    WINDOW earlier AS (PARTITION BY scope ORDER BY at)
),
day AS (
    SELECT scope, wallet_id, base, (%(days)s::date[])[place] AS day, (%(ends)s::timestamptz[])[place] AS ends,
           (array_agg(equity ORDER BY at DESC))[1] AS equity, min(equity) AS low, max(equity) AS high,
           sum(change) AS change, portfolio_bounded(sum(flow)) AS flow,
           portfolio_bounded(sum(net_gain + paid)) AS realized, portfolio_bounded(sum(paid)) AS fees,
           portfolio_bounded(sum(adjustments)) AS adjustments,
           (array_agg(index_before ORDER BY at))[1] AS index_before,
           (array_agg(twr_index ORDER BY at DESC))[1] AS twr_index,
           min(twr_index) AS twr_low, max(twr_index) AS twr_high,
           bool_or(twr_index = 0 AND index_before > 0) AS is_lost
    FROM step
    WHERE at >= %(start)s
    GROUP BY scope, wallet_id, base, place
)
INSERT INTO portfolio_dailyperformance (
    owner_id, wallet_id, day, ends, base, equity, low, high, flow, market, realized, fees, adjustments,
    twr, twr_index, twr_low, twr_high
)
SELECT %(owner)s, wallet_id, day, ends, base, equity, low, high, flow, change - flow - realized + fees - adjustments,
       realized, fees, adjustments,
       CASE WHEN is_lost THEN -1
            WHEN index_before > 0 THEN twr_index / index_before - 1
            -- All was lost before: the index stays at zero until it begins anew at one.
            WHEN twr_index > 0 THEN twr_index - 1 ELSE 0 END,
       twr_index, twr_low, twr_high
FROM day
ORDER BY scope, day
ON CONFLICT (scope, day) DO UPDATE
SET ends = excluded.ends, base = excluded.base, equity = excluded.equity, low = excluded.low, high = excluded.high,
    flow = excluded.flow, market = excluded.market, realized = excluded.realized, fees = excluded.fees,
    adjustments = excluded.adjustments, twr = excluded.twr, twr_index = excluded.twr_index,
    twr_low = excluded.twr_low, twr_high = excluded.twr_high
"""  # noqa: S608 - joined from constants

# The first day there can be: everything is rolled up from the beginning.
BEGINNING: Final = date(2009, 1, 1)
GREENWICH: Final = ZoneInfo("UTC")


def roll_up(*, owner_id: UUID, since: date = BEGINNING, zone: ZoneInfo = GREENWICH) -> int:
    """Compute every day of every scope of the owner from `since` on, days of `zone`; returns how many were written."""
    spanned = Snapshot.objects.filter(owner_id=owner_id, at__gte=days.begins(since, zone)).aggregate(
        Min("at"), Max("at")
    )
    if spanned["at__min"] is None:
        return 0
    first, last = (days.day_of(spanned[name], zone) for name in ("at__min", "at__max"))
    calendar = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    given: dict[str, Any] = {
        "owner": owner_id,
        "start": days.begins(first, zone),
        "days": calendar,
        "begins": [days.begins(day, zone) for day in calendar],
        "ends": [days.ends(day, zone) for day in calendar],
    }
    with connection.cursor() as cursor:
        cursor.execute(ROLL_UP, given)
        return int(cursor.rowcount)
