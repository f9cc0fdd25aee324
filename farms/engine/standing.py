"""What stands: an agent under its lock, and whether it waits for an order.

A run reads these for every agent, so each is one fixed statement: to build the query anew each time took several times
as long as to answer it.
"""

from typing import Final
from uuid import UUID

from farms.models import Agent, Farm
from kit.errors import NotFoundError
from trading.orders import states

_LOCKED_FARM: Final = "SELECT farm.* FROM farms_farm AS farm WHERE id = %s AND owner_id = %s FOR NO KEY UPDATE"
_LOCKED_FARM_OF: Final = """
SELECT farm.* FROM farms_farm AS farm JOIN farms_agent AS agent ON agent.farm_id = farm.id
WHERE agent.id = %s AND farm.owner_id = %s FOR NO KEY UPDATE OF farm
"""
_AGENT: Final = """
SELECT agent.*, EXISTS (
    SELECT FROM trading_order AS own WHERE own.wallet_id = agent.wallet_id AND own.status = ANY(%s)
) AS is_waiting
FROM farms_agent AS agent WHERE agent.id = %s
"""


def lock_farm(*, owner_id: UUID, farm_id: UUID) -> Farm:
    """The farm, locked to the end of the transaction."""
    return _first_farm(_LOCKED_FARM, farm_id, owner_id, "This farm does not exist.")


def lock_agent(*, owner_id: UUID, agent_id: UUID) -> Agent:
    """The agent, locked to the end of the transaction by locking its farm, as everything that changes agents does.

    `is_waiting` says whether an order of the agent has no final answer yet. It is read after the lock is had, so it is
    true whoever held the lock before.
    """
    farm = _first_farm(_LOCKED_FARM_OF, agent_id, owner_id, "This agent does not exist.")
    (agent,) = Agent.objects.raw(_AGENT, [sorted(states.UNFINISHED), agent_id])
    agent.farm = farm
    return agent


def _first_farm(statement: str, key: UUID, owner_id: UUID, missing: str) -> Farm:
    for farm in Farm.objects.raw(statement, [key, owner_id]):
        return farm
    raise NotFoundError(missing)
