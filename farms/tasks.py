"""What farms do on their own: run agents whose bar has closed."""

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
    agents: dict[UUID, list[str]] = {}
    for owner_id, agent_id in due:
        agents.setdefault(owner_id, []).append(str(agent_id))
    for owner_id, agent_ids in agents.items():
        run_agents_of.apply_async(args=(str(owner_id), agent_ids), expires=30)


@shared_task(name="farms.tasks.run_agents_of")
def run_agents_of(owner_id: str, agent_ids: list[str]) -> None:
    """Run the agents of one owner. Running twice, or on two workers, decides every bar once."""
    for agent_id in agent_ids:
        _run(UUID(owner_id), UUID(agent_id))


def _run(owner_id: UUID, agent_id: UUID) -> None:
    try:
        with tenancy.tenant(owner_id):
            services.run_agent(owner_id=owner_id, agent_id=agent_id)
    except Exception as error:
        logger.exception("Agent %s failed", agent_id)
        with tenancy.tenant(owner_id):
            services.record_failure(owner_id=owner_id, agent_id=agent_id, error=error)
