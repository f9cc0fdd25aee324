"""How lists name the agents of farms: sorted, page by page, and of very many folded away."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page

from farms.selectors import AgentRow, FarmRow
from kit.paging import Pages
from kit.sorting import in_order

# What the agents of a farm can be sorted by; of states the worst comes first.
SORTS: Final[Mapping[str, Callable[[AgentRow], Any]]] = {
    "name": lambda agent: agent.name.casefold(),
    "strategy": lambda agent: agent.strategy.casefold(),
    "value": lambda agent: agent.value,
    "profit": lambda agent: agent.profit if agent.funding else None,
    "open": lambda agent: agent.position.unrealized_pnl if agent.position else None,
    "trades": lambda agent: agent.trades,
    "status": lambda agent: agent.state.rank,
}
# So many agents or farms are on a page; of more agents altogether a list of farms names those of one farm.
SHOWN: Final = 50
FEW: Final = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """A farm in a list; `agents` is the page of those that are named, None where they are folded away."""

    farm: FarmRow
    agents: Page[AgentRow] | None


def agents_of(farm: FarmRow, sort: str, page: str | None = None) -> Page[AgentRow]:
    """A page of the farm's agents."""
    return Pages(list(in_order(farm.present, SORTS, sort)), SHOWN).get_page(page)


def listed(farms: Sequence[FarmRow], sort: str, *, is_folded: bool, opened: str) -> list[Listed]:
    """The farms with the agents that are named: of folded ones those of the farm with the id `opened`."""
    return [Listed(farm, agents_of(farm, sort) if not is_folded or str(farm.id) == opened else None) for farm in farms]
