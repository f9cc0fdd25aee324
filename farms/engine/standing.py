"""What stands: an agent under its lock, and whether it waits for an order.

A run reads these for every agent, so each is one fixed statement: to build the query anew each time took several times
as long as to answer it.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from farms.models import Agent, Farm
from kit import clock
from kit.errors import NotFoundError
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from trading.models import Order
from trading.orders import states

_LOCKED_FARM: Final = "SELECT farm.* FROM farms_farm AS farm WHERE id = %s AND owner_id = %s FOR NO KEY UPDATE"
_LOCKED_FARM_OF: Final = """
SELECT farm.* FROM farms_farm AS farm JOIN farms_agent AS agent ON agent.farm_id = farm.id
WHERE agent.id = %s AND farm.owner_id = %s FOR NO KEY UPDATE OF farm
"""
_REHEARSING: Final = """
SELECT farm.* FROM farms_farm AS farm WHERE owner_id = %s AND status = 'rehearsing' ORDER BY id FOR NO KEY UPDATE
"""
_AGENT: Final = "SELECT agent.*, has_orders(agent.wallet_id, %s) AS is_waiting FROM farms_agent AS agent WHERE id = %s"
_MEMBERS: Final = """
SELECT agent.* FROM farms_agent AS agent
WHERE agent.farm_id = ANY(%s) AND (agent.id = ANY(%s) OR %s) ORDER BY agent.created_at, agent.name
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


def last_closed(timeframe: str) -> int:
    """The opening of the newest candle that is over, in ms: who has it behind them waits for the next."""
    step = TIMEFRAME_MS[timeframe]
    return (milliseconds(clock.now()) // step - 1) * step


def lock_rehearsing(*, owner_id: UUID) -> list[Farm]:
    """The farms whose history is being built, locked to the end of the transaction."""
    return list(Farm.objects.raw(_REHEARSING, [owner_id]))


def members(farms: Sequence[Farm], *, agent_ids: Sequence[UUID] | None = None) -> list[Agent]:
    """The agents of locked farms, all or these, in the order in which they were hired; each as by `lock_agent`."""
    by_id = {farm.pk: farm for farm in farms}
    agents = list(Agent.objects.raw(_MEMBERS, [list(by_id), list(agent_ids or ()), agent_ids is None]))
    # Asked agent by agent, each would look through what the others have just ordered.
    wallet_ids = [agent.wallet_id for agent in agents]
    waiting = set(Order.objects.in_the_way().filter(wallet__in=wallet_ids).values_list("wallet", flat=True))
    for agent in agents:
        agent.farm = by_id[agent.farm_id]
        agent.is_waiting = agent.wallet_id in waiting
    return agents


def _first_farm(statement: str, key: UUID, owner_id: UUID, missing: str) -> Farm:
    for farm in Farm.objects.raw(statement, [key, owner_id]):
        return farm
    raise NotFoundError(missing)
