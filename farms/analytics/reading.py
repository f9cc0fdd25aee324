"""Everything that is known of how a farm or an agent does, since it began, in a fixed number of queries.

Value, return and ratios are those of its wallet (`portfolio.selectors.scope`). Trades come from sums that the database
keeps as they close (`TradeSlice`): a farm's are those that were closed while their agents worked there, wherever these
work now; an agent's are all of its own, in whatever farm.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import combinations
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db.models import Avg, Min, Q, Sum

from farms.analytics.paths import Path, paths_of
from farms.laboratory.drift import Drift, drift_of
from farms.models import Agent, Farm
from kit.errors import NotFoundError
from kit.users.models import User
from markets.candles.reading import TIMEFRAME_MS
from portfolio.allocation.returns import read_returns
from portfolio.models import DailyPerformance
from portfolio.selectors.contribution import By, Contribution, Kind, Part
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from trading.models import Position, TradeSlice
from trading.selectors.trades import TradeFigures, figures_of
from wallets.hierarchy.tree import WalletNode, wallet_tree

ZERO: Final = Decimal(0)
YEAR: Final = timedelta(days=365)
# Of so many days agents are held against each other, and from so many on that both know.
BACK: Final = 90
FEWEST_DAYS: Final = 20
# Of very many agents the largest are held against each other.
MOST_AGENTS: Final = 40
MOST_PAIRS: Final = 20
REGIMES: Final = {
    "rising": "Rising",
    "falling": "Falling",
    "sideways": "Sideways",
    "": "Not known: too few days before it",
}
CAUSES: Final = {**dict(Position.ExitCause.choices), "": "Not known: closed before this was written down"}

Line = Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Slice:
    """Trades of one kind: their figures, what they made net of fees, and the fees; amounts in `quote`, None in several.

    `traded` is all that was bought and sold.
    """

    key: str
    label: str
    figures: TradeFigures
    net: Decimal | None
    fees: Decimal | None
    traded: Decimal | None

    @property
    def trades(self) -> int:
        return self.figures.trades

    @property
    def quote(self) -> str | None:
        return self.figures.quote


@dataclass(frozen=True, slots=True)
class Pair:
    """How far the days of two agents went the same way, over the `days` that both know."""

    first: str
    first_id: UUID
    second: str
    second_id: UUID
    correlation: float
    days: int


class Analytics:
    """Of a farm or of an agent of the owner's; each part is read when it is asked for. Raises NotFoundError."""

    def __init__(self, *, owner: User, farm_id: UUID | None = None, agent_id: UUID | None = None) -> None:
        self.owner = owner
        self.subject: Farm | Agent = _found(owner.pk, farm_id, agent_id)
        self.scope = Scope(owner=owner, period=Period.ALL, wallet_id=self.subject.wallet_id)

    @property
    def kind(self) -> str:
        return "farm" if isinstance(self.subject, Farm) else "agent"

    @property
    def base(self) -> str:
        return self.scope.base

    @cached_property
    def node(self) -> WalletNode:
        """Its wallet in the tree: its share of the master's value, and its target."""
        nodes = wallet_tree(owner_id=self.owner.pk)
        return next(node for node in nodes if node.id == self.subject.wallet_id)

    # --- over time ---------------------------------------------------------------------------------------------------

    @cached_property
    def line(self) -> Line:
        """Its time-weighted return since it began, or began anew after a total loss, at moments."""
        found, start = [], self.scope.index_before
        for point in self.scope.points:
            if point.drawdown <= -1:
                start = 1.0
            found.append((point.at, point.twr_index / start - 1))
        return found

    @cached_property
    def paths(self) -> Sequence[Path]:
        """Where goals with a deadline want its return to be."""
        points = zip(self.line, self.scope.points, strict=True)
        values = [(at, twr, point.equity) for (at, twr), point in points]
        return paths_of(owner_id=self.owner.pk, wallet_id=self.subject.wallet_id, base=self.base, values=values)

    @cached_property
    def held(self) -> Line:
        """What buying the benchmark when it began, and holding it, returned at the same moments."""
        found = self.scope.benchmark
        if found is None or not len(found.candles) or not self.line:
            return ()
        closes = found.candles.ts + _length(found.candles.ts)
        moments = np.array([int(at.timestamp() * 1000) for at, _ in self.line])
        places = np.searchsorted(closes, moments, side="right") - 1
        prices = found.candles.close[np.maximum(places, 0)]
        known = [(at, place) for (at, _), place in zip(self.line, places, strict=True) if place >= 0]
        if not known:
            return ()
        first = float(found.candles.close[known[0][1]])
        return [
            (at, float(price) / first - 1)
            for (at, _), place, price in zip(self.line, places, prices, strict=True)
            if place >= 0
        ]

    @property
    def benchmark_name(self) -> str:
        return f"{self.scope.benchmark.name} held" if self.scope.benchmark else ""

    @property
    def benchmark_return(self) -> float | None:
        return self.held[-1][1] if self.held else None

    # --- trades ------------------------------------------------------------------------------------------------------

    @cached_property
    def _sums(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Its slices with what they are paid in, by what they are of."""
        whose = Q(under=self.subject.wallet_id) if self.kind == "farm" else Q(wallet=self.subject.wallet_id)
        rows = (
            TradeSlice.objects.filter(whose, owner_id=self.owner.pk, trades__gt=0)
            .order_by("by", "key")
            .values("by", "key", "instrument__quote")
            .annotate(
                n=Sum("trades"), wins=Sum("won_trades"), losses=Sum("lost_trades"), gain=Sum("won"), loss=Sum("lost"),
                paid=Sum("fees"), volume=Sum("traded"),
            )
        )  # fmt: skip
        found = defaultdict(list)
        for row in rows:
            found[row["by"]].append(row)
        return found

    @property
    def trades(self) -> Slice:
        """All of them."""
        return next(iter(_slices(self._sums["all"], {"": "All"})), _slice("", "All", ()))

    @property
    def hours(self) -> Sequence[Slice]:
        """By the hour (UTC) in which they were opened."""
        return _slices(self._sums["hour"], {f"{hour:02}": f"{hour:02}:00" for hour in range(24)})

    @property
    def exits(self) -> Sequence[Slice]:
        """By what closed them."""
        return _slices(self._sums["exit"], CAUSES)

    @property
    def regimes(self) -> Sequence[Slice]:
        """By what the market did in the twenty days before they were opened."""
        return _slices(self._sums["regime"], REGIMES)

    @cached_property
    def turnover(self) -> float | None:
        """What was traded in a year, by its mean value; None where that is not of one asset, or for less than a day."""
        rows = DailyPerformance.objects.filter(scope=self.subject.wallet_id, base=self.base).order_by()
        found = rows.aggregate(mean=Avg("equity"), since=Min("ends"))
        traded = self.trades.traded
        if found["since"] is None or not found["mean"] or found["mean"] <= 0:
            return None
        elapsed = self.scope.moment - found["since"] + timedelta(days=1)
        if traded is None or self.trades.quote not in (self.base, None) or elapsed < timedelta(days=1):
            return None
        a_year: float = float(traded / found["mean"]) * (YEAR / elapsed)
        return a_year

    # --- agents ------------------------------------------------------------------------------------------------------

    @cached_property
    def contributors(self) -> Sequence[Part]:
        """What each agent made of the farm's profit while it worked there, the largest gain first."""
        if self.kind == "agent":
            return ()
        return [part for part in Contribution.of(self.scope, by=By.AGENT).parts if part.kind is Kind.WALLET]

    @cached_property
    def pairs(self) -> Sequence[Pair]:
        """Every two of the farm's agents that have enough days in common, the most alike first."""
        if self.kind != "farm":
            return ()
        agents = Agent.objects.filter(farm_id=self.subject.pk).exclude(status=Agent.Status.ARCHIVED)
        workers = list(agents.select_related("wallet").order_by("created_at", "pk")[:MOST_AGENTS])
        table = read_returns(wallets=[agent.wallet for agent in workers], back=BACK).table
        found = (_pair(workers[one], workers[two], table[:, [one, two]]) for one, two in _couples(len(workers)))
        return sorted((pair for pair in found if pair is not None), key=lambda pair: -pair.correlation)

    @property
    def mean_correlation(self) -> float | None:
        return float(np.mean([pair.correlation for pair in self.pairs])) if self.pairs else None

    @property
    def extremes(self) -> Sequence[Pair]:
        """The pairs that are most alike, and those that are least."""
        if len(self.pairs) <= MOST_PAIRS:
            return self.pairs
        return [*self.pairs[: MOST_PAIRS // 2], *self.pairs[-MOST_PAIRS // 2 :]]

    @cached_property
    def drift(self) -> Drift | None:
        """Of an agent: how far its fills are from its backtest's."""
        return None if self.kind == "farm" else drift_of(owner_id=self.owner.pk, agent_id=self.subject.pk)


def correlation(table: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, int] | None:
    """Pearson's of two columns over the rows that both have, and how many; None under 20, or where one never moves."""
    both = table[~np.isnan(table).any(axis=1)]
    if len(both) < FEWEST_DAYS or not both.std(axis=0).all():
        return None
    return float(np.corrcoef(both.T)[0, 1]), len(both)


def _pair(one: Agent, two: Agent, table: np.ndarray[Any, np.dtype[np.float64]]) -> Pair | None:
    found = correlation(table)
    return None if found is None else Pair(one.name, one.pk, two.name, two.pk, *found)


def _couples(count: int) -> Iterable[tuple[int, int]]:
    return combinations(range(count), 2)


def _found(owner_id: UUID, farm_id: UUID | None, agent_id: UUID | None) -> Farm | Agent:
    found: Farm | Agent | None
    if farm_id is not None:
        found = Farm.objects.select_related("wallet").filter(owner_id=owner_id, pk=farm_id).first()
    else:
        rows = Agent.objects.select_related("wallet", "farm").filter(owner_id=owner_id)
        found = None if agent_id is None else rows.filter(pk=agent_id).first()
    if found is None:
        raise NotFoundError(f"This {'farm' if farm_id else 'agent'} does not exist.")
    return found


def _slices(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> Sequence[Slice]:
    """One of each kind that there is, in the order of the labels."""
    by_key: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_key[row["key"]].append(row)
    return [_slice(key, label, by_key[key]) for key, label in labels.items() if key in by_key]


def _slice(key: str, label: str, rows: Sequence[Mapping[str, Any]]) -> Slice:
    quotes = {row["instrument__quote"] for row in rows}
    quote = quotes.pop() if len(quotes) == 1 else None
    sums = {name: sum((row[name] for row in rows), ZERO) for name in ("gain", "loss", "paid", "volume")}
    counts = [sum(row[name] for row in rows) for name in ("n", "wins", "losses")]
    figures = figures_of(counts[0], counts[1], counts[2], sums["gain"], sums["loss"], quote=quote)
    if quote is None and rows:
        return Slice(key, label, figures, None, None, None)
    return Slice(key, label, figures, sums["gain"] - sums["loss"], sums["paid"], sums["volume"])


def _length(ts: np.ndarray[Any, np.dtype[np.int64]]) -> int:
    """How long the candles are, in ms."""
    return int(np.diff(ts).min()) if ts.size > 1 else min(TIMEFRAME_MS.values())
