"""The demo trader's saved strategy: the rules of the agent that has rules of its own, which it follows from then on."""

from typing import Final
from uuid import UUID

from farms.composing.saving import Rules, save_strategy
from farms.models import Agent
from farms.services import follow_version
from kit.errors import InvalidInputError

NAME: Final = "Strength in a trend"
COMPOSED: Final = "custom"


def save(*, owner_id: UUID) -> None:
    """Save the rules where the history is long enough to check them on."""
    for agent in Agent.objects.filter(owner_id=owner_id, strategy=COMPOSED, version=None).order_by("created_at"):
        rules = Rules(parameters=agent.parameters, instrument_id=agent.instrument_id, timeframe=agent.timeframe)
        try:
            version = save_strategy(owner_id=owner_id, name=NAME, strategy=agent.strategy, rules=rules)
        except InvalidInputError:  # a shorter history than its rules need, or one without a signal
            return
        follow_version(owner_id=owner_id, agent_id=agent.pk, version=version)
        return
