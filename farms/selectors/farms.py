"""What the pages of farms show, and programs get: frozen rows in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q, Sum

from farms.models import AgentRun, Farm, FarmEvent
from farms.selectors.agents import AgentRow, rows_of
from farms.selectors.facts import FarmFacts, farm_facts
from farms.selectors.results import trades_by_place
from farms.selectors.runs import RunRow, agent_runs, run_row
from farms.selectors.states import states_of
from kit import clock
from kit.errors import NotFoundError
from kit.sentences import Sentence
from kit.statuses import State
from portfolio.selectors.standings import HasStanding, Standing, standings
from trading.models import TradeDay
from trading.selectors import PositionRow, protective_orders
from wallets.hierarchy.tree import WalletNode, wallet_tree

ZERO: Final = Decimal(0)
EVENTS_SHOWN: Final = 12
DECISIONS_SHOWN: Final = 8
CURVE_POINTS: Final = 400


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
class FarmRow(HasStanding):
    """A farm with its agents, or `size` of them that were not worked out; `trades` are those that were closed while
    their agents worked there. Money in the base asset of its master."""

    id: UUID
    wallet_id: UUID
    name: str
    kind: str
    kind_label: str
    status: str
    state: State
    base_asset: str
    standing: Standing
    free: Decimal
    share: Decimal | None
    target: Decimal | None
    maximum_share: Decimal
    created_at: datetime
    size: int
    running: int
    agents: tuple[AgentRow, ...]
    exposure: tuple[Exposure, ...]
    trades: int
    is_pool: bool = False

    @property
    def positions(self) -> tuple[PositionRow, ...]:
        return tuple(agent.position for agent in self.agents if agent.position)

    @property
    def is_running(self) -> bool:
        return self.status == Farm.Status.RUNNING

    @property
    def is_archived(self) -> bool:
        return self.status == Farm.Status.ARCHIVED

    @property
    def present(self) -> tuple[AgentRow, ...]:
        """The agents that are not archived."""
        return tuple(agent for agent in self.agents if not agent.is_archived)

    @property
    def archived(self) -> tuple[AgentRow, ...]:
        return tuple(agent for agent in self.agents if agent.is_archived)


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to the farm or to one of its agents; `agent` is "" where it was the farm."""

    at: datetime
    kind: str
    label: str
    agent: str
    detail: Sentence


@dataclass(frozen=True, slots=True)
class FarmPage:
    """A farm with what happened lately. `curve` is the profit of closed trades, added up, with its moments."""

    farm: FarmRow
    events: tuple[Happening, ...]
    decisions: tuple[RunRow, ...]
    curve: tuple[tuple[datetime, Decimal], ...]


def farm_rows(*, owner_id: UUID, farm_ids: Collection[UUID] | None = None) -> tuple[FarmRow, ...]:
    """The owner's farms with their agents, farms and agents worst first, else oldest first; no archived farm.

    With `farm_ids` those, archived ones too, and nothing is worked out of the others.
    """
    return tuple(row for row in _all_rows(owner_id, farm_ids) if farm_ids is not None or not row.is_archived)


def farm_list(*, owner_id: UUID, most: int, opened: str) -> tuple[tuple[FarmRow, ...], bool]:
    """The same for a list, and whether there are more than `most` agents to name: then only those of the farm with the
    id `opened` are worked out, and of the others how many there are."""
    facts = [farm for farm in farm_facts(owner_id=owner_id) if farm.status != Farm.Status.ARCHIVED]
    is_folded = sum(farm.size for farm in facts) > most
    named = [farm.id for farm in facts if str(farm.id) == opened] if is_folded else None
    return _rows(owner_id, facts, None if named is None else Q(farm_id__in=named)), is_folded


def _all_rows(owner_id: UUID, only: Collection[UUID] | None = None) -> tuple[FarmRow, ...]:
    """Archived ones too."""
    of_farms, of_agents = (None, None) if only is None else (Q(pk__in=only), Q(farm_id__in=only))
    return _rows(owner_id, farm_facts(owner_id=owner_id, only=of_farms), of_agents)


def _rows(owner_id: UUID, facts: Sequence[FarmFacts], of_agents: Q | None) -> tuple[FarmRow, ...]:
    """The farms of `facts`, with those agents that `of_agents` says, or all."""
    known = {farm.id: farm for farm in facts}
    agents: dict[UUID, list[AgentRow]] = defaultdict(list)
    nodes = {node.id: node for node in wallet_tree(owner_id=owner_id)}
    stand, states = standings(owner_id=owner_id), states_of(facts)
    of_these = Q(farm_id__in=known)
    for row in rows_of(owner_id, nodes, stand, states, only=of_these if of_agents is None else of_these & of_agents):
        agents[row.farm_id].append(row)
    closed = trades_by_place(owner_id, [farm.wallet_id for farm in facts])
    rows = (
        _farm_row(
            farm,
            known[farm.pk],
            nodes[farm.wallet_id],
            stand[farm.wallet_id],
            states[farm.pk],
            agents[farm.pk],
            closed.get(farm.wallet_id, 0),
        )
        for farm in Farm.objects.filter(owner_id=owner_id, pk__in=known)
    )
    return tuple(sorted(rows, key=_rank))


def farm_row(*, owner_id: UUID, farm_id: UUID) -> FarmRow:
    """One farm with its agents, also an archived one, or NotFoundError."""
    for row in _all_rows(owner_id, [farm_id]):
        return row
    raise NotFoundError("This farm does not exist.")


def farm_page(*, owner_id: UUID, farm_id: UUID) -> FarmPage:
    """One farm with what happened lately, or NotFoundError."""
    farm = farm_row(owner_id=owner_id, farm_id=farm_id)
    decisions = agent_runs(owner_id=owner_id, farm_id=farm_id).exclude(decision=AgentRun.Decision.HOLD)
    return FarmPage(
        farm=farm,
        events=_happenings(farm_id, {agent.wallet_id: agent.name for agent in farm.agents}),
        decisions=tuple(run_row(run) for run in decisions.order_by("-created_at")[:DECISIONS_SHOWN]),
        curve=_curve(owner_id, farm.wallet_id, farm.created_at),
    )


def _happenings(farm_id: UUID, agents: dict[UUID, str]) -> tuple[Happening, ...]:
    """The farm's diary and the stops and targets that were carried out for its agents, newest first."""
    events = FarmEvent.objects.filter(farm_id=farm_id).select_related("agent")[:EVENTS_SHOWN]
    told = [
        Happening(
            event.created_at,
            event.kind,
            event.get_kind_display(),
            event.agent.name if event.agent else "",
            event.detail,
        )
        for event in events
    ]
    exits = protective_orders(wallet_ids=agents, limit=EVENTS_SHOWN)
    told += [
        Happening(exit_.created_at, "protected", "Stop or target reached", agents[exit_.wallet_id], exit_.reason)
        for exit_ in exits
    ]
    return tuple(sorted(told, key=lambda happening: happening.at, reverse=True)[:EVENTS_SHOWN])


def _rank(row: FarmRow | AgentRow) -> int:
    return row.state.rank


def _farm_row(
    farm: Farm, facts: FarmFacts, node: WalletNode, standing: Standing, state: State, agents: Iterable[AgentRow],
    trades: int,
) -> FarmRow:  # fmt: skip
    members = tuple(sorted(agents, key=_rank))
    return FarmRow(
        id=farm.pk,
        wallet_id=farm.wallet_id,
        name=farm.name,
        kind=farm.kind,
        kind_label="Free agents" if facts.is_pool else farm.get_kind_display(),
        status=farm.status,
        state=state,
        base_asset=node.base_asset,
        standing=standing,
        free=node.free_value,
        share=node.share,
        target=node.target,
        maximum_share=farm.maximum_share,
        created_at=farm.created_at,
        size=facts.size,
        running=facts.running,
        agents=members,
        exposure=_exposure(members, standing.value or ZERO, farm),
        trades=trades,
        is_pool=facts.is_pool,
    )


def _exposure(agents: tuple[AgentRow, ...], value: Decimal, farm: Farm) -> tuple[Exposure, ...]:
    """Per instrument, largest first; what has no price is left out, as it is from the farm's value."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for agent in agents:
        if agent.position is not None and agent.position.value is not None:
            held[agent.symbol] += agent.position.value
    rows = (
        Exposure(symbol, amount, amount / value, farm.cap_of(symbol)) for symbol, amount in held.items() if value > 0
    )
    return tuple(sorted(rows, key=lambda row: -row.value))


def _curve(owner_id: UUID, wallet_id: UUID, start: datetime) -> tuple[tuple[datetime, Decimal], ...]:
    """The running sum of profit of trades that were closed there at the end of each day, thinned to what a chart can
    show."""
    days = (
        TradeDay.objects.filter(owner_id=owner_id, under=wallet_id)
        .order_by("day")
        .values("day")
        .annotate(profit=Sum("won") - Sum("lost"))
    )
    total, points, now = ZERO, [(start, ZERO)], clock.now()
    for row in days:
        total += row["profit"]
        points.append((min(datetime.combine(row["day"] + timedelta(days=1), time(), UTC), now), total))
    step = max(1, len(points) // CURVE_POINTS)
    return (*points[:-1:step], points[-1])
