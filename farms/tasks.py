"""What farms do on their own: run agents whose bar has closed, and work in the laboratory."""

import logging
from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

from celery import shared_task

from farms import selectors, services
from farms.advice import asking, budgets, settling, watching
from farms.laboratory import jobs, running
from kit import tenancy
from kit.alerts.failures import contained

logger = logging.getLogger(__name__)

# A backtest is over in seconds; one that takes minutes is told so, and a worker that does not hear it is ended.
LABORATORY_SECONDS: Final = 540
# Longer than the longest lease of a question to a model.
ADVICE_SECONDS: Final = 720
ASKING: Final = "Asking for advice"


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
    """Run the agents of one owner, farm by farm. Running twice, or on two workers, decides every bar once."""
    owner = UUID(owner_id)
    with tenancy.tenant(owner):
        farms, tape = services.prepare_runs(owner_id=owner, agent_ids=[UUID(agent_id) for agent_id in agent_ids])
    for farm_id, members in farms.items():
        for agent_id in _run_together(owner, farm_id, members, tape):
            _run(owner, agent_id, tape)


def _run_together(owner_id: UUID, farm_id: UUID, agent_ids: list[UUID], tape: services.Tape) -> list[UUID]:
    """Who has to run alone: those with trouble of their own, or all of them when their rows could not be written."""
    try:
        with tenancy.tenant(owner_id):
            return services.run_members(owner_id=owner_id, farm_id=farm_id, agent_ids=agent_ids, tape=tape)
    except Exception:  # whatever it is, each of them may do better by itself
        logger.exception("The agents of farm %s run one by one", farm_id)
        return agent_ids


def _run(owner_id: UUID, agent_id: UUID, tape: services.Tape) -> None:
    try:
        with tenancy.tenant(owner_id):
            services.run_agent(owner_id=owner_id, agent_id=agent_id, tape=tape)
    except Exception as error:
        logger.exception("Agent %s failed", agent_id)
        with tenancy.tenant(owner_id):
            services.record_failure(owner_id=owner_id, agent_id=agent_id, error=error)


@shared_task(
    name="farms.tasks.work_in_laboratory", soft_time_limit=LABORATORY_SECONDS, time_limit=LABORATORY_SECONDS + 60
)
def work_in_laboratory() -> None:
    """Carry out what waits in the laboratory, one job a task, so that whatever else waits has its turn in between."""
    if running.take_part():
        jobs.wake()


def _asking(owner_id: UUID, work: str, *, among: str) -> AbstractContextManager[None]:
    """What breaks in the block is alone in that; its owner is told once of all that do."""
    return contained(owner_id=owner_id, work=work, title=ASKING, among=among)


@shared_task(name="farms.tasks.keep_advice")
def keep_advice() -> None:
    """Ask models about candles that have closed, and end what no worker came back from; whatever is wrong with one of
    them keeps no other waiting."""
    for owner_id in budgets.owners_with_lost_ones():
        with contained(owner_id=owner_id, work="lost advice", title="Ending questions"), tenancy.tenant(owner_id):
            budgets.let_go_of_lost(owner_id=owner_id)
    for owner_id, agent_id in watching.due_levels():
        with _asking(owner_id, f"{watching.WORK}{agent_id}", among=watching.WORK), tenancy.tenant(owner_id):
            watching.ask_at_close(owner_id=owner_id, agent_id=agent_id)
    for owner_id, watch_id in watching.due_watches():
        with _asking(owner_id, f"{watching.WORK}{watch_id}", among=watching.WORK), tenancy.tenant(owner_id):
            watching.ask_of_watch(owner_id=owner_id, watch_id=watch_id)
    if asking.waits():
        asking.wake()


@shared_task(name="farms.tasks.ask_models", soft_time_limit=ADVICE_SECONDS, time_limit=ADVICE_SECONDS + 60)
def ask_models() -> None:
    """Ask a model what waits longest, one question a task, so that whatever else waits has its turn in between."""
    if (call := asking.take()) is not None:
        with _asking(call.owner_id, asking.work_of(call.about), among=asking.WORK):
            asking.answer(call)
        if asking.waits():
            asking.wake()


@shared_task(name="farms.tasks.settle_advice")
def settle_advice() -> None:
    """Hold what models proposed against what happened until its horizon was over."""
    for owner_id in settling.owners_with_due_ones():
        with contained(owner_id=owner_id, work="settling", title="Settling proposals"):
            settling.settle(owner_id=owner_id)


@shared_task(name="farms.tasks.forget_old_advice")
def forget_old_advice() -> int:
    """Delete what models were asked and said so many days ago; what they proposed stays."""
    return budgets.forget_old_calls()
