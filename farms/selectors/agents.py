"""What the pages of agents show, and programs get: frozen rows in a fixed number of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import numpy as np
from django.db.models import Q

from farms.models import Agent, StrategyVersion
from farms.selectors.ahead import Ahead, ahead_of
from farms.selectors.facts import farm_facts
from farms.selectors.promotions import Promotions, promotions_of
from farms.selectors.results import results_by_wallet
from farms.selectors.runs import RunRow, last_runs
from farms.selectors.states import states_of
from kit.errors import NotFoundError
from kit.formatting import respelled
from kit.sentences import Sentence
from kit.statuses import State
from markets.candles.reading import load_candles, moment
from markets.models import Timeframe
from portfolio.selectors.standings import HasStanding, Standing, standings
from quant import strategies
from quant.candles import MINUTE_MS, Candles, Floats, aggregate
from quant.errors import UnknownStrategyError
from trading.selectors import OrderRow, PositionRow, TradeRow, closed_positions, open_positions, orders
from wallets.hierarchy.tree import WalletNode, wallet_tree
from wallets.models import Wallet

ZERO: Final = Decimal(0)
ROWS_SHOWN: Final = 8
# More marks would only cover one another: the last are drawn.
TRADES_SHOWN: Final = 300
# What is told apart on a screen: longer stretches are drawn in longer candles, of lengths that people know.
BARS_SHOWN: Final = 420
LENGTHS: Final = (1, 5, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 10_080, 20_160, 43_200)  # minutes
MOST_BARS: Final = 50_000
FEWEST_BARS: Final = 6
# How far back the chart goes; the last is all that there is.
SPANS: Final = {"1D": timedelta(days=1), "1W": timedelta(days=7), "1M": timedelta(days=30), "All": None}
USUAL_BARS: Final = 150


@dataclass(frozen=True, slots=True)
class AgentRow(HasStanding):
    """An agent. Money in the base asset of its master, returns and shares as fractions; `is_free` where it works in no
    farm."""

    id: UUID
    farm_id: UUID
    farm: str
    wallet_id: UUID
    name: str
    strategy: str
    symbol: str
    coin: str
    timeframe: str
    sizing: str
    sizing_label: str
    leverage: Decimal
    size: Decimal
    status: str
    status_detail: Sentence
    state: State
    base_asset: str
    standing: Standing
    free: Decimal
    trades: int
    wins: int
    realized: Decimal
    position: PositionRow | None
    last_run: RunRow | None
    is_free: bool = False
    is_paper: bool = True

    @property
    def market(self) -> str:
        """`BTC/USDT · 4h`."""
        return f"{self.symbol} · {self.timeframe}"

    @property
    def win_rate(self) -> Decimal | None:
        return Decimal(self.wins) / self.trades if self.trades else None

    @property
    def is_running(self) -> bool:
        return self.status == Agent.Status.RUNNING

    @property
    def is_archived(self) -> bool:
        return self.status == Agent.Status.ARCHIVED


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter of the strategy: its label and its value in words."""

    name: str
    value: str
    help: str


@dataclass(frozen=True, slots=True)
class AgentPage:
    """An agent with its settings, its market as it sees it, and what it traded lately.

    `candles` go back as far as `span` says, one of the `spans` that this timeframe has bars for, and may be longer than
    its own; each of the `indicators`, by its parameter's title, has a value at each. `shown_trades` were closed within
    them.
    """

    agent: AgentRow
    description: str
    version: StrategyVersion | None
    settings: tuple[Setting, ...]
    span: str
    spans: tuple[str, ...]
    candles: Candles
    indicators: Mapping[str, Floats]
    orders: tuple[OrderRow, ...]
    trades: tuple[TradeRow, ...]
    shown_trades: tuple[TradeRow, ...]
    promotions: Promotions
    ahead: Ahead


def agent_rows(*, owner_id: UUID, agent_ids: Collection[UUID] | None = None) -> tuple[AgentRow, ...]:
    """The owner's agents, oldest first; with `agent_ids` those, and nothing is worked out of the others."""
    nodes = {node.id: node for node in wallet_tree(owner_id=owner_id)}
    of_whom, of_what = (None, None) if agent_ids is None else (Q(pk__in=agent_ids), Q(agents__in=agent_ids))
    states = states_of(farm_facts(owner_id=owner_id, only=of_what))
    return rows_of(owner_id, nodes, standings(owner_id=owner_id), states, only=of_whom)


def agent_row(*, owner_id: UUID, agent_id: UUID) -> AgentRow:
    """One agent, or NotFoundError."""
    for row in agent_rows(owner_id=owner_id, agent_ids=[agent_id]):
        return row
    raise NotFoundError("This agent does not exist.")


def agent_page(*, owner_id: UUID, agent_id: UUID, span: str = "") -> AgentPage:
    """One agent with its market and its latest trades, or NotFoundError. An unknown `span` is the usual one."""
    row = agent_row(owner_id=owner_id, agent_id=agent_id)
    agent = Agent.objects.select_related("version__saved").get(pk=agent_id)
    strategy = _strategy(agent.strategy)
    length = Timeframe(agent.timeframe).length
    spans = tuple(name for name, back in SPANS.items() if back is None or back >= FEWEST_BARS * length)
    chosen = span if span in spans else _usual(spans, length)
    candles, indicators = _market(agent, strategy, SPANS[chosen], length)
    trades = tuple(closed_positions(owner_id=owner_id, wallet_ids=[row.wallet_id], limit=TRADES_SHOWN))
    since = moment(int(candles.ts[0])) if len(candles) else None
    schema = strategy.schema if strategy else ()
    titles = {item.name: item.title for item in schema}
    return AgentPage(
        agent=row,
        description=strategy.description if strategy else f"The strategy {agent.strategy} is not installed.",
        version=agent.version,
        settings=tuple(
            Setting(item.title, respelled(item.in_words(agent.parameters.get(item.name, item.default))), item.help)
            for item in schema
        ),
        span=chosen,
        spans=spans,
        candles=candles,
        indicators={titles.get(name, name): values for name, values in indicators.items()},
        orders=tuple(orders(owner_id=owner_id, wallet_ids=[row.wallet_id], limit=ROWS_SHOWN)),
        trades=trades[:ROWS_SHOWN],
        shown_trades=tuple(trade for trade in trades if since is not None and trade.closed_at >= since),
        promotions=promotions_of(owner_id=owner_id, agent_id=agent_id),
        ahead=ahead_of(owner_id=owner_id, agent_id=agent_id),
    )


def _usual(spans: Sequence[str], length: timedelta) -> str:
    """The shortest that shows enough bars."""
    enough = (name for name in spans if (back := SPANS[name]) is not None and back >= USUAL_BARS * length)
    return next(enough, spans[-1])


def rows_of(
    owner_id: UUID,
    nodes: dict[UUID, WalletNode],
    stand: dict[UUID, Standing],
    states: dict[UUID, State],
    *,
    only: Q | None = None,
) -> tuple[AgentRow, ...]:
    """The rows of agents whose wallets, standings and states are known already; `only` says of which.

    The share of a position is that of all which are read here.
    """
    agents = list(Agent.objects.filter(only or Q(), owner_id=owner_id).select_related("farm", "instrument"))
    wallets, whom = (
        (None, None) if only is None else ([agent.wallet_id for agent in agents], [agent.pk for agent in agents])
    )
    theirs = None if wallets is None else Q(wallet_id__in=wallets)
    held = {(row.wallet_id, row.instrument_id): row for row in open_positions(owner_id=owner_id, where=theirs)}
    results, last = results_by_wallet(owner_id, wallets), last_runs(owner_id, whom)
    return tuple(
        _agent_row(
            agent,
            nodes[agent.wallet_id],
            stand[agent.wallet_id],
            states[agent.pk],
            results.get(agent.wallet_id, (0, 0, ZERO)),
            held.get((agent.wallet_id, agent.instrument_id)),
            last.get(agent.pk),
            is_free=nodes[agent.farm.wallet_id].role == Wallet.Role.POOL,
        )
        for agent in agents
    )


def _agent_row(
    agent: Agent,
    node: WalletNode,
    standing: Standing,
    state: State,
    results: tuple[int, int, Decimal],
    position: PositionRow | None,
    last_run: RunRow | None,
    *,
    is_free: bool,
) -> AgentRow:
    strategy = _strategy(agent.strategy)
    trades, wins, realized = results
    return AgentRow(
        id=agent.pk,
        farm_id=agent.farm_id,
        farm=agent.farm.name,
        wallet_id=agent.wallet_id,
        name=agent.name,
        strategy=strategy.name if strategy else agent.strategy,
        symbol=agent.instrument.symbol,
        coin=agent.instrument.base,
        timeframe=agent.timeframe,
        sizing=agent.sizing,
        sizing_label=agent.get_sizing_display(),
        leverage=agent.leverage,
        size=agent.size,
        status=agent.status,
        status_detail=agent.status_detail,
        state=state,
        base_asset=node.base_asset,
        standing=standing,
        free=node.free_value,
        trades=trades,
        wins=wins,
        realized=realized,
        position=position,
        last_run=last_run,
        is_free=is_free,
        is_paper=node.is_paper,
    )


def _strategy(slug: str) -> strategies.Strategy | None:
    try:
        return strategies.get(slug)
    except UnknownStrategyError:
        return None


def _market(
    agent: Agent, strategy: strategies.Strategy | None, back: timedelta | None, length: timedelta
) -> tuple[Candles, Mapping[str, Floats]]:
    """The bars of the span and the indicators at each, computed on enough bars before them to have settled."""
    warmup = strategy.warmup(agent.parameters) if strategy else 0
    wanted = MOST_BARS if back is None else min(MOST_BARS, back // length)
    candles = load_candles(instrument_id=agent.instrument_id, timeframe=agent.timeframe, limit=wanted + warmup)
    first = max(0, len(candles) - wanted)
    if strategy is None or not len(candles):
        return _fitted(candles[first:], {}, length)
    indicators = strategy.intents(candles, agent.parameters).indicators
    return _fitted(candles[first:], {name: values[first:] for name, values in indicators.items()}, length)


def _fitted(
    candles: Candles, indicators: Mapping[str, Floats], length: timedelta
) -> tuple[Candles, Mapping[str, Floats]]:
    """In candles so long that they can be told apart; an indicator has its last value within each."""
    own = length // timedelta(minutes=1)
    minutes = next((m for m in LENGTHS if m % own == 0 and len(candles) * own <= m * BARS_SHOWN), LENGTHS[-1])
    if minutes <= own:
        return candles, indicators
    # The candle that is not over yet is left out, so what the bars come to ends before the last of them.
    longer = aggregate(candles, minutes)
    ends = np.searchsorted(candles.ts, longer.ts + minutes * MINUTE_MS) - 1
    return longer, {name: values[ends] for name, values in indicators.items()}
