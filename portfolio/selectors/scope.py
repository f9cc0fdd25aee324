"""One scope over one period: the figures that the home page and the API read, each when it is asked for.

The whole page asks for all of them, a fragment for the few it shows; each part costs its queries once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from kit import clock, days, formatting
from kit.errors import NotFoundError
from kit.formatting import Missing, Value
from kit.users.models import User
from markets.prices import SIMULATED
from portfolio import valuation
from portfolio.selectors import holdings, series
from portfolio.selectors.benchmark import Benchmark, benchmark
from portfolio.selectors.holdings import Holding, Share, VenueExposure
from portfolio.selectors.money_weighted import MoneyWeighted, money_weighted
from portfolio.selectors.performance import Day, Performance, daily_parts, performance
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.places import Place, Places, Progress, Venue, read_places
from portfolio.selectors.series import Change, Point, UnknownChange
from portfolio.selectors.trail import Closing, Trail, change, closing, read_trail, recovery, upto
from portfolio.valuation import Valuation
from trading.selectors import PositionRow, open_positions
from trading.selectors.trades import TradeFigures
from wallets.models import Connection
from wallets.sync.health import freshness

DAILY_FIGURES = (
    "annualised_return", "volatility", "sharpe", "sharpe_error", "sortino", "calmar", "value_at_risk",
    "expected_shortfall",
)  # fmt: skip


TRADE_FIGURES = ("profit_factor", "expectancy", "win_rate", "average_win", "average_loss")


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the figures are, and which connections hold them back. `using` wallets show their last known balance."""

    synced_at: datetime | None
    is_syncing: bool
    behind: tuple[Venue, ...]
    using: int
    wallets: int
    oldest_price_at: datetime | None
    is_simulated: bool

    @property
    def strong(self) -> str:
        """Which connections, and for how long: `Kraken is 18 min behind.`"""
        names = ", ".join(one.name for one in self.behind)
        ages = [formatting.age(clock.now() - one.synced_at) for one in self.behind if one.synced_at]
        verb = "is" if len(self.behind) == 1 else "are"
        return f"{names} {verb} {ages[0]} behind." if len(ages) == 1 else f"{names} {verb} behind."

    @property
    def words(self) -> str:
        return f"{self.using} of {self.wallets} wallets use their last known balance."


def oldest(venues: Iterable[Venue]) -> datetime | None:
    """When the active venue that was synced longest ago was, None where none was; the top bar says the same."""
    active = Connection.State.ACTIVE
    return min((one.synced_at for one in venues if one.synced_at and one.state == active), default=None)


class Scope:
    """The figures of one scope over one period. Raises NotFoundError when `wallet_id` is not the owner's."""

    def __init__(self, *, owner: User, period: Period | Span, wallet_id: UUID | None = None) -> None:
        self.owner_id: UUID = owner.pk
        self.currency = owner.base_currency
        self.period = period
        self.scope = wallet_id or owner.pk
        self.wallet: Place | None = None
        self.base = owner.base_currency
        if wallet_id is not None:
            self.wallet = self.places.wallet(wallet_id)
            if self.wallet is None:
                raise NotFoundError("There is no such wallet: choose one of yours.")
            self.base = self.wallet.base_asset

    # --- what is there: one query each -------------------------------------------------------------------------------

    @cached_property
    def places(self) -> Places:
        only = None if self.scope == self.owner_id else self.scope
        return read_places(owner_id=self.owner_id, currency=self.currency, only=only)

    @cached_property
    def positions(self) -> tuple[PositionRow, ...]:
        return open_positions(owner_id=self.owner_id, wallet_ids=None if self.wallet is None else [self.wallet.pk])

    @cached_property
    def worth(self) -> holdings.Worth:
        return holdings.read_worth(self.parameters)

    @cached_property
    def _trail(self) -> Trail:
        return read_trail(
            owner_id=self.owner_id,
            scope=self.scope,
            base=self.base,
            start=self.start,
            at=self.moment,
            until=self.period.until,
            begun=self.places.first_at,
        )

    @cached_property
    def _of_today(self) -> Trail:
        """The period's trail, which knows today where the period ends now."""
        if self.period.until is None:
            return self._trail
        start = days.before_today(self.moment)
        return read_trail(owner_id=self.owner_id, scope=self.scope, base=self.base, start=start, at=self.moment)

    @cached_property
    def benchmark(self) -> Benchmark | None:
        venues = {one.venue for one in self.places.connections if one.wallet_count}
        return benchmark(venues=venues, base=self.base, start=self.start)

    # --- what follows from it ----------------------------------------------------------------------------------------

    @cached_property
    def moment(self) -> datetime:
        """The one moment that all figures are of."""
        return clock.now()

    @property
    def state(self) -> Progress:
        return self.places.state

    @property
    def choices(self) -> Sequence[Place]:
        """The wallets that can be looked at alone: masters and farms."""
        return self.places.choices

    @property
    def has_wallets(self) -> bool:
        return self.places.has_wallets

    @cached_property
    def parameters(self) -> dict[str, Any]:
        return valuation.parameters(
            owner_id=self.owner_id,
            at=self.moment,
            only=self.scope,
            beside=self.places.farms,
            currency=self.currency,
            behind=[one.pk for one in self.behind],
        )

    @property
    def now(self) -> Valuation:
        return self.worth.now

    @property
    def holdings(self) -> tuple[Holding, ...]:
        return self.worth.holdings

    @property
    def derivatives(self) -> tuple[Holding, ...]:
        """The derivatives that are open at its venues."""
        return tuple(one for one in self.holdings if one.is_derivative)

    @cached_property
    def behind(self) -> tuple[Venue, ...]:
        """The connections whose figures are carried forward."""
        return tuple(one for one in self.places.connections if freshness(one).is_behind)

    @cached_property
    def freshness(self) -> Freshness:
        prices = [one.priced_at for one in self.holdings if not one.is_cash and one.priced_at is not None]
        return Freshness(
            synced_at=oldest(self.places.connections),
            is_syncing=self.state.syncing_since is not None,
            behind=self.behind,
            using=sum(one.wallet_count for one in self.behind),
            wallets=sum(one.wallet_count for one in self.places.connections),
            oldest_price_at=min(prices, default=None),
            is_simulated=any(one.source == SIMULATED for one in self.holdings),
        )

    # --- over time ---------------------------------------------------------------------------------------------------

    @cached_property
    def start(self) -> datetime:
        return series.clamp(self.period.start, self.places.first_at) if self.period.is_open else self.period.start

    @property
    def end(self) -> datetime:
        """Where the period ends: now, or a midnight."""
        return self.period.until or self.moment

    @cached_property
    def _closed_with(self) -> Valuation | Closing | None:
        """What stood at the end of the period; None where that is not known."""
        if self.period.until is not None:
            return closing(scope=self.scope, base=self.base, until=self.period.until)
        return self.now if self.now.is_known else None

    @cached_property
    def change(self) -> Change | UnknownChange:
        return change(self._trail.period, self._closed_with) if self._closed_with else UnknownChange()

    @cached_property
    def today(self) -> Change | UnknownChange:
        return change(self._of_today.today, self.now) if self.now.is_known else UnknownChange()

    @cached_property
    def points(self) -> tuple[Point, ...]:
        return self._trail.line if self.period.until else upto(self._trail.line, self.now)

    @property
    def resolution(self) -> series.Chosen:
        """What the points are made of, and why of that."""
        return series.resolution(series.clamp(self.start, self.places.first_at), self.end)

    @property
    def corrected_at(self) -> datetime | None:
        """When a value of the period was corrected last, or written down afterwards."""
        return self._trail.corrected_at

    @cached_property
    def performance(self) -> Performance:
        trail, end = self._trail, self._closed_with
        return performance(
            trail.days,
            trail.trades,
            change=self.change,
            elapsed=self.elapsed,
            recovery=recovery(trail, end.twr_index, at=self.end) if end else None,
            paid=self.money_weighted,
        )

    @cached_property
    def money_weighted(self) -> MoneyWeighted:
        """The return of the money in it, and the payments that it follows from."""
        change, end = self.change, self._closed_with
        now = [(self.end, end.flow)] if end and end.flow else []
        return money_weighted(
            began=change.began, opening=change.opening, flows=[*self._trail.flows, *now], closing=change.closing,
            ends=self.end,
        )  # fmt: skip

    @property
    def elapsed(self) -> timedelta:
        """How long the period has been, from the moment that it is measured from."""
        return self.end - (self.change.began or self.end)

    @property
    def trade_figures(self) -> TradeFigures:
        """Of the trades closed in the period, with the sums that they come from."""
        return self._trail.trades

    @property
    def index_before(self) -> float:
        """The time-weighted index at the start of the period; 1 where it began, or began anew, within."""
        return self._trail.period.index

    @property
    def index_after(self) -> float | None:
        """The index at the end of the period, None where that is not known."""
        return self._closed_with.twr_index if self._closed_with else None

    @cached_property
    def days(self) -> Sequence[Day]:
        """What changed the value on each day of the period, newest first: today as it is now, the others as written."""
        if self.period.until is not None:
            after = days.day_of(self.period.until)
            return daily_parts(scope=self.scope, base=self.base, start=self.start, before=after)
        today = days.day_of(self.moment)
        over = daily_parts(scope=self.scope, base=self.base, start=self.start, before=today)
        now = self.today
        if isinstance(now, UnknownChange) or now.began is None:
            return over
        parts = (now.closing, now.flows, now.market, now.realized, now.funding, now.fees, now.adjustments, now.twr)
        return [Day(today, *parts), *over]

    # --- in words ----------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.wallet.name if self.wallet else "Portfolio"

    @property
    def building(self) -> Decimal:
        """How much of the demo's history there is, a fraction."""
        return Decimal(self.state.building or 0) / 100

    @property
    def unpriced_words(self) -> str:
        return f"{', '.join(self.now.unpriced)}. No market at its venue has said a price."

    @property
    def nothing_shared(self) -> str:
        """Why there are no parts of the whole."""
        return "Nothing is held yet." if self.now.is_known else "Nothing that is held has a price."

    @property
    def equity_words(self) -> str:
        """What the chart shows, for those who do not see it; shares of the whole only, so nothing has to be masked."""
        if self.change.twr is None or self.change.max_drawdown is None:
            return f"Value, {self.period.words}: not known now."
        change, fall = (
            formatting.percent(Decimal(str(one)), signed=True) for one in (self.change.twr, self.change.max_drawdown)
        )
        return f"Value, {self.period.words}: {change} time-weighted; largest drawdown {fall}."

    # --- figures that may not be known -------------------------------------------------------------------------------

    @property
    def figures(self) -> dict[str, Value]:
        """The ratios of daily returns and the return of the money, each a number or the reason why there is none."""
        ratios = {name: self._known(name, self.performance.why_blank) for name in DAILY_FIGURES}
        return ratios | {"xirr": self._known("xirr", self.performance.why_no_xirr)}

    @property
    def trades(self) -> dict[str, Value]:
        """The figures of closed trades, likewise."""
        reason = "No such trade was closed."
        if not self.performance.trades:
            reason = "No trade was closed in the period."
        elif self.performance.quote is None:
            reason = "Trades that are paid in several assets cannot be added."
        return {name: self._known(name, reason) for name in TRADE_FIGURES}

    @property
    def recovery(self) -> Value:
        """In days."""
        days = self.performance.recovery_days
        return Missing("The last peak has not been reached again, or nothing was lost.") if days is None else days

    def _known(self, name: str, reason: str) -> Value:
        figure: float | None = getattr(self.performance, name)
        return Missing(reason) if figure is None else figure

    @property
    def net_value(self) -> Value:
        """In `base`; missing where nothing that is held has a price, which is unknown and not zero."""
        return self._worth(self.now.equity)

    @property
    def invested(self) -> Value:
        return self._worth(self.now.invested)

    @property
    def unrealized(self) -> Value:
        return self._worth(self.now.unrealized_pnl)

    @property
    def net_exposure(self) -> Value:
        """Signed, in multiples of equity."""
        return self._times(self.now.net_exposure)

    @property
    def gross_exposure(self) -> Value:
        return self._times(self.now.gross_exposure)

    def _worth(self, amount: Decimal) -> Value:
        if not self.now.is_known:
            return Missing(f"Nothing that is held has a price in {self.base}: {', '.join(self.now.unpriced)}.")
        return amount

    def _times(self, amount: Decimal) -> Value:
        if not self.now.is_known:
            return self._worth(amount)
        return amount / self.now.equity if self.now.equity > 0 else Missing("There is no equity to compare with.")

    # --- parts of the whole ------------------------------------------------------------------------------------------

    @cached_property
    def by_asset(self) -> tuple[Share, ...]:
        return holdings.by_asset(self.holdings)

    @cached_property
    def by_farm(self) -> tuple[Share, ...]:
        return holdings.by_branch(self.holdings)

    @cached_property
    def by_venue(self) -> tuple[Share, ...]:
        return holdings.by_venue(self.holdings)

    @cached_property
    def exposure(self) -> tuple[VenueExposure, ...]:
        return holdings.exposure_by_venue(self.holdings, equity=self.now.equity)
