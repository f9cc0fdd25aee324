"""What the demo trader has asked the laboratory: two of the agents over all the history that there is, which their own
fills are held against, and one agent's averages beside their neighbours."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from farms.laboratory.asking import Wish, compare_agent
from farms.laboratory.sweep_asking import SweepWish, request_sweep
from farms.models import Agent
from kit.errors import InvalidInputError

ASKED: Final = 2
SWEPT: Final = "trend_following"
# So many values below an average and above it, a sixth of it apart: 81 sets at most, which are over in a second.
BESIDE: Final = 4
FEWEST: Final = 3  # bars in an average


def ask(*, owner_id: UUID) -> int:
    """Ask for the first backtests and a sweep, of agents whose history is long enough; workers carry them out.

    Returns how many backtests.
    """
    agents = list(Agent.objects.filter(owner_id=owner_id).order_by("created_at"))
    asked = _first(agents, ASKED, lambda agent: compare_agent(owner_id=owner_id, agent_id=agent.pk))
    # Of those that look most often, whose averages have most to say.
    following = sorted(
        (agent for agent in agents if agent.strategy == SWEPT and agent.timeframe == "1h"), key=lambda one: one.name
    ) or [agent for agent in agents if agent.strategy == SWEPT]
    _first(following, 1, lambda agent: request_sweep(owner_id=owner_id, asked=_around(agent)))
    return asked


def _first(agents: list[Agent], most: int, ask_of: Callable[[Agent], Any]) -> int:
    """Ask of the first so many that have a history as long as their rules need."""
    asked = 0
    for agent in agents:
        if asked == most:
            break
        try:
            ask_of(agent)
        except InvalidInputError:
            continue
        asked += 1
    return asked


def _around(agent: Agent) -> SweepWish:
    """A grid around its averages; what else it has stays as it is."""
    sizing = "risk" if agent.sizing == Agent.Sizing.RISK else "fraction"
    wish = Wish(agent_id=agent.pk, sizing=sizing, size=agent.size)
    return SweepWish(wish=wish, axes={name: _values(agent.parameters[name]) for name in ("fast", "slow")})


def _values(usual: int) -> list[int]:
    step = max(usual // 6, 1)
    values = (usual + step * number for number in range(-BESIDE, BESIDE + 1))
    return [value for value in values if value >= FEWEST]
