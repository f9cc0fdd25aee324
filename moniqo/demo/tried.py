"""What the demo trader has asked the laboratory: two of the agents over all the history that
there is, which their own fills are held against."""

from typing import Final
from uuid import UUID

from farms.laboratory.asking import compare_agent
from farms.models import Agent
from kit.errors import InvalidInputError

ASKED: Final = 2


def ask(*, owner_id: UUID) -> int:
    """Ask for the first backtests, of agents whose history is long enough; workers carry them out. Returns how many."""
    asked = 0
    for agent in Agent.objects.filter(owner_id=owner_id).order_by("created_at"):
        if asked == ASKED:
            break
        try:
            compare_agent(owner_id=owner_id, agent_id=agent.pk)
        except InvalidInputError:  # a shorter history than its rules need
            continue
        asked += 1
    return asked
