"""What the pages of farms and agents show, and programs get: frozen rows in a fixed number of queries.

Profit is what a wallet is worth minus what was given to it: allocations received less collections handed back. So it
holds fees, open positions and everything else, and needs no bookkeeping of its own.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from farms.models import Agent, AgentRun, Farm, FarmEvent
from markets.models import Timeframe
from markets.selectors import load_candles, moment, price_in
from moniqo.lib.errors import NotFoundError
from quant import strategies
from quant.candles import Candles
from quant.errors import UnknownStrategyError
from quant.strategies import Intents
from trading.models import Fill, Order, Position
from trading.selectors import OrderRow, PositionRow, TradeRow, closed_positions, open_positions, orders
from wallets.models import FundAllocation
from wallets.selectors import WalletNode, wallet_tree

ZERO: Final = Decimal(0)
BARS_SHOWN: Final = 160
EVENTS_SHOWN: Final = 12
DECISIONS_SHOWN: Final = 8
ROWS_SHOWN: Final = 8
CURVE_POINTS: Final = 400


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run: what the agent saw at the close of a bar, and what it did about it."""

    id: int
    agent_id: UUID
    agent: str
    bar_closed_at: datetime
    decision: str
    label: str
    explanation: str
    close: Decimal
    indicators: dict[str, float]
    numbers: dict[str, Decimal]
    stop_price: Decimal | None
    target_price: Decimal | None
    tick_size: Decimal
    order_id: UUID | None
    order_status: str
    refusal: str

    @property
    def kind(self) -> str:
        """How its chip looks."""
        return {"enter": "ok", "exit": "brand", "skip": "warn"}.get(self.decision, "")


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
    status_label: str
    status_kind: str
    status_detail: str
    base_asset: str
    value: Decimal
    free: Decimal
    funding: Decimal
    trades: int
    wins: int
    realized: Decimal
    position: PositionRow | None
    last_run: RunRow | None

    @property
    def profit(self) -> Decimal:
        return self.value - self.funding

    @property
    def profit_return(self) -> Decimal | None:
        return self.profit / self.funding if self.funding > 0 else None

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


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a farm holds in one instrument, as a share of its value, beside the most it may hold."""

    symbol: str
    value: Decimal
    share: Decimal
    cap: Decimal

    @property
    def is_full(self) -> bool:
        return self.share >= self.cap


@dataclass(frozen=True, slots=True)
class FarmRow:
    """A farm with its agents. Money in the base asset of its master."""

    id: UUID
    wallet_id: UUID
    name: str
    kind: str
    status: str
    status_label: str
    status_kind: str
    base_asset: str
    value: Decimal
    free: Decimal
    funding: Decimal
    share: Decimal | None
    target: Decimal | None
    maximum_share: Decimal
    created_at: datetime
    agents: tuple[AgentRow, ...]
    exposure: tuple[Exposure, ...]

    @property
    def profit(self) -> Decimal:
        return self.value - self.funding

    @property
    def profit_return(self) -> Decimal | None:
        return self.profit / self.funding if self.funding > 0 else None

    @property
    def running(self) -> int:
        return sum(agent.is_running for agent in self.agents)

    @property
    def trades(self) -> int:
        return sum(agent.trades for agent in self.agents)

    @property
    def positions(self) -> tuple[PositionRow, ...]:
        return tuple(agent.position for agent in self.agents if agent.position)

    @property
    def is_running(self) -> bool:
        return self.status == Farm.Status.RUNNING

    def contribution(self, agent: AgentRow) -> Decimal | None:
        """The part of the farm's return that the agent made, as a fraction of the farm's funding."""
        return agent.profit / self.funding if self.funding > 0 else None


@dataclass(frozen=True, slots=True)
class FarmPage:
    """A farm with what happened lately. `curve` is the profit of closed trades, added up, with its moments."""

    farm: FarmRow
    events: tuple[FarmEvent, ...]
    decisions: tuple[RunRow, ...]
    curve: tuple[tuple[datetime, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter of the strategy with its value."""

    name: str
    value: Any
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


def farm_rows(*, owner_id: UUID) -> tuple[FarmRow, ...]:
    """The owner's farms with their agents, oldest first."""
    agents: dict[UUID, list[AgentRow]] = defaultdict(list)
    nodes = {node.id: node for node in wallet_tree(owner_id=owner_id)}
    for row in _agent_rows(owner_id, nodes):
        agents[row.farm_id].append(row)
    farms = Farm.objects.filter(owner_id=owner_id)
    given = _funding(owner_id)
    return tuple(_farm_row(farm, nodes[farm.wallet_id], given, agents[farm.pk]) for farm in farms)


def farm_row(*, owner_id: UUID, farm_id: UUID) -> FarmRow:
    """One farm with its agents, or NotFoundError."""
    for row in farm_rows(owner_id=owner_id):
        if row.id == farm_id:
            return row
    raise NotFoundError("This farm does not exist.")


def agent_rows(*, owner_id: UUID) -> tuple[AgentRow, ...]:
    """The owner's agents, oldest first."""
    return _agent_rows(owner_id, {node.id: node for node in wallet_tree(owner_id=owner_id)})


def agent_row(*, owner_id: UUID, agent_id: UUID) -> AgentRow:
    """One agent, or NotFoundError."""
    for row in agent_rows(owner_id=owner_id):
        if row.id == agent_id:
            return row
    raise NotFoundError("This agent does not exist.")


def farm_page(*, owner_id: UUID, farm_id: UUID) -> FarmPage:
    """One farm with what happened lately, or NotFoundError."""
    farm = farm_row(owner_id=owner_id, farm_id=farm_id)
    decisions = agent_runs(owner_id=owner_id, farm_id=farm_id).exclude(decision=AgentRun.Decision.HOLD)
    return FarmPage(
        farm=farm,
        events=tuple(FarmEvent.objects.filter(farm_id=farm_id).select_related("agent")[:EVENTS_SHOWN]),
        decisions=tuple(run_row(run) for run in decisions.order_by("-created_at")[:DECISIONS_SHOWN]),
        curve=_curve([agent.wallet_id for agent in farm.agents], farm.created_at),
    )


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
        settings=tuple(Setting(item.name, agent.parameters.get(item.name), item.help) for item in schema),
        candles=candles,
        intents=intents,
        fills=tuple(fills.order_by("filled_at")),
        orders=tuple(orders(owner_id=owner_id, wallet_ids=[row.wallet_id], limit=ROWS_SHOWN)),
        trades=tuple(closed_positions(owner_id=owner_id, wallet_ids=[row.wallet_id], limit=ROWS_SHOWN)),
    )


def agent_runs(*, owner_id: UUID, agent_id: UUID | None = None, farm_id: UUID | None = None) -> QuerySet[AgentRun]:
    """Runs, newest bar first, with what `run_row` reads, ready to page."""
    runs = AgentRun.objects.filter(owner_id=owner_id).select_related("agent", "instrument", "order")
    if agent_id is not None:
        runs = runs.filter(agent_id=agent_id)
    if farm_id is not None:
        runs = runs.filter(agent__farm_id=farm_id)
    return runs


def run_row(run: AgentRun) -> RunRow:
    """A row that came from `agent_runs`."""
    return RunRow(
        id=run.pk,
        agent_id=run.agent_id,
        agent=run.agent.name,
        bar_closed_at=moment(run.bar) + Timeframe(run.agent.timeframe).length,
        decision=run.decision,
        label=run.get_decision_display(),
        explanation=run.explanation,
        close=run.close,
        indicators=run.indicators,
        numbers={name: Decimal(value) for name, value in run.numbers.items()},
        stop_price=run.stop_price,
        target_price=run.target_price,
        tick_size=run.instrument.tick_size,
        order_id=run.order_id,
        order_status=run.order.get_status_display() if run.order else "",
        refusal=run.order.refusal if run.order and run.order.status == Order.Status.REJECTED else "",
    )


# --- inside --------------------------------------------------------------------------------------------------------


def _agent_rows(owner_id: UUID, nodes: dict[UUID, WalletNode]) -> tuple[AgentRow, ...]:
    agents = list(Agent.objects.filter(owner_id=owner_id).select_related("farm", "instrument"))
    held = {(row.wallet_id, row.instrument_id): row for row in open_positions(owner_id=owner_id)}
    given, results, last = _funding(owner_id), _results(owner_id), _last_runs(owner_id)
    return tuple(
        _agent_row(
            agent,
            nodes[agent.wallet_id],
            given.get(agent.wallet_id, ZERO),
            results.get(agent.wallet_id, (0, 0, ZERO)),
            held.get((agent.wallet_id, agent.instrument_id)),
            last.get(agent.pk),
        )
        for agent in agents
    )


def _agent_row(
    agent: Agent,
    node: WalletNode,
    funding: Decimal,
    results: tuple[int, int, Decimal],
    position: PositionRow | None,
    last_run: RunRow | None,
) -> AgentRow:
    strategy = _strategy(agent.strategy)
    label, kind = _status(agent)
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
        status_label=label,
        status_kind=kind,
        status_detail=agent.status_detail,
        base_asset=node.base_asset,
        value=node.value,
        free=node.free_value,
        funding=funding,
        trades=trades,
        wins=wins,
        realized=realized,
        position=position,
        last_run=last_run,
    )


def _farm_row(farm: Farm, node: WalletNode, given: dict[UUID, Decimal], agents: Iterable[AgentRow]) -> FarmRow:
    members = tuple(agents)
    kind = {Farm.Status.RUNNING: "ok", Farm.Status.REHEARSING: "brand"}.get(Farm.Status(farm.status), "")
    return FarmRow(
        id=farm.pk,
        wallet_id=farm.wallet_id,
        name=farm.name,
        kind=farm.get_kind_display(),
        status=farm.status,
        status_label=farm.get_status_display(),
        status_kind=kind,
        base_asset=node.base_asset,
        value=node.value,
        free=node.free_value,
        funding=given.get(farm.wallet_id, ZERO),
        share=node.share,
        target=node.target,
        maximum_share=farm.maximum_share,
        created_at=farm.created_at,
        agents=members,
        exposure=_exposure(members, node.value, farm.maximum_share),
    )


def _status(agent: Agent) -> tuple[str, str]:
    """The words and the colour of an agent's state; a running agent in a paused farm says so."""
    if agent.failures and agent.status == Agent.Status.PAUSED:
        return "Failed", "bad"
    if agent.failures:
        return "Failing", "warn"
    if agent.status == Agent.Status.RUNNING and agent.farm.status == Farm.Status.PAUSED:
        return "Farm paused", ""
    return agent.get_status_display(), "ok" if agent.status == Agent.Status.RUNNING else ""


def _exposure(agents: tuple[AgentRow, ...], value: Decimal, cap: Decimal) -> tuple[Exposure, ...]:
    """Per instrument, largest first; what has no price is left out, as it is from the farm's value."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for agent in agents:
        if agent.position is not None and agent.position.value is not None:
            held[agent.symbol] += agent.position.value
    rows = (Exposure(symbol, amount, amount / value, cap) for symbol, amount in held.items() if value > 0)
    return tuple(sorted(rows, key=lambda row: -row.value))


def _funding(owner_id: UUID) -> dict[UUID, Decimal]:
    """Per wallet, in its base asset: what was allocated to it less what was collected from it.

    What moved in another asset counts at its price of now, so that holding it makes no profit of the wallet's own; an
    asset without a price counts in neither value nor funding.
    """
    moves = FundAllocation.objects.filter(owner_id=owner_id).order_by()
    funding: dict[UUID, Decimal] = defaultdict(Decimal)
    for kind, end, sign in ((FundAllocation.Kind.ALLOCATE, "target", 1), (FundAllocation.Kind.COLLECT, "source", -1)):
        columns = (end, "asset", f"{end}__base_asset", f"{end}__connection__venue")
        totals = moves.filter(kind=kind).values(*columns).annotate(moved=Sum("amount"))
        for wallet_id, asset, base, venue, moved in totals.values_list(*columns, "moved"):
            quote = None if asset == base else price_in(asset=asset, base=base, venue=venue)
            rate = quote.price if quote else Decimal(asset == base)
            funding[wallet_id] += sign * moved * rate
    return funding


def _results(owner_id: UUID) -> dict[UUID, tuple[int, int, Decimal]]:
    """Per wallet: closed trades, winning ones, and what they made net of fees."""
    rows = (
        Position.objects.filter(owner_id=owner_id, closed_at__isnull=False)
        .order_by()
        .values("wallet_id")
        .annotate(trades=Count("pk"), wins=Count("pk", filter=Q(realized_pnl__gt=0)), realized=Sum("realized_pnl"))
    )
    return {row["wallet_id"]: (row["trades"], row["wins"], row["realized"]) for row in rows}


def _last_runs(owner_id: UUID) -> dict[UUID, RunRow]:
    """Each agent's newest run, by one index probe per agent."""
    newest = AgentRun.objects.raw(
        """
        SELECT run.* FROM farms_agent AS agent CROSS JOIN LATERAL (
            SELECT * FROM farms_agentrun WHERE agent_id = agent.id AND instrument_id = agent.instrument_id
            ORDER BY bar DESC LIMIT 1
        ) AS run
        WHERE agent.owner_id = %s
        """,
        [owner_id],
    )
    runs = agent_runs(owner_id=owner_id).filter(pk__in=[run.pk for run in newest])
    return {run.agent_id: run_row(run) for run in runs}


def _curve(wallet_ids: list[UUID], start: datetime) -> tuple[tuple[datetime, Decimal], ...]:
    """The running sum of closed trades' profit, thinned to what a chart can show."""
    closed = (
        Position.objects.filter(wallet_id__in=wallet_ids, closed_at__isnull=False)
        .order_by("closed_at")
        .values_list("closed_at", "realized_pnl")
    )
    total, points = ZERO, [(start, ZERO)]
    for at, profit in closed:
        total += profit
        points.append((at or start, total))  # the filter above leaves none without a moment
    step = max(1, len(points) // CURVE_POINTS)
    return (*points[:-1:step], points[-1])


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
