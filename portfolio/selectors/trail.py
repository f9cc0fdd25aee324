"""All that a page tells of a period, in one statement: the line, what the period and today did, days and trades.

The parts share what they read: today is the end of the period's own points. Nothing here depends on what the scope is
worth now; `change` and `upto` bring the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import days
from kit.statements import planned_once
from portfolio.selectors import series
from portfolio.selectors.series import POINTS, Change, Point
from portfolio.valuation import EARNED_BEFORE, SAYS_A_VALUE, Valuation
from trading.selectors.trades import TradeFigures, figures_of

ZERO: Final = Decimal(0)
PAID_IN: Final = "paid in "

# A part says its kind, its place in the line and its moment, then its exact numbers and those that are floats.
_CHANGE: Final = f"""
    SELECT '{{point}}', 0, coalesce(opening.at, total.first),
           ARRAY[
               coalesce(opening.equity, 0), coalesce(opening.realized_pnl, earned_before, 0), coalesce(opening.fees, 0),
               coalesce(opening.funding, 0), coalesce(total.flows, 0), coalesce(total.adjustments, 0)
           ],
           ARRAY[
               CASE WHEN losses > 0 THEN 1 ELSE coalesce(opening.twr_index, 1) END,
               coalesce(total.depth, 0), coalesce(total.peak, 0)
           ]
    FROM (
        SELECT min(began) AS first, sum(flow) AS flows, sum(adjustments) AS adjustments, min(drawdown) AS depth, losses,
               max(high) FILTER (WHERE life = losses) AS peak
        FROM (SELECT {{point}}.*, count(*) FILTER (WHERE low = 0) OVER () AS losses FROM {{point}}) AS counted
        GROUP BY losses
    ) AS total
    LEFT JOIN portfolio_value_before(%(scope)s, %(base)s, %({{start}})s + interval '1 microsecond') AS opening ON true
    LEFT JOIN (
        -- What had been realized when the history began; its first snapshots may be forgotten, its days are not.
        (
            SELECT realized_pnl - realized + fees AS earned_before FROM portfolio_dailyperformance
            WHERE scope = %(scope)s AND base = %(base)s AND opened_at IS NOT NULL ORDER BY day LIMIT 1
        )
        UNION ALL
        (
            SELECT {EARNED_BEFORE} FROM portfolio_snapshot
            WHERE scope = %(scope)s AND base = %(base)s AND {SAYS_A_VALUE} ORDER BY at LIMIT 1
        )
        LIMIT 1
    ) AS beginning ON opening.at IS NULL
"""  # noqa: S608 - joined from constants

_TODAY: Final = """
,
today_raw (at, equity, flow, adjustments, twr_index, low, high, fall, corrected_at, began, is_opening) AS (
    SELECT at, equity, 0, 0, twr_index, twr_index, twr_index, 0, NULL::timestamptz, at, true
    FROM portfolio_value_before(%(scope)s, %(base)s, %(midnight)s + interval '1 microsecond')
    UNION ALL
    SELECT * FROM raw WHERE at > %(midnight)s AND NOT is_opening
)
"""

# The time-weighted return of each day that is over, and the lowest index of it.
_DAYS: Final = """
    SELECT kind, 0, NULL, NULL, figures
    FROM (
        SELECT array_agg(twr ORDER BY day) AS twr, array_agg(twr_low ORDER BY day) AS low
        FROM portfolio_dailyperformance
        WHERE scope = %(scope)s AND base = %(base)s AND ends > %(start)s + interval '1 microsecond' AND ends <= %(at)s
    ) AS days
    CROSS JOIN LATERAL (VALUES ('days', twr), ('lows', low)) AS part (kind, figures)
"""

_TRAIL: Final = f"""{series.points("raw", "point", series.SOURCE)}{_TODAY}{series.points("today_raw", "today")}
{series.THINNED}{series.TROUGH}
    SELECT 'line', number, at, ARRAY[equity, flow, flows, (marked.number IS NOT NULL)::integer],
           ARRAY[twr_index, drawdown]
    FROM kept
    JOIN point USING (number)
    LEFT JOIN marked USING (number)
    UNION ALL
    {_CHANGE.format(point="point", start="start")}
    UNION ALL
    {_CHANGE.format(point="today", start="midnight")}
    UNION ALL
    {_DAYS}
    UNION ALL
    SELECT 'trough', 0, recovered.at, NULL, ARRAY[date_part('epoch', deepest.at), peak.twr_index]
    FROM deepest CROSS JOIN peak CROSS JOIN recovered
    UNION ALL
    SELECT 'flow', 0, began, ARRAY[flow], NULL FROM point WHERE flow <> 0
    UNION ALL
    SELECT 'corrected', 0, max(corrected_at), NULL, NULL FROM point
    UNION ALL
    SELECT part.kind, 0, NULL, part.exact, NULL
    FROM trade_sums(%(owner)s, %(start)s, %(wallets)s::uuid[], %(end)s::timestamptz) AS traded
    CROSS JOIN LATERAL (
        VALUES ('trades', ARRAY[trades, won_trades, lost_trades, won, lost]), ('paid in ' || quote, NULL)
    ) AS part (kind, exact)
    WHERE part.kind IS NOT NULL
ORDER BY 2
"""  # noqa: S608 - joined from constants


@dataclass(frozen=True, slots=True)
class Sums:
    """What the snapshots of a period add up to, and what stood at its start. Without any, all of it is nothing."""

    began: datetime | None = None
    equity: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    flows: Decimal = ZERO
    adjustments: Decimal = ZERO
    index: float = 1.0
    depth: float = 0.0
    peak: float = 0.0


@dataclass(frozen=True, slots=True)
class Trail:
    """A period: its line of at most `POINTS` − 1 points, its sums and those of today, its days and its trades.

    `flows` are what came in (+) or left (−) and from when on it was there: all that the line is made of. `days` are
    (time-weighted return, lowest index) of each whole day, oldest first. `trough` is the moment of the
    deepest point, `fell_from` the index of the peak before it, `recovered` when that was reached again. `corrected_at`
    is when a value of the period was corrected last, None where each stands as it was written.
    """

    line: tuple[Point, ...]
    period: Sums
    today: Sums
    days: tuple[tuple[float, float], ...]
    trades: TradeFigures
    flows: tuple[tuple[datetime, Decimal], ...] = ()
    trough: datetime | None = None
    fell_from: float = 0.0
    recovered: datetime | None = None
    corrected_at: datetime | None = None


def read_trail(
    *,
    owner_id: UUID,
    scope: UUID,
    base: str,
    start: datetime,
    at: datetime,
    until: datetime | None = None,
    begun: datetime | None = None,
) -> Trail:
    """The trail of the scope from `start` until `at`, which is now: one query.

    With `until` it ends there, and knows nothing of today. A history that has `begun` after the start is shorter, and
    read as finely as that allows.
    """
    given = series.parameters(scope, base, start, until or series.FOREVER, begun) | {
        "end": until,
        "owner": owner_id,
        "wallets": None if scope == owner_id else [scope],
        "at": until or at,
        "midnight": days.before_today(at),
        "slices": series.SLICES,
        "flows": series.FLOWS,
        "points": POINTS - 2,
    }
    line, flowed, parts = [], [], {}
    with planned_once(connection) as cursor:
        cursor.execute(_TRAIL, given)
        for kind, _, moment, exact, floats in cursor.fetchall():
            if kind == "line":
                equity, flow, flows, mark = exact
                line.append(Point(moment, equity, floats[0], float(floats[1] or 0), flow, flows, bool(mark)))
            elif kind == "flow":
                flowed.append((moment, exact[0]))
            else:
                parts[kind] = (moment, exact, floats)
    quote = next((kind.removeprefix(PAID_IN) for kind in parts if kind.startswith(PAID_IN)), None)
    return Trail(
        line=tuple(line),
        period=_sums(parts.get("point")),
        today=_sums(parts.get("today")),
        days=tuple(zip(parts["days"][2] or (), parts["lows"][2] or (), strict=True)),
        trades=figures_of(*parts["trades"][1], quote=quote),
        flows=tuple(flowed),
        corrected_at=parts["corrected"][0],
        **_trough(parts.get("trough")),
    )


def upto(line: tuple[Point, ...], now: Valuation) -> tuple[Point, ...]:
    """The line as far as `now`, which is not written down yet."""
    if not line or not now.is_known or now.at <= line[-1].at:
        return line
    last = line[-1]
    peak = last.twr_index / (1 + last.drawdown) if last.drawdown > -1 else last.twr_index
    drawdown = _below(now.twr_index, peak)
    return (
        *line,
        Point(now.at, now.equity, now.twr_index, drawdown, now.flow, last.flows + now.flow, bool(now.flow)),
    )


@dataclass(frozen=True, slots=True)
class Closing:
    """What stood at the end of a period that is over: the part of a valuation that a `Change` is made of."""

    equity: Decimal
    realized_pnl: Decimal
    fees: Decimal
    funding: Decimal
    twr_index: float
    flow: Decimal = ZERO
    adjustments: Decimal = ZERO


def closing(*, scope: UUID, base: str, until: datetime) -> Closing | None:
    """The last value before `until`: one query; None where there was none yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT equity, realized_pnl, fees, funding, twr_index FROM portfolio_value_before(%s, %s, %s)",
            [scope, base, until],
        )
        row = cursor.fetchone()
    return Closing(*row) if row else None


def change(sums: Sums, now: Valuation | Closing) -> Change:
    """What happened from the start of the sums until `now`.

    Without a snapshot before the start the fund began in the period, with nothing: its first money is a flow. After a
    total loss within the period the return is that of the index which began anew; the loss stays in `max_drawdown`.
    """
    current = _below(now.twr_index, sums.peak)
    paid = now.fees - sums.fees
    # A history in another base begins now, as `EARNED_BEFORE` has it of one that is written down.
    begins = sums.began is None and now.equity == now.flow
    return Change(
        began=sums.began,
        opening=sums.equity,
        closing=now.equity,
        flows=sums.flows + now.flow,
        realized=(ZERO if begins else now.realized_pnl - sums.realized_pnl) + paid,
        funding=now.funding - sums.funding,
        fees=paid,
        adjustments=sums.adjustments + now.adjustments,
        twr=now.twr_index / sums.index - 1,
        max_drawdown=min(sums.depth, current),
        current_drawdown=current,
    )


def _sums(part: tuple[datetime | None, Sequence[Any], Sequence[Any]] | None) -> Sums:
    return Sums() if part is None else Sums(part[0], *part[1], *part[2])


def recovery(trail: Trail, index: float, *, at: datetime) -> timedelta | None:
    """From the deepest point of the period until its peak was reached again, as far as the `index` of its end.

    None where nothing was lost, or that peak was not reached again: where it ends deepest, or still below.
    """
    if trail.trough is None or trail.period.depth == 0 or _below(index, trail.period.peak) < trail.period.depth:
        return None
    recovered = trail.recovered or (at if index >= trail.fell_from else None)
    return recovered - trail.trough if recovered else None


def _trough(part: tuple[datetime | None, Any, Sequence[Any]] | None) -> dict[str, Any]:
    if part is None:
        return {}
    recovered, _, (second, peak) = part
    return {"trough": datetime.fromtimestamp(second, UTC), "fell_from": peak, "recovered": recovered}


def _below(index: float, peak: float) -> float:
    """How far the index stands below the peak of its life, a fraction ≤ 0; −1 when all is lost."""
    return index / max(index, peak) - 1 if index > 0 else -1.0
