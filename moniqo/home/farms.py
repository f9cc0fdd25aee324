"""The farms as the portfolio shows them: who works, what today brought, and who needs somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.urls import reverse

from farms.models import Farm
from farms.selectors import FarmFacts
from kit.statuses import State
from portfolio.selectors.places import Venue
from portfolio.selectors.standings import Standing
from wallets.sync.health import connection_state

MOST_NEEDS: Final = 5


@dataclass(frozen=True, slots=True)
class FarmLine:
    """A farm with its agents counted; `today` is the day's profit without flows, `twr` its return, None before any."""

    id: UUID
    name: str
    wallet_id: UUID
    is_running: bool
    agents: int
    running: int
    base: str
    equity: Decimal | None
    today: Decimal | None
    twr: float | None
    state: State


@dataclass(frozen=True, slots=True)
class Need:
    """An agent, a farm or a connection in which a person has something to do."""

    name: str
    place: str
    icon: str
    url: str
    state: State


def farm_lines(
    farms: Sequence[FarmFacts], *, states: Mapping[UUID, State], stand: Mapping[UUID, Standing]
) -> Sequence[FarmLine]:
    """The farms, worst first, else oldest first, no pools; `stand` says how their wallets do."""
    present = [farm for farm in farms if farm.status != Farm.Status.ARCHIVED and not farm.is_pool]
    lines = [_line(farm, states[farm.id], stand[farm.wallet_id]) for farm in present]
    return sorted(lines, key=lambda line: line.state.rank)


def needs(farms: Sequence[FarmFacts], *, states: Mapping[UUID, State], connections: Sequence[Venue]) -> Sequence[Need]:
    """Who needs somebody, worst first: agents, farms for reasons of their own, connections."""
    found = [
        Need(one.name, "Connection", "plug", reverse("wallets:connections"), connection_state(one))
        for one in connections
    ]
    for farm in farms:
        agents = [
            Need(agent.name, farm.name, "bot", reverse("farms:agent", args=[agent.id]), states[agent.id])
            for agent in farm.agents
        ]
        found += agents
        if not any(need.state.needs_somebody for need in agents):
            found.append(Need(farm.name, "Farm", "split", reverse("farms:farm", args=[farm.id]), states[farm.id]))
    return sorted((need for need in found if need.state.needs_somebody), key=lambda need: need.state.rank)


def _line(farm: FarmFacts, state: State, standing: Standing) -> FarmLine:
    return FarmLine(
        id=farm.id,
        name=farm.name,
        wallet_id=farm.wallet_id,
        is_running=farm.status == Farm.Status.RUNNING,
        agents=len(farm.agents),
        running=farm.running,
        base=standing.base,
        equity=standing.value,
        today=standing.today,
        twr=standing.today_return,
        state=state,
    )
