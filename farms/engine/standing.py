"""What stands: an agent under its lock, and open positions with what protects them.

A run and the look at the stops read these every few seconds for every agent, so each is one fixed statement: to build
the query anew each time took several times as long as to answer it.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from farms.engine.decision import Holding
from farms.models import Agent, Farm
from kit import clock
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
_POSITIONS: Final = """
SELECT agent.id, position.id, position.instrument_id, position.quantity, position.stop_price, position.target_price, (
    SELECT entry.trail FROM farms_agentrun AS entry
    WHERE entry.agent_id = agent.id AND entry.instrument_id = agent.instrument_id
      AND entry.decision = 'enter' AND entry.order_id IS NOT NULL
    ORDER BY entry.bar DESC LIMIT 1
)
FROM farms_agent AS agent
JOIN farms_farm AS farm ON farm.id = agent.farm_id
JOIN trading_position AS position
    ON position.wallet_id = agent.wallet_id AND position.instrument_id = agent.instrument_id
   AND position.closed_at IS NULL
WHERE {}
ORDER BY position.opened_at
"""
_OF_AGENT: Final = _POSITIONS.format("agent.id = %s")
_OF_OWNER: Final = _POSITIONS.format("position.owner_id = %s AND (farm.status = 'rehearsing') = %s")


@dataclass(frozen=True, slots=True)
class Guarded:
    """An agent's open position: its levels, and the distance at which its stop follows the price (quote)."""

    agent_id: UUID
    position_id: UUID
    instrument_id: int
    levels: Holding
    trail: Decimal | None


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


def open_position(agent: Agent) -> Guarded | None:
    """The agent's open position in its instrument."""
    return next(iter(_positions(_OF_AGENT, [agent.pk])), None)


def open_positions(*, owner_id: UUID) -> list[Guarded]:
    """What has to be watched. What a farm holds in its rehearsal is watched on the rehearsal's clock only."""
    return _positions(_OF_OWNER, [owner_id, clock.is_controlled()])


def _positions(statement: str, parameters: list[Any]) -> list[Guarded]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [
            Guarded(agent_id, position_id, instrument_id, Holding(quantity, stop, target), trail)
            for agent_id, position_id, instrument_id, quantity, stop, target, trail in cursor.fetchall()
        ]


def _first_farm(statement: str, key: UUID, owner_id: UUID, missing: str) -> Farm:
    for farm in Farm.objects.raw(statement, [key, owner_id]):
        return farm
    raise NotFoundError(missing)
