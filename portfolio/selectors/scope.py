"""One scope over one period: the figures that the home page and the API read, each when it is asked for.

The whole page asks for all of them, a fragment for the few it shows; each part costs its queries once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count

from kit import clock, formatting
from kit.errors import NotFoundError
from kit.formatting import Missing, Value
from kit.users.models import User
from markets.prices import SIMULATED
from portfolio import valuation
from portfolio.models import PortfolioState
from portfolio.selectors import holdings, series
from portfolio.selectors.benchmark import Benchmark, benchmark
from portfolio.selectors.holdings import Holding, Share, VenueExposure
from portfolio.selectors.performance import Performance, performance
from portfolio.selectors.periods import Period
from trading.selectors import PositionRow, open_positions
from wallets.models import Connection, Wallet
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
    behind: tuple[Connection, ...]
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


class Scope:
    """The figures of one scope over one period. Raises NotFoundError when `wallet_id` is not the owner's."""

    def __init__(self, *, owner: User, period: Period, wallet_id: UUID | None = None) -> None:
        self.owner_id: UUID = owner.pk
        self.period = period
        self.scope = wallet_id or owner.pk
        self.wallet: Wallet | None = None
        self.base = owner.base_currency
        if wallet_id is not None:
            self.wallet = Wallet.objects.filter(owner_id=owner.pk, pk=wallet_id).first()
            if self.wallet is None:
                raise NotFoundError("There is no such wallet: choose one of yours.")
            self.base = self.wallet.base_asset

    # --- what is there -----------------------------------------------------------------------------------------------

    @cached_property
    def state(self) -> PortfolioState:
        return PortfolioState.objects.filter(owner_id=self.owner_id).first() or PortfolioState(owner_id=self.owner_id)

    @cached_property
    def choices(self) -> Sequence[Wallet]:
        """The wallets that can be looked at alone: masters and farms."""
        return list(
            Wallet.objects.filter(owner_id=self.owner_id).exclude(role=Wallet.Role.AGENT).order_by("role", "created_at")
        )

    @cached_property
    def has_wallets(self) -> bool:
        return any(choice.role == Wallet.Role.MASTER for choice in self.choices)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        return valuation.parameters(owner_id=self.owner_id, at=clock.now(), only=self.scope, behind=self.behind)

    @cached_property
    def now(self) -> valuation.Valuation:
        return valuation.value(self.parameters)

    @cached_property
    def holdings(self) -> tuple[Holding, ...]:
        return holdings.read_holdings(self.parameters)

    @cached_property
    def positions(self) -> tuple[PositionRow, ...]:
        return open_positions(owner_id=self.owner_id, wallet_ids=None if self.wallet is None else [self.wallet.pk])

    @cached_property
    def connections(self) -> Sequence[Any]:
        """All of the owner's, each with its `wallet_count`."""
        return list(Connection.objects.filter(owner_id=self.owner_id).annotate(wallet_count=Count("wallets")))

    @cached_property
    def behind(self) -> tuple[Any, ...]:
        """The connections whose figures are carried forward."""
        return tuple(one for one in self.connections if freshness(one).is_behind)

    @cached_property
    def freshness(self) -> Freshness:
        prices = [one.priced_at for one in self.holdings if not one.is_cash and one.priced_at is not None]
        return Freshness(
            synced_at=self.state.synced_at or self.state.valued_at,
            is_syncing=self.state.syncing_since is not None,
            behind=self.behind,
            using=sum(one.wallet_count for one in self.behind),
            wallets=sum(one.wallet_count for one in self.connections),
            oldest_price_at=min(prices, default=None),
            is_simulated=any(one.source == SIMULATED for one in self.holdings),
        )

    # --- over time ---------------------------------------------------------------------------------------------------

    @cached_property
    def start(self) -> datetime:
        if self.period.is_open:
            return series.clamp(scope=self.scope, base=self.base, start=self.period.start)
        return self.period.start

    @cached_property
    def change(self) -> series.Change | series.UnknownChange:
        return self._since(self.start)

    @cached_property
    def today(self) -> series.Change | series.UnknownChange:
        return self._since(self.now.at.replace(hour=0, minute=0, second=0, microsecond=0))

    def _since(self, start: datetime) -> series.Change | series.UnknownChange:
        if not self.now.is_known:
            return series.UnknownChange()
        return series.change_since(scope=self.scope, start=start, now=self.now)

    @cached_property
    def points(self) -> tuple[series.Point, ...]:
        return series.equity_series(scope=self.scope, base=self.base, start=self.start, now=self.now)

    @cached_property
    def benchmark(self) -> Benchmark | None:
        return benchmark(owner_id=self.owner_id, base=self.base, start=self.start)

    @cached_property
    def performance(self) -> Performance:
        return performance(owner_id=self.owner_id, scope=self.scope, base=self.base, start=self.start)

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
        """The ratios of daily returns, each a number or the reason why there is none."""
        return {name: self._known(name, self.performance.why_blank) for name in DAILY_FIGURES}

    @property
    def trades(self) -> dict[str, Value]:
        """The figures of closed trades, likewise."""
        reason = "No trade was closed in the period." if not self.performance.trades else "No such trade was closed."
        return {name: self._known(name, reason) for name in TRADE_FIGURES}

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
