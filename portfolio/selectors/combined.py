"""Several wallets as one history, which is what a connection has: by days, and the moment of now.

Values, flows and profits are sums of those of its wallets, exactly; what is moved between them is no flow. The return
of a day counts what came in as there from its start, and what left as there until its end, as every value does with
the few minutes since the one before; so drawdowns and ratios are those of closes of days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection

from kit import days
from portfolio.selectors.accounts import FUND, Account
from portfolio.selectors.edges import ZERO, Edges, read_edges
from portfolio.selectors.money_weighted import money_weighted
from portfolio.selectors.performance import Performance, performance
from portfolio.selectors.periods import Span
from portfolio.selectors.scope import Scope
from portfolio.selectors.series import Point, clamp
from trading.selectors.trades import TradeFigures, trade_figures_between

# Each day of all wallets together.
_DAYS: Final = """
SELECT min(coalesce(opened_at, ends - interval '1 day')), min(ends), sum(sign * equity), sum(sign * flow)
FROM unnest(%(adds)s::uuid[] || %(takes)s::uuid[]) WITH ORDINALITY AS part (scope, number)
CROSS JOIN LATERAL (SELECT CASE WHEN number <= cardinality(%(adds)s::uuid[]) THEN 1 ELSE -1 END) AS signed (sign)
JOIN portfolio_dailyperformance AS daily ON daily.scope = part.scope AND base = %(base)s
WHERE day >= %(first)s AND ends > %(start)s + interval '1 microsecond' AND ends <= %(at)s
GROUP BY day
ORDER BY day
"""
# Those of many accounts at once.
_DAYS_OF_EACH: Final = """
SELECT number, sum(sign * equity), sum(sign * flow), max(ends)
FROM unnest(%(numbers)s::integer[], %(scopes)s::uuid[], %(signs)s::integer[], %(bases)s::text[])
     AS part (number, scope, sign, base)
JOIN portfolio_dailyperformance AS daily USING (scope, base)
WHERE ends > %(start)s + interval '1 microsecond' AND ends <= %(ends)s AND day >= %(first)s
GROUP BY number, day
ORDER BY number, day
"""
_BEGAN: Final = """
SELECT min(first.opened_at)
FROM unnest(%(adds)s::uuid[]) AS part (scope)
CROSS JOIN LATERAL (
    SELECT coalesce(opened_at, ends - interval '1 day') AS opened_at FROM portfolio_dailyperformance AS daily
    WHERE daily.scope = part.scope AND base = %(base)s ORDER BY day LIMIT 1
) AS first
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a period did to an account: opening + flows + profit = closing, exactly; `other` is what prices,
    funding and corrections of the books did, profit = realized − fees + other. Fractions: `twr`, drawdowns (≤ 0). None:
    not known.
    """

    began: datetime | None
    opening: Decimal | None
    closing: Decimal | None
    flows: Decimal | None
    profit: Decimal | None
    realized: Decimal | None
    fees: Decimal | None
    twr: float | None
    max_drawdown: float | None

    @property
    def other(self) -> Decimal | None:
        if self.profit is None or self.realized is None or self.fees is None:
            return None
        return self.profit - self.realized + self.fees


@dataclass(frozen=True, slots=True)
class Course:
    """An account over a period: its figures, its ratios, and its line as moments with time-weighted returns since its
    start."""

    account: Account
    base: str
    outcome: Outcome
    performance: Performance
    trades: TradeFigures
    line: Sequence[tuple[datetime, float]]


def course_of_scope(account: Account, scope: Scope) -> Course:
    """The figures that Portfolio shows of the scope and the period."""
    change = scope.change
    outcome = Outcome(
        change.began, change.opening, change.closing, change.flows, change.profit, change.realized, change.fees,
        change.twr, change.max_drawdown,
    )  # fmt: skip
    return Course(account, scope.base, outcome, scope.performance, scope.trade_figures, returns(scope.points))


def explained_by(account: Account, span: Span) -> str:
    """The query of the pages that explain the figures of an account; empty where it has no history of its own."""
    if account.scope is None:
        return ""
    wallet = {} if account.kind == FUND else {"wallet": account.key}
    days_of = {name: day.isoformat() for name, day in (("from", span.first), ("to", span.last)) if day}
    return urlencode(days_of | wallet)


def returns(points: Sequence[Point]) -> list[tuple[datetime, float]]:
    """Of each point the return since the first; after a total loss, when the index began anew, since then."""
    told, start = [], points[0].twr_index if points and points[0].twr_index else 1.0
    for point in points:
        if point.drawdown <= -1:
            start = 1.0
        told.append((point.at, point.twr_index / start - 1))
    return told


class Combined:
    """A connection over whole days, and now where today is one of them: four queries, five where something of its
    wallets is at another connection."""

    def __init__(self, account: Account, *, owner_id: UUID, currency: str, period: Span, at: datetime) -> None:
        self.account = account
        self.owner_id = owner_id
        self.currency = currency
        self.period = period
        self.at = at

    @cached_property
    def began(self) -> datetime | None:
        """When its history begins, None where it has none."""
        with connection.cursor() as cursor:
            cursor.execute(_BEGAN, {"adds": list(self.account.adds), "base": self.account.base})
            return cursor.fetchone()[0]  # type: ignore[no-any-return]  # a moment

    @property
    def start(self) -> datetime:
        return clamp(self.period.start, self.began)

    @property
    def end(self) -> datetime:
        return self.period.until or self.at

    @cached_property
    def edges(self) -> dict[UUID, Edges]:
        return read_edges(
            owner_id=self.owner_id, currency=self.currency, start=self.start, at=self.at, until=self.period.until
        )

    @cached_property
    def course(self) -> Course:
        total = summed(self.account, self.edges)
        is_known = total.closing is not None
        line, whole, flows, index = self._grown(total)
        depth, recovered = _falls(line)
        outcome = Outcome(
            self.start if is_known else None, total.opening if is_known else None, total.closing, total.flows,
            total.profit, total.realized, total.fees, index - 1 if is_known else None, depth if is_known else None,
        )  # fmt: skip
        trades = trade_figures_between(
            owner_id=self.owner_id, since=self.start, until=self.period.until, adds=self.account.adds,
            takes=self.account.takes,
        )  # fmt: skip
        paid = money_weighted(
            began=outcome.began, opening=outcome.opening, flows=flows, closing=outcome.closing, ends=self.end
        )
        ratios = performance(
            whole, trades, change=outcome, elapsed=self.end - self.start, recovery=recovered, paid=paid
        )  # fmt: skip
        told = [(at, grown - 1) for at, grown in line]
        return Course(self.account, self.account.base, outcome, ratios, trades, told)

    def _grown(
        self, total: Edges
    ) -> tuple[list[tuple[datetime, float]], list[tuple[float, float]], list[tuple[datetime, Decimal]], float]:
        """The index at the start and at the end of each day, each whole day as (return, lowest index), what flowed and
        from when on, and the index at the end. After a total loss it begins anew at one."""
        index, value, flowed = 1.0, total.opening, ZERO
        line, whole, flows = [(self.start, index)], [], []
        for opened, ends, closed, flow in self._days():
            grown = growth(value, closed, flow)
            index = (index or 1.0) * grown
            line.append((ends - days.INSTANT, index))
            whole.append((grown - 1, min(grown, 1.0)))
            value, flowed = closed, flowed + flow
            flows.append((opened, flow))
        if total.closing is not None and total.flows is not None and (self.period.until is None or len(line) == 1):
            index = (index or 1.0) * growth(value, total.closing, total.flows - flowed)
            line.append((self.end, index))
            flows.append((self.end, total.flows - flowed))
        return line, whole, flows, index

    def _days(self) -> Sequence[tuple[datetime, datetime, Decimal, Decimal]]:
        given: dict[str, Any] = {
            "adds": list(self.account.adds),
            "takes": list(self.account.takes),
            "base": self.account.base,
            "start": self.start,
            "first": days.day_of(self.start) - timedelta(days=1),
            "at": self.end,
        }
        with connection.cursor() as cursor:
            cursor.execute(_DAYS, given)
            return [(opened, ends, closed, flow) for opened, ends, closed, flow in cursor.fetchall()]


def _falls(line: Sequence[tuple[datetime, float]]) -> tuple[float, timedelta | None]:
    """The deepest fall of an index (≤ 0), and the time from its lowest point until the peak was reached again."""
    peak, depth, before = 0.0, 0.0, 0.0
    trough: datetime | None = None
    recovered: timedelta | None = None
    for at, index in line:
        peak = max(peak, index) if index else 0.0
        fall = index / peak - 1 if peak else -1.0
        if fall < depth:
            depth, before, trough, recovered = fall, peak, at, None
        elif trough is not None and recovered is None and index >= before > 0:
            recovered = at - trough
    return depth, recovered


def days_of_each(
    accounts: Sequence[Account], *, start: datetime, ends: datetime
) -> Mapping[str, Sequence[tuple[Decimal, Decimal, datetime]]]:
    """By key, what each account was worth at the end of each day of a period, what flowed on it, and when it ended: one
    query. The first may have begun before the period, and what flowed is of all of it."""
    rows = [
        (number, pk, sign, one.base)
        for number, one in enumerate(accounts)
        for sign, pks in ((1, one.adds), (-1, one.takes))
        for pk in pks
    ]
    found: dict[str, list[tuple[Decimal, Decimal, datetime]]] = {one.key: [] for one in accounts}
    if not rows:
        return found
    names = ("numbers", "scopes", "signs", "bases")
    given = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    first = days.day_of(start) - timedelta(days=1)  # or it was a day of another zone
    with connection.cursor() as cursor:
        cursor.execute(_DAYS_OF_EACH, {**given, "start": start, "ends": ends, "first": first})
        for number, *figures in cursor.fetchall():
            found[accounts[number].key].append(tuple(figures))
    return found


def summed(account: Account, edges: Mapping[UUID, Edges]) -> Edges:
    """The scopes of an account as one; without a value of its own where one of them is not known."""
    parts = [(edges[pk], 1) for pk in account.adds if pk in edges] + [
        (edges[pk], -1) for pk in account.takes if pk in edges
    ]
    if account.scope is not None and parts:
        return parts[0][0]

    def total(name: str) -> Any:
        values = [getattr(part, name) for part, _ in parts]
        return None if None in values else sum((sign * getattr(part, name) for part, sign in parts), ZERO)

    names = ("opening", "closing", "flows", "realized", "fees")
    opening, closing, flows, realized, fees = map(total, names)
    return Edges(account.base, opening, closing, flows, realized, fees, (1.0, 1.0))


def growth(before: Decimal, after: Decimal, flow: Decimal) -> float:
    """By how much a value grew beside what flowed; 0 where all was lost, 1 where there was nothing."""
    capital, left = before + max(flow, ZERO), after - min(flow, ZERO)
    return float(left / capital) if capital > 0 else 1.0
