"""What farms and agents do. Every function runs inside the owner's transaction (`tenancy.tenant`)."""

from farms.engine.runs import run_agent
from farms.services.control import pause_agent, pause_farm, record_failure, rehearse_farm, start_agent, start_farm
from farms.services.hiring import create_agent, create_farm

__all__ = [
    "create_agent",
    "create_farm",
    "pause_agent",
    "pause_farm",
    "record_failure",
    "rehearse_farm",
    "run_agent",
    "start_agent",
    "start_farm",
]
