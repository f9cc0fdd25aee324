"""What the pages of agents show, and programs get: frozen rows in a fixed number of queries."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from farms.models import Agent
from farms.selectors.results import results_by_wallet
from farms.selectors.runs import RunRow, last_runs
from farms.selectors.states import farm_facts, states_of
from kit.errors import NotFoundError
from kit.statuses import State
from markets.candles.reading import load_candles, moment
from portfolio.selectors.standings import Standing, standings
from quant import strategies
from quant.candles import Candles
from quant.errors import UnknownStrategyError
from quant.strategies import Intents
from trading.models import Fill
from trading.selectors import OrderRow, PositionRow, TradeRow, closed_positions, open_positions, orders
from wallets.hierarchy.tree import WalletNode, wallet_tree

ZERO: Final = Decimal(0)
BARS_SHOWN: Final = 160
ROWS_SHOWN: Final = 8
# More marks than bars would only cover one another: the last are drawn.
FILLS_SHOWN: Final = 2 * BARS_SHOWN


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent. Money in the base asset of its master, returns and shares as fractions."""

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
    size: Decimal
    status: str
    status_detail: str
    state: State
    base_asset: str
    standing: Standing
    free: Decimal
    trades: int
    wins: int
    realized: Decimal
    position: PositionRow | None
    last_run: RunRow | None

    @property
    def value(self) -> Decimal | None:
        return self.standing.value

    @property
    def funding(self) -> Decimal:
        return self.standing.funding

    @property
    def profit(self) -> Decimal | None:
        return self.standing.profit

    @property
    def profit_on_funding(self) -> Decimal | None:
        return self.standing.profit_on_funding

    @property
    def today(self) -> Decimal | None:
        return self.standing.today

    @property
    def today_return(self) -> float | None:
        return self.standing.today_return

    @property
    def twr(self) -> float | None:
        return self.standing.twr

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
    """An agent with its settings, its market as it sees it, and what it traded lately."""

    agent: AgentRow
    description: str
    settings: tuple[Setting, ...]
    candles: Candles
    intents: Intents | None
    fills: tuple[Fill, ...]
    orders: tuple[OrderRow, ...]
    trades: tuple[TradeRow, ...]


def agent_rows(*, owner_id: UUID) -> tuple[AgentRow, ...]:
    """The owner's agents, oldest first."""
    nodes = {node.id: node for node in wallet_tree(owner_id=owner_id)}
    states = states_of(farm_facts(owner_id=owner_id))
    return rows_of(owner_id, nodes, standings(owner_id=owner_id), states)


def agent_row(*, owner_id: UUID, agent_id: UUID) -> AgentRow:
    """One agent, or NotFoundError."""
    for row in agent_rows(owner_id=owner_id):
        if row.id == agent_id:
            return row
    raise NotFoundError("This agent does not exist.")


def agent_page(*, owner_id: UUID, agent_id: UUID) -> AgentPage:
    """One agent with its market and its latest trades, or NotFoundError."""
    row = agent_row(owner_id=owner_id, agent_id=agent_id)
    agent = Agent.objects.get(pk=agent_id)
    strategy = _strategy(agent.strategy)
    candles, intents = _market(agent, strategy)
    since = moment(int(candles.ts[0])) if len(candles) else None
    fills = Fill.objects.filter(wallet_id=row.wallet_id, filled_at__gte=since) if since else Fill.objects.none()
    schema = strategy.schema if strategy else ()
    return AgentPage(
        agent=row,
        description=strategy.description if strategy else f"The strategy {agent.strategy} is not installed.",
        settings=tuple(
            Setting(item.title, item.in_words(agent.parameters.get(item.name, item.default)), item.help)
            for item in schema
        ),
        candles=candles,
        intents=intents,
        fills=tuple(reversed(fills.order_by("-filled_at")[:FILLS_SHOWN])),
        orders=tuple(orders(owner_id=owner_id, wallet_ids=[row.wallet_id], limit=ROWS_SHOWN)),
        trades=tuple(closed_positions(owner_id=owner_id, wallet_ids=[row.wallet_id], limit=ROWS_SHOWN)),
    )


def rows_of(
    owner_id: UUID, nodes: dict[UUID, WalletNode], stand: dict[UUID, Standing], states: dict[UUID, State]
) -> tuple[AgentRow, ...]:
    """The rows of agents whose wallets, standings and states are known already."""
    agents = list(Agent.objects.filter(owner_id=owner_id).select_related("farm", "instrument"))
    held = {(row.wallet_id, row.instrument_id): row for row in open_positions(owner_id=owner_id)}
    results, last = results_by_wallet(owner_id), last_runs(owner_id)
    return tuple(
        _agent_row(
            agent,
            nodes[agent.wallet_id],
            stand[agent.wallet_id],
            states[agent.pk],
            results.get(agent.wallet_id, (0, 0, ZERO)),
            held.get((agent.wallet_id, agent.instrument_id)),
            last.get(agent.pk),
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
        sizing=agent.get_sizing_display(),
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
    )


def _strategy(slug: str) -> strategies.Strategy | None:
    try:
        return strategies.get(slug)
    except UnknownStrategyError:
        return None


def _market(agent: Agent, strategy: strategies.Strategy | None) -> tuple[Candles, Intents | None]:
    """The last bars and what the strategy makes of them, computed on enough bars before them to have settled."""
    warmup = strategy.warmup(agent.parameters) if strategy else 0
    candles = load_candles(instrument_id=agent.instrument_id, timeframe=agent.timeframe, limit=BARS_SHOWN + warmup)
    shown = candles[-BARS_SHOWN:]
    if strategy is None or not len(candles):
        return shown, None
    return shown, strategy.intents(candles, agent.parameters)
