"""Assets as accounts with a history: what was paid, got and is held of one, by days, weeks, months and years."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from kit import clock, days
from kit.errors import NotFoundError
from portfolio.selectors.accounts import Account
from portfolio.selectors.asset_figures import ASSET_MARK, ZERO, Pair, Step, key_of, money_of, steps_of
from portfolio.selectors.assets import ASSET, AssetMoney, pairs_of
from portfolio.selectors.histories import Day, History
from portfolio.selectors.money_weighted import MoneyWeighted
from trading.selectors.sums import Traded, trade_sums


def asset_accounts(*, owner_id: UUID) -> Sequence[Account]:
    """One of each asset that was ever traded and what it is paid in, by name."""
    return [_account(pair) for pair in pairs_of(owner_id=owner_id)]


def asset_account(key: str, *, owner_id: UUID) -> Account:
    """Raises NotFoundError where the owner never traded it."""
    for account in asset_accounts(owner_id=owner_id):
        if account.key == key:
            return account
    raise NotFoundError("You have never traded that asset against that one.")


def _account(pair: Pair) -> Account:
    return Account(key_of(pair), ASSET, pair[0], pair[1], ())


@dataclass(frozen=True, slots=True)
class AssetDay(Day):
    """A day of an asset; where there was no price at its midnights, the days until there was one again."""

    step: Step | None = None


class AssetHistory(History):
    """Of an account that is an asset. Days on which there was nothing of it are left out."""

    @property
    def _pair(self) -> Pair:
        return self.account.key.removeprefix(ASSET_MARK).removesuffix(f":{self.account.base}"), self.account.base

    @cached_property
    def days(self) -> Sequence[Day]:
        until = None if self.last >= self.today_is else days.ends(self.last)
        money = AssetMoney(owner_id=self.owner_id, since=days.begins(self.first), until=until, pair=self._pair)
        return [_day(step, is_now=money.is_now) for step in steps_of(money.standings[self._pair]) if not step.is_empty]

    def _span(self, same: Sequence[Day]) -> tuple[datetime, datetime]:
        return same[0].begins, same[-1].ends

    def _traded(self, spans: Sequence[tuple[datetime, datetime]]) -> Iterable[Traded]:
        if not spans:
            return ()
        sums = trade_sums(owner_id=self.owner_id, spans=spans)
        return [one for one in sums if (one.asset, one.quote) == self._pair]

    def _money(self, same: Sequence[Day]) -> MoneyWeighted:
        return money_of([day.step for day in same if isinstance(day, AssetDay) and day.step is not None])


def _day(step: Step, *, is_now: bool) -> AssetDay:
    ends = step.after.at
    day = days.day_of(ends - days.INSTANT)
    return AssetDay(
        day=day,
        begins=step.before.at,
        ends=ends,
        closing=step.closing or ZERO,
        flow=step.flow,
        profit=step.profit or ZERO,
        realized=step.realized,
        fees=step.fees,
        twr=step.twr,
        is_today=is_now and day == days.day_of(clock.now()),
        step=step,
    )
