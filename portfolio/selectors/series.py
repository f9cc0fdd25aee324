"""A scope's value over time, thinned out to what a screen can show.

The last days are read from the snapshots, what is older from the days. Of every slice of time the lowest, the highest,
the deepest and the last point are kept, so that neither a peak nor a drawdown disappears; and so are the largest flows.
Drawdown is measured on the time-weighted index, from its highest point within the period: money put in hides no loss.
A scope has a history in each asset that it was ever valued in (`base`); they are never mixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock, days
from kit.statements import planned_once
from portfolio.models import Snapshot
from portfolio.valuation import SAYS_A_VALUE

POINTS: Final = 480
SLICES: Final = 110  # four points of each, some flows and the ends stay within POINTS
FLOWS: Final = 30
FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
# What is older than this is read by its days: every five minutes of it is more than has to be read for one line. A
# slice of a period longer than `LONG` is more than six hours wide, so that less of it has to be fine.
LONG: Final = timedelta(days=31)
FINE: Final = timedelta(days=7)
FINE_OF_LONG: Final = timedelta(days=2)

# The value before the period; the rest of its first day by snapshots; whole days, each standing at its end, up to the
# newest that is written down and older than `fine`; and from there on snapshots again.
SOURCE: Final = f"""
    (
        SELECT at, equity, flow, adjustments, twr_index, twr_index AS low, twr_index AS high, true AS is_opening
        FROM portfolio_snapshot WHERE scope = %(scope)s AND base = %(base)s AND at <= %(start)s
        ORDER BY at DESC LIMIT 1
    )
    UNION ALL
    SELECT at, equity, flow, adjustments, twr_index, twr_index, twr_index, false
    FROM portfolio_snapshot
    WHERE scope = %(scope)s AND base = %(base)s AND {SAYS_A_VALUE} AND at > %(start)s AND at < %(second_day)s
          AND at < %(until)s
    UNION ALL
    SELECT ends - interval '1 microsecond', equity, flow, adjustments, twr_index, twr_low, twr_high, false
    FROM portfolio_dailyperformance
    WHERE scope = %(scope)s AND base = %(base)s AND day >= %(second_date)s AND ends <= %(fine)s
          AND ends <= %(until)s
    UNION ALL
    SELECT at, equity, flow, adjustments, twr_index, twr_index, twr_index, false
    FROM portfolio_snapshot
    WHERE scope = %(scope)s AND base = %(base)s AND {SAYS_A_VALUE}
          AND at > %(start)s AND at < %(until)s AND at >= greatest(%(second_day)s, (
        SELECT ends FROM portfolio_dailyperformance
        WHERE scope = %(scope)s AND base = %(base)s AND ends <= %(fine)s ORDER BY day DESC LIMIT 1
    ))
"""  # noqa: S608 - joined from constants


# A day does not say whether its low came before its high. So its low is measured from the days before it, and its close
# from its high too: every drawdown that is shown has happened. A snapshot is all of these at once.
# After a total loss the index begins anew: a life ends with an index of zero, and peaks count within their life only.
def points(raw: str, name: str, source: str = "") -> str:
    """The common table expressions that make points, called `name`, of the rows `raw`, which `source` selects."""
    columns = "(at, equity, flow, adjustments, twr_index, low, high, is_opening)"
    return f"""{f"WITH {raw} {columns} AS ({source})" if source else ""},
{name}_lived AS (
    SELECT {raw}.*, count(*) FILTER (WHERE low = 0)
           OVER (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS life
    FROM {raw}
),
{name} AS (
    SELECT at, equity, twr_index, low, high, life, CASE WHEN is_opening THEN 0 ELSE flow END AS flow,
           CASE WHEN is_opening THEN 0 ELSE adjustments END AS adjustments,
           sum(CASE WHEN is_opening THEN 0 ELSE flow END) OVER whole AS flows,
           (row_number() OVER whole)::double precision AS number, date_part('epoch', at) AS second,
           CASE WHEN low = 0 AND NOT is_opening THEN -1 ELSE
               least(low / nullif(max(high) OVER (earlier ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
                     twr_index / nullif(max(high) OVER earlier, 0)) - 1
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


def flows_since(
    *, scope: UUID, base: str, start: datetime, until: datetime = FOREVER, limit: int = 200
) -> Sequence[Flow]:
    """The flows of the period, newest first."""
    rows = (
        Snapshot.objects.filter(scope=scope, base=base, at__gt=start, at__lt=until)
        .exclude(flow=0)
        .order_by("-at")[:limit]
    )
    return [Flow(*row) for row in rows.values_list("at", "flow", "equity")]


@dataclass(frozen=True, slots=True)
class Change:
    """What a period did: equity at its start and now, what happened between, and its drawdowns (fractions ≤ 0).

    `profit` is what was earned, the change of equity without the flows, and is exactly market + realized − fees +
    adjustments. `began` is the moment the period is measured from: the last snapshot before its start, or the first of
    all; None while there is none. `realized` is before fees.
    """

    began: datetime | None
    opening: Decimal
    closing: Decimal
    flows: Decimal
    realized: Decimal
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
        return self.profit - self.realized + self.fees - self.adjustments


@dataclass(frozen=True, slots=True)
class UnknownChange:
    """The change of what cannot be valued now: each figure of a `Change` is there, and none is known."""

    began: None = None
    opening: None = None
    closing: None = None
    flows: None = None
    realized: None = None
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
, deepest AS (SELECT at, equity, twr_index, life, drawdown FROM point ORDER BY drawdown, at LIMIT 1),
peak AS (
    SELECT point.at, point.equity, point.twr_index FROM point CROSS JOIN deepest
    WHERE point.at <= deepest.at AND point.life = deepest.life ORDER BY point.twr_index DESC, point.at DESC LIMIT 1
),
recovered AS (
    SELECT min(point.at) AS at FROM point CROSS JOIN deepest CROSS JOIN peak
    WHERE point.at > deepest.at AND point.life = deepest.life AND point.twr_index >= peak.twr_index
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


def parameters(scope: UUID, base: str, start: datetime, until: datetime = FOREVER) -> dict[str, Any]:
    """Of `points` over `SOURCE`."""
    now = clock.now()
    return {
        "scope": scope,
        "base": base,
        "start": start,
        "until": until,
        "second_date": days.day_of(start) + timedelta(days=1),
        "second_day": days.ends(days.day_of(start)),
        "fine": now - (FINE if now - start <= LONG else FINE_OF_LONG),
    }
