"""From snapshots to hours, and from hours to days: each with its close, extremes and exact parts of its change.

An hour is computed from its own snapshots and what stood before them, a day from its hours, so both may be computed
again at any time: what is written twice is the same. Days are those of the owner's time zone, from midnight to
midnight, and hours are counted from that midnight, so that every hour lies in one day. `kit.days` says when each day
begins and ends, because the database may have other rules for the zone.

The parts sum exactly because every movement of the books is a flow, a fee, an adjustment, a funding payment, a trade or
a profit of derivatives (see `valuation`): what is left once those and the realized profit are taken out of the change
is what prices did to what was held.

A row that has seen more than what there is now to make it of stays as it is: five-minute snapshots and hours are
forgotten after a while (see `retention`), and what was made of them is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from kit import days
from kit.users.models import User
from portfolio.valuation import EARNED_BEFORE, SAYS_A_VALUE

# Every history that there may be: of each wallet and of all together, in each asset that the owner has valued in.
SCOPES: Final = """
WITH scope (scope, wallet_id, base) AS MATERIALIZED (
    SELECT candidate.scope, candidate.wallet_id, base
    FROM (
        SELECT wallet_id, wallet_id FROM wallet_places WHERE owner_id = %(owner)s
        UNION ALL
        SELECT %(owner)s::uuid, NULL
    ) AS candidate (scope, wallet_id)
    CROSS JOIN (
        SELECT base FROM portfolio_flowmark WHERE owner_id = %(owner)s
        UNION
        SELECT base_asset FROM wallet_places WHERE owner_id = %(owner)s
        UNION
        SELECT %(currency)s
    ) AS valued (base)
    WHERE NOT %(only_whole)s OR (candidate.scope, base) = (%(owner)s, %(currency)s)
)
"""
# The snapshots from `start` until `until`, after the value that stood before them. An hour is told by where it begins.
_OF_SNAPSHOTS: Final = f""",
series AS (
    SELECT scope.scope, scope.wallet_id, scope.base, value.*
    FROM scope
    CROSS JOIN LATERAL (
        SELECT NULL::timestamptz AS place, NULL::timestamptz AS ends, at, at AS opened_at, equity, equity AS low,
               equity AS high, realized_pnl, fees, funding, 0::numeric AS flow, flows, 0::numeric AS adjustments,
               twr_index,
               twr_index AS twr_low, twr_index AS twr_high, 0::double precision AS drawdown,
               NULL::timestamptz AS corrected_at, 0::numeric AS earned_before
        FROM portfolio_value_before(scope.scope, scope.base, %(start)s)
        UNION ALL
        SELECT begins + (hour - 1) * interval '1 hour', least(begins + hour * interval '1 hour', ends), at, at, equity,
               equity, equity, realized_pnl, fees, funding, flow, flows, adjustments, twr_index, twr_index, twr_index,
               0, corrected_at, {EARNED_BEFORE}
        FROM portfolio_snapshot AS snapshot
        CROSS JOIN LATERAL (SELECT width_bucket(at, %(begins)s::timestamptz[]) AS day) AS found
        CROSS JOIN LATERAL (
            SELECT (%(begins)s::timestamptz[])[day] AS begins, (%(ends)s::timestamptz[])[day] AS ends
        ) AS within
        CROSS JOIN LATERAL (SELECT 1 + floor(extract(epoch FROM at - begins) / 3600)::integer AS hour) AS counted
        WHERE snapshot.scope = scope.scope AND snapshot.base = scope.base AND at >= %(start)s AND at < %(until)s
              AND {SAYS_A_VALUE}
    ) AS value
),
"""  # noqa: S608 - joined from constants
# The hours from `start` on, or from the end of the last day that is written down, after what stood then.
_OF_HOURS: Final = """,
last AS (
    SELECT scope.*, day.ends, day.closed_at, day.equity, day.realized_pnl, day.fees_paid,
           day.funding_got, day.flows, day.twr_index
    FROM scope
    LEFT JOIN LATERAL (
        SELECT * FROM portfolio_dailyperformance AS earlier
        WHERE earlier.scope = scope.scope AND earlier.base = scope.base AND earlier.day < %(first)s
              AND earlier.ends <= %(start)s AND closed_at IS NOT NULL
        ORDER BY day DESC LIMIT 1
    ) AS day ON true
),
series AS (
    SELECT last.scope, last.wallet_id, last.base, value.*
    FROM last
    CROSS JOIN LATERAL (
        SELECT NULL::date AS place, NULL::timestamptz AS ends, closed_at AS at, closed_at AS opened_at, equity,
               equity AS low, equity AS high, realized_pnl, fees_paid AS fees, funding_got AS funding,
               0::numeric AS flow, flows,
               0::numeric AS adjustments, twr_index, twr_index AS twr_low, twr_index AS twr_high,
               0::double precision AS drawdown, NULL::timestamptz AS corrected_at, 0::numeric AS earned_before
        WHERE last.ends IS NOT NULL
        UNION ALL
        SELECT NULL, NULL, at, at, equity, equity, equity, realized_pnl, fees, funding, 0, flows, 0, twr_index,
               twr_index, twr_index, 0, NULL, 0
        FROM portfolio_value_before(last.scope, last.base, %(start)s) WHERE last.ends IS NULL
        UNION ALL
        SELECT (%(days)s::date[])[place], (%(ends)s::timestamptz[])[place], hour.closed_at, hour.opened_at, hour.equity,
               hour.low, hour.high, hour.realized_pnl, hour.fees_paid, hour.funding_got, hour.flow, hour.flows,
               hour.adjustments, hour.twr_index, hour.twr_low, hour.twr_high, hour.drawdown, hour.corrected_at,
               hour.realized_pnl - hour.realized + hour.fees
        FROM portfolio_hourlyperformance AS hour
        CROSS JOIN LATERAL (SELECT greatest(width_bucket(hour.at, %(begins)s::timestamptz[]), 1) AS place) AS found
        WHERE hour.scope = last.scope AND hour.base = last.base AND hour.at >= coalesce(last.ends, %(start)s)
              AND hour.at < %(until)s
    ) AS value
),
"""
_ROLLED: Final = """
step AS (
    SELECT series.*,
           equity - lag(equity, 1, 0::numeric) OVER earlier AS change,
           lag(equity, 1, equity) OVER earlier AS equity_before,
           realized_pnl - lag(realized_pnl, 1, earned_before) OVER earlier AS net_gain,
           fees - lag(fees, 1, 0::numeric) OVER earlier AS paid,
           funding - lag(funding, 1, 0::numeric) OVER earlier AS got,
           lag(twr_index, 1, 1::double precision) OVER earlier AS index_before,
           max(twr_high) OVER (PARTITION BY scope, base, place ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING
                               AND 1 PRECEDING) AS peak
    FROM series
    WINDOW earlier AS (PARTITION BY scope, base ORDER BY at)
),
rolled AS (
    SELECT scope, wallet_id, base, place, ends, min(opened_at) AS opened_at, max(at) AS closed_at,
           (array_agg(equity_before ORDER BY at))[1] AS open, (array_agg(equity ORDER BY at DESC))[1] AS equity,
           min(low) AS low, max(high) AS high,
           sum(change) AS change, portfolio_bounded(sum(flow)) AS flow,
           (array_agg(flows ORDER BY at DESC))[1] AS flows,
           portfolio_bounded(sum(net_gain + paid)) AS realized,
           (array_agg(realized_pnl ORDER BY at DESC))[1] AS realized_pnl,
           portfolio_bounded(sum(paid)) AS fees, (array_agg(fees ORDER BY at DESC))[1] AS fees_paid,
           portfolio_bounded(sum(got)) AS funding, (array_agg(funding ORDER BY at DESC))[1] AS funding_got,
           portfolio_bounded(sum(adjustments)) AS adjustments,
           (array_agg(index_before ORDER BY at))[1] AS index_before,
           (array_agg(twr_index ORDER BY at DESC))[1] AS twr_index,
           min(twr_low) AS twr_low, max(twr_high) AS twr_high,
           bool_or(twr_low = 0 AND index_before > 0) AS is_lost,
           CASE WHEN min(twr_low) = 0 THEN -1
                ELSE least(min(drawdown), min(twr_low / nullif(peak, 0)) - 1, 0) END AS drawdown,
           max(corrected_at) AS corrected_at
    FROM step
    WHERE place IS NOT NULL
    GROUP BY scope, wallet_id, base, place, ends
)
INSERT INTO {table} AS kept (
    owner_id, wallet_id, {key}, ends, base, opened_at, closed_at, open, equity, low, high, flow, flows, market,
    realized, realized_pnl, funding, funding_got, fees, fees_paid, adjustments, twr, twr_index, twr_low, twr_high,
    drawdown, corrected_at
)
SELECT %(owner)s, wallet_id, place, ends, base, opened_at, closed_at, open, equity, low, high, flow, flows,
       change - flow - realized - funding + fees - adjustments, realized, realized_pnl, funding, funding_got, fees,
       fees_paid, adjustments,
       CASE WHEN is_lost THEN -1
            WHEN index_before > 0 THEN twr_index / index_before - 1
            -- All was lost before: the index stays at zero until it begins anew at one.
            WHEN twr_index > 0 THEN twr_index - 1 ELSE 0 END,
       twr_index, twr_low, twr_high, drawdown, corrected_at
FROM rolled
ORDER BY scope, base, place
ON CONFLICT (scope, base, {key}) DO UPDATE
SET ends = excluded.ends, opened_at = excluded.opened_at, closed_at = excluded.closed_at, open = excluded.open,
    equity = excluded.equity, low = excluded.low, high = excluded.high, flow = excluded.flow, flows = excluded.flows,
    market = excluded.market, realized = excluded.realized, realized_pnl = excluded.realized_pnl, fees = excluded.fees,
    fees_paid = excluded.fees_paid, funding = excluded.funding, funding_got = excluded.funding_got,
    adjustments = excluded.adjustments, twr = excluded.twr,
    twr_index = excluded.twr_index, twr_low = excluded.twr_low, twr_high = excluded.twr_high,
    drawdown = excluded.drawdown, corrected_at = excluded.corrected_at
WHERE kept.opened_at IS NULL OR kept.opened_at >= excluded.opened_at
"""
HOURS: Final = SCOPES + _OF_SNAPSHOTS + _ROLLED.format(table="portfolio_hourlyperformance", key="at")
DAYS: Final = SCOPES + _OF_HOURS + _ROLLED.format(table="portfolio_dailyperformance", key="day")
# The first and the last row since a moment, of whichever scope.
_SPANNED: Final = f"""{SCOPES}
SELECT min(first.at), max(last.at)
FROM scope
CROSS JOIN LATERAL (
    SELECT at FROM {{table}} AS row
    WHERE row.scope = scope.scope AND row.base = scope.base AND at >= %(since)s ORDER BY at LIMIT 1
) AS first
CROSS JOIN LATERAL (
    SELECT at FROM {{table}} AS row WHERE row.scope = scope.scope AND row.base = scope.base ORDER BY at DESC LIMIT 1
) AS last
"""  # noqa: S608 - joined from constants
SNAPSHOTS_SPANNED: Final = _SPANNED.format(table="portfolio_snapshot")
HOURS_SPANNED: Final = _SPANNED.format(table="portfolio_hourlyperformance")

# The first day there can be: everything is rolled up from the beginning.
BEGINNING: Final = date(2009, 1, 1)
GREENWICH: Final = ZoneInfo("UTC")
# So many days of snapshots are summed up in one statement.
AT_ONCE: Final = 31


def roll_up(*, owner_id: UUID, since: date = BEGINNING, zone: ZoneInfo = GREENWICH, only_whole: bool = False) -> int:
    """Compute every hour and day of every scope of the owner from `since` on, days of `zone`; returns how many days.

    With `only_whole` those of all wallets together in the base of now.
    """
    return sum(part.days for part in roll_up_parts(owner_id=owner_id, since=since, zone=zone, only_whole=only_whole))


@dataclass(frozen=True, slots=True)
class Part:
    """What has been rolled up: as far as the day `until`, so many days of all scopes together."""

    until: date
    days: int


def roll_up_parts(
    *,
    owner_id: UUID,
    since: date,
    zone: ZoneInfo,
    hours_since: datetime | None = None,
    only_whole: bool = False,
) -> Iterator[Part]:
    """The same a month at a time. Whoever takes them one by one may stop after each, and go on from its day later.

    With `hours_since` hours only from there on: the earlier ones are as they should be.
    """
    begins = days.begins(since, zone)
    scopes = given(owner_id, only_whole=only_whole)
    snapshots = span(SNAPSHOTS_SPANNED, scopes, since=begins)
    spans = (snapshots, span(HOURS_SPANNED, scopes, since=begins))
    moments = [days.day_of(moment, zone) for spanned in spans if spanned for moment in spanned]
    if not moments:
        return
    first, last = min(moments), max(moments)
    # What is before the first snapshot there is stands in hours alone.
    fine = max(hours_since or begins, snapshots[0]) if snapshots else days.ends(last, zone)
    while first <= last:
        until = min(first + timedelta(days=AT_ONCE - 1), last)
        _write(HOURS, scopes, first, until, zone, since=fine)
        yield Part(until, _write(DAYS, scopes, first, until, zone))
        first = until + timedelta(days=1)


def span(statement: str, scopes: dict[str, Any], *, since: datetime) -> tuple[datetime, datetime] | None:
    """The moments of the first and the last row of any of the scopes from `since` on; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(statement, scopes | {"since": since})
        first, last = cursor.fetchone()
    return None if first is None else (first, last)


def _write(
    statement: str, scopes: dict[str, Any], first: date, last: date, zone: ZoneInfo, *, since: datetime | None = None
) -> int:
    """What begins on the days from `first` to `last`, and not before `since`; returns how many rows were written."""
    calendar = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    begins, ends = days.begins(first, zone), days.ends(last, zone)
    told = scopes | {
        "first": first,
        "start": min(max(begins, since), ends) if since else begins,
        "until": ends,
        "days": calendar,
        "begins": [days.begins(day, zone) for day in calendar],
        "ends": [days.ends(day, zone) for day in calendar],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        return int(cursor.rowcount)


def given(owner_id: UUID, *, only_whole: bool = False) -> dict[str, Any]:
    """The parameters of `SCOPES`; with `only_whole` all wallets together in the base of now, and nothing else."""
    currency = User.objects.values_list("base_currency", flat=True).get(pk=owner_id)
    return {"owner": owner_id, "currency": currency, "only_whole": only_whole}
