"""Reads of farms and agents: what a run needs, and what pages and programs show."""

from farms.engine.work import due_agents
from farms.selectors.agents import AgentPage, AgentRow, agent_page, agent_row, agent_rows
from farms.selectors.ahead import ahead_of
from farms.selectors.facts import AgentFacts, FarmFacts, farm_facts
from farms.selectors.farms import FarmPage, FarmRow, farm_list, farm_page, farm_row, farm_rows
from farms.selectors.runs import Fold, RunRow, agent_runs, folded, run_row
from farms.selectors.states import states_of
from farms.selectors.strategies import has_perpetuals, hireable_versions, newest_versions

__all__ = (
    "AgentFacts",
    "AgentPage",
    "AgentRow",
    "FarmFacts",
    "FarmPage",
    "FarmRow",
    "Fold",
    "RunRow",
    "agent_page",
    "agent_row",
    "agent_rows",
    "agent_runs",
    "ahead_of",
    "due_agents",
    "farm_facts",
    "farm_list",
    "farm_page",
    "farm_row",
    "farm_rows",
    "folded",
    "has_perpetuals",
    "hireable_versions",
    "newest_versions",
    "run_row",
    "states_of",
)
