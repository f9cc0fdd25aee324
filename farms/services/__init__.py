"""What farms and agents do. Every function runs inside the owner's transaction (`tenancy.tenant`)."""

from farms.engine.acting import run_agent, run_members
from farms.engine.history import History
from farms.engine.quiet import prepare_runs
from farms.engine.runs import bars_wanted
from farms.engine.tape import Tape
from farms.kinds import allows
from farms.services.changing import archive_agent, archive_farm, follow_version, update_agent, update_farm
from farms.services.control import pause_agent, pause_farm, record_failure, rehearse_farm, start_agent, start_farm
from farms.services.forgetting import RUNS
from farms.services.hiring import DEFAULT_SIZE, create_agent, create_farm
from farms.services.moving import free_agent, move_agent
from farms.services.placing import move_farm, restore_agent, restore_farm

__all__ = [
    "DEFAULT_SIZE",
    "RUNS",
    "History",
    "Tape",
    "allows",
    "archive_agent",
    "archive_farm",
    "bars_wanted",
    "create_agent",
    "create_farm",
    "follow_version",
    "free_agent",
    "move_agent",
    "move_farm",
    "pause_agent",
    "pause_farm",
    "prepare_runs",
    "record_failure",
    "rehearse_farm",
    "restore_agent",
    "restore_farm",
    "run_agent",
    "run_members",
    "start_agent",
    "start_farm",
    "update_agent",
    "update_farm",
]
