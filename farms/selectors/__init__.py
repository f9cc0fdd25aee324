"""Reads of farms and agents: what a run needs, and what pages and programs show."""

from farms.selectors.pages import (
    AgentPage,
    AgentRow,
    FarmPage,
    FarmRow,
    RunRow,
    agent_page,
    agent_row,
    agent_rows,
    agent_runs,
    farm_page,
    farm_row,
    farm_rows,
    run_row,
)
from farms.selectors.work import FarmCapital, due_agents, farm_capital, free_cash, owners_with_positions

__all__ = (
    "AgentPage",
    "AgentRow",
    "FarmCapital",
    "FarmPage",
    "FarmRow",
    "RunRow",
    "agent_page",
    "agent_row",
    "agent_rows",
    "agent_runs",
    "due_agents",
    "farm_capital",
    "farm_page",
    "farm_row",
    "farm_rows",
    "free_cash",
    "owners_with_positions",
    "run_row",
)
