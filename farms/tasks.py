"""What farms do on their own: run agents whose bar has closed, and watch their stops."""

import logging
from uuid import UUID

from celery import shared_task

from farms import selectors, services
from kit import tenancy

logger = logging.getLogger(__name__)


@shared_task(name="farms.tasks.run_due_agents")
def run_due_agents() -> None:
    """Hand every owner's due work to a task of its own, so that one owner's trouble is nobody else's."""
    with tenancy.system():
        due = selectors.due_agents()
        guarded = selectors.owners_with_positions()
    agents: dict[UUID, list[str]] = {owner_id: [] for owner_id in guarded}
    for owner_id, agent_id in due:
        agents.setdefault(owner_id, []).append(str(agent_id))
    for owner_id, agent_ids in agents.items():
        run_agents_of.apply_async(args=(str(owner_id), agent_ids), expires=30)


@shared_task(name="farms.tasks.run_agents_of")
def run_agents_of(owner_id: str, agent_ids: list[str]) -> None:
    """Check one owner's stops, then run the agents. Running twice, or on two workers, decides every bar once."""
    owner = UUID(owner_id)
    try:
        with tenancy.tenant(owner):
            services.check_protective_stops(owner_id=owner)
    except Exception:
        # Whatever is wrong with the stops, the agents still decide their bars; the next run tries again.
        logger.exception("The stops of owner %s could not be checked", owner)
    for agent_id in agent_ids:
        _run(owner, UUID(agent_id))


def _run(owner_id: UUID, agent_id: UUID) -> None:
    try:
        with tenancy.tenant(owner_id):
            services.run_agent(owner_id=owner_id, agent_id=agent_id)
    except Exception as error:
        logger.exception("Agent %s failed", agent_id)
        with tenancy.tenant(owner_id):
            services.record_failure(owner_id=owner_id, agent_id=agent_id, error=error)
