"""The history of an account by days, weeks, months or years, each with what it earned, its returns and its trades.

An account is what reports know (all wallets, one with all below it, a connection), or any other sum of wallets. Days
that are over are read from the daily table, summed up by the database; today is what every page says of it now. A week,
a month and a year are the sums of their days; their time-weighted return is that of their days one after the other, and
their money-weighted one is of the flows of their days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock, days
from kit.errors import InvalidInputError
from portfolio.selectors.accounts import Account
from portfolio.selectors.calendar import Unit
from portfolio.selectors.combined import growth, summed
from portfolio.selectors.edges import ZERO, read_edges
from portfolio.selectors.money_weighted import MoneyWeighted, money_weighted
from trading.selectors.sums import Traded, figures, trade_sums
from trading.selectors.trades import TradeFigures

# How far back a page goes unless something else is asked for, and the most that it answers.
USUAL: Final = {Unit.DAY: 30, Unit.WEEK: 26 * 7, Unit.MONTH: 2 * 365, Unit.YEAR: 10 * 365}
MOST: Final = {Unit.DAY: 400, Unit.WEEK: 5 * 366, Unit.MONTH: 20 * 366, Unit.YEAR: 20 * 366}

_DAYS: Final = """
SELECT day, min(coalesce(opened_at, ends - interval '1 day')), min(ends), sum(sign * equity), sum(sign * flow),
       sum(sign * (market + realized + funding - fees + adjustments)), sum(sign * realized), sum(sign * fees), min(twr)
FROM unnest(%(scopes)s::uuid[], %(signs)s::integer[]) AS part (scope, sign)
JOIN portfolio_dailyperformance AS daily USING (scope)
WHERE daily.base = %(base)s AND day >= %(first)s AND day < %(until)s
GROUP BY day
ORDER BY day
"""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the account; profit = realized − fees + what prices, funding and corrections did."""

    day: date
    begins: datetime
    ends: datetime
    closing: Decimal
    flow: Decimal
    profit: Decimal
    realized: Decimal
    fees: Decimal
    twr: float | None
    is_today: bool = False

    @property
    def opening(self) -> Decimal:
        return self.closing - self.flow - self.profit


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some days in a row: opening + flow + profit = closing, and profit = realized − fees + other, exactly.

    Money in the account's base, fractions not percent; `trades` are those closed from midnight to midnight. `twr` is
    None for an asset where derivatives took part.
    """

    begins: date
    ends: date
    opening: Decimal
    flow: Decimal
    profit: Decimal
    realized: Decimal
    fees: Decimal
    closing: Decimal
    twr: float | None
    money: MoneyWeighted
    trades: TradeFigures
    is_today: bool

    @property
    def other(self) -> Decimal:
        """What prices, funding and corrections of the books did."""
        return self.profit - self.realized + self.fees

    @property
    def xirr(self) -> float | None:
        return self.money.rate

    @property
    def why_no_xirr(self) -> str:
        return self.money.why_blank


class History:
    """Of an account by `unit`, from the day `first` to `last`, both included, in a fixed number of queries.

    Raises InvalidInputError for days that make no period, or for more of them than are told at once.
    """

    def __init__(
        self,
        account: Account,
        *,
        owner_id: UUID,
        currency: str,
        unit: Unit,
        first: date | None = None,
        last: date | None = None,
    ) -> None:
        self.account = account
        self.owner_id = owner_id
        self.currency = currency
        self.unit = unit
        self.today_is = days.day_of(clock.now())
        self.last = min(last or self.today_is, self.today_is)
        usual = timedelta(days=USUAL[unit])
        self.first = unit.of(first or max(self.last, date.min + usual) - usual)
        days.check(self.first, last, names=("from", "to"))
        if (self.last - self.first).days >= MOST[unit]:
            raise InvalidInputError(
                f"Ask for at most {MOST[unit]} days at once.", fields={"from": "Further back than that."}
            )

    @property
    def rows(self) -> Sequence[Stretch]:
        """Those of which something is known, oldest first."""
        return self._stretches[:-1]

    @property
    def total(self) -> Stretch | None:
        """All of them together; None where nothing is known."""
        return self._stretches[-1] if self._stretches else None

    @cached_property
    def _stretches(self) -> Sequence[Stretch]:
        if not self.days:
            return []
        groups = [list(same) for _, same in groupby(self.days, key=lambda day: self.unit.of(day.day))]
        groups.append(list(self.days))
        traded: list[list[Traded]] = [[] for _ in groups]
        for one in self._traded([self._span(same) for same in groups]):
            traded[one.place].append(one)
        return [_stretch(same, self._money(same), sums) for same, sums in zip(groups, traded, strict=True)]

    def _span(self, same: Sequence[Day]) -> tuple[datetime, datetime]:
        return days.begins(same[0].day), days.ends(same[-1].day)

    def _traded(self, spans: Sequence[tuple[datetime, datetime]]) -> Iterable[Traded]:
        for sign, pks in ((1, self.account.adds), (-1, self.account.takes)):
            if pks and spans:
                own = self.owner_id in pks
                for one in trade_sums(owner_id=self.owner_id, spans=spans, wallet_ids=None if own else pks):
                    yield one if sign == 1 else _negative(one)

    def _money(self, same: Sequence[Day]) -> MoneyWeighted:
        return money_weighted(
            began=same[0].begins, opening=same[0].opening, flows=[(day.begins, day.flow) for day in same],
            closing=same[-1].closing, ends=same[-1].ends,
        )  # fmt: skip

    @property
    def newest_first(self) -> Sequence[Stretch]:
        return self.rows[::-1]

    @cached_property
    def days(self) -> Sequence[Day]:
        today = self._today
        return [*self._over(), today] if today else list(self._over())

    def _over(self) -> Iterable[Day]:
        account = self.account
        given: dict[str, Any] = {
            "scopes": [*account.adds, *account.takes],
            "signs": [1] * len(account.adds) + [-1] * len(account.takes),
            "base": account.base,
            "first": self.first,
            "until": min(self.last + timedelta(days=1), self.today_is),
        }
        with connection.cursor() as cursor:
            cursor.execute(_DAYS, given)
            rows = cursor.fetchall()
        for day, begins, ends, closing, flow, profit, realized, fees, twr in rows:
            grown = twr if account.scope else growth(closing - flow - profit, closing, flow) - 1
            yield Day(day, begins, ends, closing, flow, profit, realized, fees, grown)

    @cached_property
    def _today(self) -> Day | None:
        """Today so far; None where it is not asked for, or what is held cannot be valued now."""
        if self.last < self.today_is:
            return None
        now = clock.now()
        start = days.before_today(now)
        edges = read_edges(owner_id=self.owner_id, currency=self.currency, start=start, at=now, until=None)
        if not any(pk in edges for pk in self.account.adds):
            return None
        total = summed(self.account, edges)
        if total.closing is None or total.flows is None or total.profit is None:
            return None
        if total.realized is None or total.fees is None:
            return None
        twr = total.twr if self.account.scope else growth(total.opening, total.closing, total.flows) - 1
        return Day(
            self.today_is, start, now, total.closing, total.flows, total.profit, total.realized, total.fees, twr or 0.0,
            is_today=True,
        )  # fmt: skip


def _stretch(same: Sequence[Day], money: MoneyWeighted, sums: Sequence[Traded]) -> Stretch:
    first, last = same[0], same[-1]
    return Stretch(
        begins=first.day,
        ends=last.day,
        opening=first.opening,
        flow=sum((day.flow for day in same), ZERO),
        profit=sum((day.profit for day in same), ZERO),
        realized=sum((day.realized for day in same), ZERO),
        fees=sum((day.fees for day in same), ZERO),
        closing=last.closing,
        twr=_chained(same),
        money=money,
        trades=figures(sums),
        is_today=last.is_today,
    )  # fmt: skip


def _chained(same: Sequence[Day]) -> float | None:
    """The return of days one after another; after a total loss it begins anew. None where a day has none."""
    grown = 1.0
    for day in same:
        if day.twr is None:
            return None
        grown = (grown or 1.0) * (1 + day.twr)
    return grown - 1


def _negative(one: Traded) -> Traded:
    return Traded(
        one.place, one.wallet_id, one.under, one.asset, one.quote, -one.trades, -one.won_trades, -one.lost_trades,
        -one.won, -one.lost, -one.fees,
    )  # fmt: skip
