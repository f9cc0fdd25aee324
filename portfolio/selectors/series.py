"""A scope's value over time, thinned out to what a screen can show.

A short period is read by its snapshots, a longer one by hours, a long one by days (`Resolution`), with the finer rows
where it begins and ends within one. Of every slice of time the lowest, the highest, the deepest and the last point are
kept, so that neither a peak nor a drawdown disappears; and so are the largest flows. Drawdown is measured on the
time-weighted index, from its highest point within the period: money put in hides no loss. It is the same at every
resolution, because hours and days remember the deepest fall within them.
A scope has a history in each asset that it was ever valued in (`base`); they are never mixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from kit import clock, days
from kit.statements import planned_once
from portfolio.retention import kept_from
from portfolio.valuation import SAYS_A_VALUE

POINTS: Final = 480
SLICES: Final = 110  # four points of each, some flows and the ends stay within POINTS
FLOWS: Final = 30
FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
# Up to so long a period is read by its snapshots, and up to so long by its hours.
FINE: Final = timedelta(days=7)
HOURLY: Final = timedelta(days=31)
# A period of seven days ends a little after it was asked for.
SLACK: Final = timedelta(hours=1)


class Resolution(StrEnum):
    """What the points of a series are made of; the value stands in the API."""

    FINE = "5m"
    HOURLY = "1h"
    DAILY = "1d"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The resolution of a period, and why it is that one."""

    resolution: Resolution
    why: str


def resolution(start: datetime, until: datetime) -> Chosen:
    """By how long the period is, and by what is still kept of its start."""
    snapshots_from, hours_from = kept_from()
    length = until - start - SLACK
    if length <= FINE and start >= snapshots_from:
        return Chosen(Resolution.FINE, f"The period is no longer than {FINE.days} days.")
    if length <= HOURLY and start >= hours_from:
        if length <= FINE:
            told = f"Values of every five minutes are kept for {settings.SNAPSHOT_DAYS} days, and it begins before."
            return Chosen(Resolution.HOURLY, told)
        return Chosen(Resolution.HOURLY, f"The period is longer than {FINE.days} days.")
    if length <= HOURLY:
        told = f"Values of every hour are kept for {settings.HOURLY_MONTHS} months, and it begins before."
        return Chosen(Resolution.DAILY, told)
    return Chosen(Resolution.DAILY, f"The period is longer than {HOURLY.days} days.")


# Where the first whole hour and the first whole day of the period open, and where the last of them end. A history that
# begins within an hour begins with all of that hour. What has not been over is left to the snapshots.
EDGES: Final = """
edge AS MATERIALIZED (
    SELECT first_hour.opened_at AS first_hour, last_hour.ends AS last_hour,
           first_day.opened_at AS first_day, last_day.ends AS last_day
    FROM (VALUES (1)) AS one
    LEFT JOIN LATERAL (
        SELECT opened_at FROM portfolio_hourlyperformance
        WHERE %(by_hours)s AND scope = %(scope)s AND base = %(base)s AND at > %(start)s - interval '1 hour'
              AND opened_at > %(start)s AND ends <= least(%(until)s, %(now)s)
        ORDER BY at LIMIT 1
    ) AS first_hour ON true
    LEFT JOIN LATERAL (
        SELECT ends FROM portfolio_hourlyperformance
        WHERE first_hour.opened_at IS NOT NULL AND scope = %(scope)s AND base = %(base)s AND at < %(until)s
              AND ends <= least(%(until)s, %(now)s)
        ORDER BY at DESC LIMIT 1
    ) AS last_hour ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(opened_at, ends - interval '1 day') AS opened_at FROM portfolio_dailyperformance
        WHERE %(by_days)s AND scope = %(scope)s AND base = %(base)s AND day >= %(first_date)s
              AND coalesce(opened_at, ends - interval '1 day') > %(start)s AND ends <= least(%(until)s, %(now)s)
        ORDER BY day LIMIT 1
    ) AS first_day ON true
    LEFT JOIN LATERAL (
        SELECT ends FROM portfolio_dailyperformance
        WHERE first_day.opened_at IS NOT NULL AND scope = %(scope)s AND base = %(base)s AND day <= %(last_date)s
              AND ends <= least(%(until)s, %(now)s)
        ORDER BY day DESC LIMIT 1
    ) AS last_day ON true
)
"""
_SNAPSHOTS: Final = f"""
    SELECT at, equity, flow, adjustments, twr_index, twr_index, twr_index, 0, corrected_at, at, false
    FROM portfolio_snapshot
    WHERE scope = %(scope)s AND base = %(base)s AND {SAYS_A_VALUE} AND at > %(start)s AND at < %(until)s
"""  # noqa: S608 - joined from constants
_HOURS: Final = """
    SELECT closed_at, equity, flow, adjustments, twr_index, twr_low, twr_high, drawdown, corrected_at, opened_at,
           false
    FROM portfolio_hourlyperformance
    WHERE scope = %(scope)s AND base = %(base)s AND at < %(until)s AND ends <= least(%(until)s, %(now)s)
"""
# The value before the period; snapshots up to the first whole hour; hours up to the first whole day; days; and what is
# left after the last of them by hours and snapshots again.
SOURCE: Final = f"""
    SELECT at, equity, 0, 0, twr_index, twr_index, twr_index, 0, NULL::timestamptz, at, true
    FROM portfolio_value_before(%(scope)s, %(base)s, %(start)s + interval '1 microsecond')
    UNION ALL
    {_SNAPSHOTS} AND at < (SELECT least(%(until)s, first_hour, first_day) FROM edge)
    UNION ALL
    {_HOURS} AND at > %(start)s - interval '1 hour' AND opened_at >= (SELECT first_hour FROM edge)
    AND opened_at < (SELECT coalesce(first_day, 'infinity') FROM edge)
    UNION ALL
    SELECT ends - interval '1 microsecond', equity, flow, adjustments, twr_index, twr_low, twr_high, drawdown,
           corrected_at,
           coalesce(opened_at, ends - interval '1 day'), false
    FROM portfolio_dailyperformance
    WHERE scope = %(scope)s AND base = %(base)s AND day >= %(first_date)s AND day <= %(last_date)s
          AND coalesce(opened_at, ends - interval '1 day') >= (SELECT first_day FROM edge)
          AND ends <= (SELECT last_day FROM edge)
    UNION ALL
    {_HOURS} AND at >= (SELECT last_day FROM edge) AND opened_at >= (SELECT first_hour FROM edge)
    UNION ALL
    {_SNAPSHOTS} AND at >= (SELECT greatest(last_hour, last_day) FROM edge)
"""  # noqa: S608 - joined from constants


# A drawdown is the deeper of two: from the highest index of what was before to the lowest here, and within it.
# After a total loss the index begins anew: a life ends with an index of zero, and peaks count within their life only.
def points(raw: str, name: str, source: str = "") -> str:
    """The common table expressions that make points, called `name`, of the rows `raw`, which `source` selects."""
    columns = "(at, equity, flow, adjustments, twr_index, low, high, fall, corrected_at, began, is_opening)"
    return f"""{f"WITH {EDGES}, {raw} {columns} AS ({source})" if source else ""},
{name}_lived AS (
    SELECT {raw}.*, count(*) FILTER (WHERE low = 0)
           OVER (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS life
    FROM {raw}
),
{name} AS (
    SELECT at, began, equity, twr_index, low, high, life, corrected_at,
           CASE WHEN is_opening THEN 0 ELSE flow END AS flow,
           CASE WHEN is_opening THEN 0 ELSE adjustments END AS adjustments,
           sum(CASE WHEN is_opening THEN 0 ELSE flow END) OVER whole AS flows,
           (row_number() OVER whole)::double precision AS number, date_part('epoch', at) AS second,
           CASE WHEN low = 0 AND NOT is_opening THEN -1 ELSE
               least(low / nullif(max(high) OVER (earlier ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
                     1 + fall) - 1
           END AS drawdown
    FROM {name}_lived
    WINDOW earlier AS (PARTITION BY life ORDER BY at), whole AS (ORDER BY life, at)
)
"""  # noqa: S608 - joined from constants


# The least and the greatest of [value, number] pairs find an extreme and where it is in one pass without sorting.
THINNED: Final = """
, span AS (SELECT min(second) AS first, max(second) + 1 AS last, count(*) AS points FROM point),
extreme AS (
    SELECT min(ARRAY[equity::double precision, number]) AS lowest,
           max(ARRAY[equity::double precision, number]) AS highest,
           min(ARRAY[drawdown, number]) AS deepest, max(number) AS latest
    FROM point CROSS JOIN span
    WHERE points > %(points)s
    GROUP BY width_bucket(second, first, last, %(slices)s)
),
marked AS (SELECT number FROM point WHERE flow <> 0 ORDER BY abs(flow) DESC, at LIMIT %(flows)s),
kept AS (
    SELECT unnest(ARRAY[lowest[2], highest[2], deepest[2], latest]) AS number FROM extreme
    UNION
    SELECT number FROM marked
    UNION
    SELECT number FROM point CROSS JOIN span WHERE points <= %(points)s
)
"""


@dataclass(frozen=True, slots=True)
class Point:
    """`flows` are all of the period up to here, `drawdown` a fraction ≤ 0 of the index's highest value so far."""

    at: datetime
    equity: Decimal
    twr_index: float
    drawdown: float
    flow: Decimal
    flows: Decimal
    is_marked: bool = False


def clamp(start: datetime, first: datetime | None) -> datetime:
    """`start`, or just before the first snapshot when that is later: how long a period really is."""
    return max(start, first - timedelta(microseconds=1)) if first else start


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that came in (+) or left (−) between two snapshots; `equity` is the value right after."""

    at: datetime
    amount: Decimal
    equity: Decimal


# By snapshots as far as there are any, by hours before, by days before those.
_FLOWS: Final = """
WITH known AS (
    SELECT (SELECT at FROM portfolio_snapshot WHERE scope = %(scope)s AND base = %(base)s ORDER BY at LIMIT 1) AS fine,
           (SELECT opened_at FROM portfolio_hourlyperformance WHERE scope = %(scope)s AND base = %(base)s
            ORDER BY at LIMIT 1) AS hourly
)
SELECT at, flow, equity
FROM (
    SELECT at, flow, equity FROM portfolio_snapshot
    WHERE scope = %(scope)s AND base = %(base)s AND at > %(start)s AND at < %(until)s AND flow <> 0
    UNION ALL
    SELECT closed_at, flow, equity FROM portfolio_hourlyperformance
    WHERE scope = %(scope)s AND base = %(base)s AND closed_at > %(start)s AND closed_at < %(until)s AND flow <> 0
          AND at < (SELECT fine FROM known) AND closed_at < (SELECT fine FROM known)
    UNION ALL
    SELECT closed_at, flow, equity FROM portfolio_dailyperformance
    WHERE scope = %(scope)s AND base = %(base)s AND closed_at > %(start)s AND closed_at < %(until)s AND flow <> 0
          AND closed_at < (SELECT least(fine, hourly) FROM known)
) AS flowed
ORDER BY at DESC LIMIT %(limit)s
"""


def flows_since(
    *, scope: UUID, base: str, start: datetime, until: datetime = FOREVER, limit: int = 200
) -> Sequence[Flow]:
    """The flows of the period, newest first."""
    given: dict[str, Any] = {"scope": scope, "base": base, "start": start, "until": until, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_FLOWS, given)
        return [Flow(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Change:
    """What a period did: equity at its start and now, what happened between, and its drawdowns (fractions ≤ 0).

    `profit` is what was earned, the change of equity without the flows, and is exactly market + realized + funding −
    fees + adjustments. `began` is the moment the period is measured from: the last snapshot before its start, or the
    first of all; None while there is none. `realized` is before fees.
    """

    began: datetime | None
    opening: Decimal
    closing: Decimal
    flows: Decimal
    realized: Decimal
    funding: Decimal
    fees: Decimal
    adjustments: Decimal
    twr: float
    max_drawdown: float
    current_drawdown: float

    @property
    def profit(self) -> Decimal:
        return self.closing - self.opening - self.flows

    @property
    def market(self) -> Decimal:
        """What prices did to what was held."""
        return self.profit - self.realized - self.funding + self.fees - self.adjustments


@dataclass(frozen=True, slots=True)
class UnknownChange:
    """The change of what cannot be valued now: each figure of a `Change` is there, and none is known."""

    began: None = None
    opening: None = None
    closing: None = None
    flows: None = None
    realized: None = None
    funding: None = None
    fees: None = None
    adjustments: None = None
    twr: None = None
    max_drawdown: None = None
    current_drawdown: None = None
    profit: None = None
    market: None = None


@dataclass(frozen=True, slots=True)
class Trough:
    """The deepest drawdown of a period with its dates; `recovered_at` is None while the peak was not reached again."""

    depth: float
    peak_at: datetime
    peak_equity: Decimal
    at: datetime
    equity: Decimal
    recovered_at: datetime | None


# The deepest point, the peak that it fell from, and the moment at which that peak was reached again.
TROUGH: Final = """
, deepest AS (SELECT at, equity, low, life, drawdown FROM point ORDER BY drawdown, at LIMIT 1),
peak AS (
    SELECT point.at, point.equity, point.high AS twr_index FROM point CROSS JOIN deepest
    WHERE point.at <= deepest.at AND point.life = deepest.life ORDER BY point.high DESC, point.at DESC LIMIT 1
),
recovered AS (
    SELECT min(point.at) AS at FROM point CROSS JOIN deepest CROSS JOIN peak
    WHERE point.at > deepest.at AND point.life = deepest.life AND point.high >= peak.twr_index
)
"""
_TROUGH: Final = f"""{TROUGH}
SELECT deepest.drawdown, peak.at, peak.equity, deepest.at, deepest.equity, recovered.at
FROM deepest CROSS JOIN peak CROSS JOIN recovered
"""  # noqa: S608 - joined from constants


def deepest_drawdown(*, scope: UUID, base: str, start: datetime, until: datetime = FOREVER) -> Trough | None:
    """The largest fall of the time-weighted index within the period, None without snapshots."""
    with planned_once(connection) as cursor:
        cursor.execute(points("raw", "point", SOURCE) + _TROUGH, parameters(scope, base, start, until))
        row = cursor.fetchone()
    return Trough(float(row[0] or 0), *row[1:]) if row else None


def parameters(
    scope: UUID, base: str, start: datetime, until: datetime = FOREVER, begun: datetime | None = None
) -> dict[str, Any]:
    """Of `points` over `SOURCE`; where the history has `begun` is how long the period really is."""
    now = clock.now()
    end = min(until, now)
    chosen = resolution(clamp(start, begun), end).resolution
    return {
        "scope": scope,
        "base": base,
        "start": start,
        "until": until,
        "now": now,
        "by_hours": chosen != Resolution.FINE,
        "by_days": chosen == Resolution.DAILY,
        "first_date": days.day_of(start) - timedelta(days=1),  # or it was a day of another zone
        "last_date": days.day_of(end) + timedelta(days=1),
    }
