"""What a period did to each of many: masters, farms, agents, connections, strategies, assets, one line each.

Lines come from what stood at both ends of the period and from the days between, so the cost does not grow with trades
or snapshots. Each wallet counts with everything below it, a connection with the wallets that stand at it, a strategy
with the wallets of all its agents; a line is in what its wallets are valued in.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Final
from uuid import UUID

from farms.selectors.strategies import MARK, STRATEGY, strategy_account, strategy_accounts
from kit import clock, days
from kit.users.models import User
from portfolio.selectors.accounts import CONNECTION, Account, Accounts
from portfolio.selectors.asset_figures import ASSET_MARK, AssetLine
from portfolio.selectors.asset_histories import AssetHistory, asset_account, asset_accounts
from portfolio.selectors.assets import ASSET, AssetMoney
from portfolio.selectors.calendar import Unit
from portfolio.selectors.combined import Combined, days_of_each, growth, summed
from portfolio.selectors.edges import Edges, read_edges
from portfolio.selectors.histories import History
from portfolio.selectors.performance import Performance
from portfolio.selectors.periods import EPOCH, Period, Span
from portfolio.selectors.scope import Scope
from trading.selectors.sums import Traded, figures, trade_sums
from trading.selectors.trades import TradeFigures
from wallets.models import Wallet

DAY: Final = timedelta(days=1)
# The period of who names none, on the page and in the API.
USUAL: Final = Period.ALL


class Dimension(StrEnum):
    """What the lines are of; the value stands in addresses and in the API."""

    MASTER = "master"
    FARM = "farm"
    AGENT = "agent"
    CONNECTION = "connection"
    STRATEGY = "strategy"
    ASSET = "asset"


@dataclass(frozen=True, slots=True)
class Line:
    """opening + flows + profit = closing, exactly, in the account's base; `realized` is before fees, `twr` a fraction.

    None is what cannot be valued now. `trades` are those that closed in the period.
    """

    account: Account
    opening: Decimal
    flows: Decimal | None
    profit: Decimal | None
    realized: Decimal | None
    fees: Decimal | None
    closing: Decimal | None
    twr: float | None
    trades: TradeFigures


class Breakdown:
    """Of all that an owner has, over a period: a fixed number of queries, whatever their number."""

    def __init__(self, *, owner: User, by: Dimension, period: Period | Span) -> None:
        self.owner = owner
        self.by = by
        self.period = period
        self.moment = clock.now()
        self.accounts = Accounts(owner_id=owner.pk, currency=owner.base_currency)
        self._first_days: dict[datetime, Mapping[UUID, Edges]] = {}

    @property
    def start(self) -> datetime:
        return self.period.start

    @property
    def ends(self) -> datetime:
        return self.period.until or self.moment

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day of it, as far back as anything is told of."""
        return days.day_of(max(self.start, EPOCH) + days.INSTANT), days.day_of(self.ends - days.INSTANT)

    @cached_property
    def assets(self) -> Sequence[AssetLine]:
        since = max(self.start, EPOCH) + days.INSTANT  # what stood at the start, as wallets have it
        return AssetMoney(owner_id=self.owner.pk, since=since, until=self.period.until).lines()

    @cached_property
    def lines(self) -> Sequence[Line]:
        """The largest gain first, what is not known last; those that had no value in the period are left out."""
        found = [line for account in self._members if (line := self._line(account)) is not None]
        return sorted(found, key=lambda line: (line.profit is None, -(line.profit or 0), line.account.name))

    @cached_property
    def _members(self) -> Sequence[Account]:
        if self.by is Dimension.STRATEGY:
            return strategy_accounts(owner_id=self.owner.pk)
        if self.by is Dimension.CONNECTION:
            return self.accounts.connections
        roles = {self.by.value, *([Wallet.Role.POOL] if self.by is Dimension.FARM else [])}  # beside the farms
        return [self.accounts.find(str(one.pk)) for one in self.accounts.nodes.values() if one.role in roles]

    @cached_property
    def _edges(self) -> Mapping[UUID, Edges]:
        return read_edges(
            owner_id=self.owner.pk, currency=self.owner.base_currency, start=self.start, at=self.moment,
            until=self.period.until,
        )  # fmt: skip

    def _line(self, account: Account) -> Line | None:
        parts = [self._edges[pk] for pk in (*account.adds, *account.takes) if pk in self._edges]
        if not parts or len({part.base for part in parts}) > 1:
            return None  # no value in the period, or values that make no sum
        total = summed(account, self._edges)
        trades = figures(self._traded_in(account))
        if not total.opening and not total.closing and not total.flows and not trades.trades:
            return None
        twr = total.twr if account.scope else self._returned(account, total)
        return Line(
            account, total.opening, total.flows, total.profit, total.realized, total.fees, total.closing, twr, trades
        )

    def _traded_in(self, account: Account) -> Sequence[Traded]:
        """Of its wallets, and of those that stood right under one of them, or of what is below them now, then."""
        within, taken = self.accounts.within(account), self.accounts.below(account.takes)
        own = [one for pk in account.adds for one in self._traded["wallet"].get(pk, ())]
        below = [one for pk in within for one in self._traded["under"].get(pk, ()) if one.wallet_id not in account.adds]
        return [*own, *(one for one in below if one.wallet_id not in taken)]

    @cached_property
    def _traded(self) -> Mapping[str, Mapping[UUID, Sequence[Traded]]]:
        """By the wallet that traded, and by the one that it stood under then."""
        by_wallet: dict[UUID, list[Traded]] = defaultdict(list)
        by_place: dict[UUID, list[Traded]] = defaultdict(list)
        for one in trade_sums(owner_id=self.owner.pk, spans=[(max(self.start, EPOCH), self.ends)]):
            by_wallet[one.wallet_id].append(one)
            by_place[one.under].append(one)
        return {"wallet": by_wallet, "under": by_place}

    def _returned(self, account: Account, total: Edges) -> float | None:
        if total.closing is None or total.flows is None:
            return None
        index, value, flowed = 1.0, total.opening, Decimal(0)
        for closed, of_the_day, ended in self._days.get(account.key, ()):
            is_partial = ended - DAY < self.start < ended
            flow = self._flowed_until(account, ended) if is_partial else of_the_day
            index = (index or 1.0) * growth(value, closed, flow)
            value, flowed = closed, flowed + flow
        if self.period.until is None or not self._days.get(account.key):
            index = (index or 1.0) * growth(value, total.closing, total.flows - flowed)
        return index - 1

    def _flowed_until(self, account: Account, ended: datetime) -> Decimal:
        """What flowed from the start of the period until the day in which it lies was over."""
        if ended not in self._first_days:
            self._first_days[ended] = read_edges(
                owner_id=self.owner.pk, currency=self.owner.base_currency, start=self.start, at=self.moment,
                until=ended,
            )  # fmt: skip
        return summed(account, self._first_days[ended]).flows or Decimal(0)

    @cached_property
    def _days(self) -> Mapping[str, Sequence[tuple[Decimal, Decimal, datetime]]]:
        several = [one for one in self._members if one.scope is None]
        return days_of_each(several, start=max(self.start, EPOCH), ends=self.ends)


def account_of(key: str, *, owner: User) -> Account:
    """The account of a key: `fund`, the id of a wallet or a connection, a strategy or an asset as `Account.key` has it.

    Raises NotFoundError for what is none of the owner's, InvalidInputError for a connection that makes no sum.
    """
    if key.startswith(MARK):
        return strategy_account(key, owner_id=owner.pk)
    if key.startswith(ASSET_MARK):
        return asset_account(key, owner_id=owner.pk)
    return Accounts(owner_id=owner.pk, currency=owner.base_currency).find(key)


def choices(*, owner: User) -> Sequence[tuple[str, str]]:
    """What has a history, by key: the fund, connections, wallets, strategies, assets."""
    accounts = Accounts(owner_id=owner.pk, currency=owner.base_currency).choices
    assets = [(one.key, f"{one.name} in {one.base}") for one in asset_accounts(owner_id=owner.pk)]
    return [*((one.key, one.label) for one in (*accounts, *strategy_accounts(owner_id=owner.pk))), *assets]


def history_of(
    account: Account, *, owner: User, unit: Unit, first: date | None = None, last: date | None = None
) -> History:
    """Its rows. Raises InvalidInputError for days that make no period, or for too many of them."""
    kind = AssetHistory if account.kind == ASSET else History
    return kind(account, owner_id=owner.pk, currency=owner.base_currency, unit=unit, first=first, last=last)


def ratios_of(history: History, *, owner: User) -> Performance | None:
    """How well its account did over its days; an asset has no ratios, because its money comes and goes with its trades.

    Of a wallet they are those of Portfolio, of what is several together those of the days of their sum.
    """
    account, span = history.account, Span(history.first, history.last)
    if account.kind == ASSET:
        return None
    if account.scope is not None:
        wallet = None if account.scope == owner.pk else account.scope
        return Scope(owner=owner, period=span, wallet_id=wallet).performance
    sums = Combined(account, owner_id=owner.pk, currency=owner.base_currency, period=span, at=clock.now())
    return sums.course.performance


__all__ = [
    "CONNECTION",
    "STRATEGY",
    "Breakdown",
    "Dimension",
    "Line",
    "account_of",
    "choices",
    "history_of",
    "ratios_of",
]
