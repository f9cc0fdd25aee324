"""What farms and agents do. Every function runs inside the owner's transaction (`tenancy.tenant`)."""

from farms.services.control import pause_agent, pause_farm, record_failure, rehearse_farm, start_agent, start_farm
from farms.services.hiring import create_agent, create_farm
from farms.services.protection import check_protective_stops
from farms.services.runs import run_agent

__all__ = [
    "check_protective_stops",
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
