"""How well it went: daily returns through `quant.metrics`, and the closed trades.

A year has 365 days here, because the markets never close. Ratios stay blank until there are enough whole days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

import numpy as np

from kit import days
from portfolio.models import DailyPerformance
from portfolio.selectors.money_weighted import MoneyWeighted
from quant import metrics
from trading.selectors.trades import TradeFigures

DAYS_PER_YEAR: Final = 365


class Grown(Protocol):
    """What is known of the time-weighted index of a period."""

    @property
    def twr(self) -> float | None: ...

    @property
    def max_drawdown(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Performance:
    """Fractions, not percent; what trades made in `quote`, which they are paid in. What cannot be known is None, and
    `why_blank` says why.

    Return, its annual rate, drawdown, Calmar and recovery run along the time-weighted index as far as the moment of the
    reading, as `xirr` does with the money; `days` is the number of the reader's whole days of the same index that the
    other ratios rest on.
    """

    days: int
    total_return: float | None
    xirr: float | None
    why_no_xirr: str
    annualised_return: float | None
    volatility: float | None
    sharpe: float | None
    sharpe_error: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    recovery_days: int | None
    value_at_risk: float | None
    expected_shortfall: float | None
    trades: int
    quote: str | None
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None

    @property
    def why_blank(self) -> str:
        if self.days < metrics.MINIMUM_SAMPLE:
            return f"Shown after {metrics.MINIMUM_SAMPLE} whole days; there are {self.days} so far."
        return "Not known: the returns do not vary, or there was no loss to compare with."


def performance(
    days: Sequence[tuple[float, float]],
    trades: TradeFigures,
    *,
    change: Grown,
    elapsed: timedelta,
    recovery: timedelta | None,
    paid: MoneyWeighted,
) -> Performance:
    """The figures of whole days, each its time-weighted return and its lowest index, of what changed in the time that
    has `elapsed`, of what was `paid` in and out, and of trades."""
    returns = since_it_began(days)
    ratio = metrics.sharpe(returns, periods_per_year=DAYS_PER_YEAR)
    enough = returns.size >= metrics.MINIMUM_SAMPLE
    a_year = annual_rate(change.twr, elapsed) if enough else None
    return Performance(
        days=int(returns.size),
        total_return=change.twr,
        xirr=paid.rate,
        why_no_xirr=paid.why_blank,
        annualised_return=a_year,
        volatility=metrics.volatility(returns, periods_per_year=DAYS_PER_YEAR) if enough else None,
        sharpe=ratio.value if ratio else None,
        sharpe_error=ratio.standard_error if ratio else None,
        sortino=metrics.sortino(returns, periods_per_year=DAYS_PER_YEAR),
        calmar=a_year / -change.max_drawdown if a_year is not None and change.max_drawdown else None,
        max_drawdown=change.max_drawdown,
        recovery_days=None if recovery is None else -(-recovery // timedelta(days=1)),
        value_at_risk=metrics.value_at_risk(returns),
        expected_shortfall=metrics.expected_shortfall(returns),
        trades=trades.trades,
        quote=trades.quote,
        win_rate=trades.win_rate,
        profit_factor=trades.profit_factor,
        expectancy=trades.expectancy,
        average_win=trades.average_win,
        average_loss=trades.average_loss,
    )


def annual_rate(growth: float | None, elapsed: timedelta) -> float | None:
    """What a return of `growth` in the time that has `elapsed` comes to in a year of 365 days, compounded."""
    if growth is None or elapsed <= timedelta():
        return None
    return float((1 + growth) ** (timedelta(days=DAYS_PER_YEAR) / elapsed) - 1)


def since_it_began(days: Sequence[tuple[float, float]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The returns since the index last began (see `valuation`)."""
    found = np.array(days, dtype=np.float64).reshape(-1, 2)
    lost = np.flatnonzero(found[:, 1] == 0)
    return found[lost[-1] + 1 if lost.size else 0 :, 0]


@dataclass(frozen=True, slots=True)
class Day:
    """One row of the daily table; `change` is the sum of the six parts, exactly."""

    day: date
    equity: Decimal
    flow: Decimal
    market: Decimal
    realized: Decimal
    funding: Decimal
    fees: Decimal
    adjustments: Decimal
    twr: float

    @property
    def change(self) -> Decimal:
        return self.flow + self.market + self.realized + self.funding - self.fees + self.adjustments


def daily_parts(
    *, scope: UUID, base: str, start: datetime, before: date | None = None, limit: int = 400
) -> Sequence[Day]:
    """What changed the value on each day since `start`, newest first; with `before` only on the days before that."""
    rows = DailyPerformance.objects.filter(scope=scope, base=base, day__gte=days.day_of(start + days.INSTANT)).order_by(
        "-day"
    )
    rows = (rows.filter(day__lt=before) if before else rows)[:limit]
    return [
        Day(row.day, row.equity, row.flow, row.market, row.realized, row.funding, row.fees, row.adjustments, row.twr)
        for row in rows
    ]
