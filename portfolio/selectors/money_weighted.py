"""The money-weighted return of a period: the yearly rate at which what was put in and what came back cancel.

It is fed with what the time-weighted return is fed with: what stood at the start counts as put in, every flow at the
moment at which the series of the period has it, and what stands at the end as taken out. A long period is read by days
(see `series`), and a flow of one of its days counts from the beginning of that day on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from quant import metrics
from quant.candles import YEAR_MS

SHORTEST: Final = timedelta(days=1)
MILLISECOND: Final = timedelta(milliseconds=1)
# Less than this is what the search for a rate leaves of nothing.
NOTHING: Final = 1e-12

NOT_VALUED: Final = "Not known now: nothing that is held has a price."
TOO_SHORT: Final = "A rate per year is told of a day at least, and the period is shorter."
NO_MONEY: Final = "No money was at work in the period."
ALL_LOST: Final = "All that was put in was lost, which is no yearly rate."
ONE_WAY: Final = "Money went one way only: a rate needs money that was put in, and money that came back or is left."
NO_RATE: Final = "No rate between a loss of all and a million-fold gain a year makes these flows cancel."


@dataclass(frozen=True, slots=True)
class Payment:
    """Money as its owner sees it: put in below zero, taken out or left at the end above; `years` since the first."""

    at: datetime
    amount: Decimal
    years: float

    def worth(self, rate: float) -> Decimal:
        """What it is worth at the start, at this yearly rate; for whoever reads along."""
        return self.amount * Decimal(float(np.exp(-self.years * np.log1p(rate))))


@dataclass(frozen=True, slots=True)
class MoneyWeighted:
    """`rate` is a fraction per year of 365 days; None where there is none, and `why_blank` says why."""

    rate: float | None
    why_blank: str
    payments: Sequence[Payment] = ()


def money_weighted(
    *,
    began: datetime | None,
    opening: Decimal | None,
    flows: Sequence[tuple[datetime, Decimal]],
    closing: Decimal | None,
    ends: datetime,
) -> MoneyWeighted:
    """Of a period that opened with a value, had these flows (+ came in) and ended with another. None: not known."""
    if closing is None or opening is None:
        return MoneyWeighted(None, NOT_VALUED)
    if began is None or ends - began < SHORTEST:
        return MoneyWeighted(None, TOO_SHORT)
    paid = [(began, -opening), *((max(at, began), -flow) for at, flow in sorted(flows)), (ends, closing)]
    told = [(at, amount) for at, amount in paid if amount]
    if not told:
        return MoneyWeighted(None, NO_MONEY)
    ms = [(at - told[0][0]) // MILLISECOND for at, _ in told]
    payments = [Payment(at, amount, since / YEAR_MS) for (at, amount), since in zip(told, ms, strict=True)]
    if all(amount < 0 for _, amount in told):
        return MoneyWeighted(None, ONE_WAY if closing else ALL_LOST, payments)
    if all(amount > 0 for _, amount in told):
        return MoneyWeighted(None, ONE_WAY, payments)
    rate = metrics.xirr(np.array([float(amount) for _, amount in told]), np.array(ms))
    if rate is not None and abs(rate) < NOTHING:
        rate = 0.0
    return MoneyWeighted(rate, "" if rate is not None else NO_RATE, payments)
