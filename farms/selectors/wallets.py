"""What farms and agents do with their wallets, for the pages of wallets: the states that stand everywhere else."""

from typing import Final
from uuid import UUID

from farms.selectors.facts import farm_facts
from farms.selectors.states import ORDERING, RESTING, states_of
from kit.statuses import State
from wallets.hierarchy.states import Work

# Started, and neither a stop nor a limit nor money keeps it from an order; what is refused or late may still trade.
TRADING: Final = frozenset({"running", "refused", "behind", "failing"})


def work_in_wallets(owner_id: UUID) -> dict[UUID, Work]:
    """The work in each wallet of the owner's farms and agents: one query."""
    farms = farm_facts(owner_id=owner_id)
    states = states_of(farms)
    workers = [(farm.wallet_id, states[farm.id]) for farm in farms]
    workers += [(agent.wallet_id, states[agent.id]) for farm in farms for agent in farm.agents]
    return {wallet_id: Work(state, _may_trade(state)) for wallet_id, state in workers}


def _may_trade(state: State) -> bool:
    return state.code in TRADING or state.template in {ORDERING, RESTING}
