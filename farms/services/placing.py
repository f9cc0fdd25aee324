"""Taking archived farms and agents back, and moving them: a farm under another master, an agent to another farm.

Their wallets come along, with their money and their past (`wallets.hierarchy.archiving`). What was paused by being
archived stays paused until somebody starts it.
"""

from uuid import UUID

from django.db import transaction

from farms.engine.standing import lock_agent, lock_farm
from farms.models import Agent, AgentFarmAssignment, Farm, FarmEvent
from farms.services.changing import require_changeable, require_kind, require_unarchived
from farms.services.diary import record
from farms.services.hiring import invalid
from kit import clock
from kit.errors import ConflictError, NotFoundError
from kit.sentences import Sentence, sentence
from wallets.hierarchy import archiving
from wallets.hierarchy.places import update_wallet
from wallets.models import Wallet


def restore_farm(*, owner_id: UUID, farm_id: UUID) -> Farm:
    """Take an archived farm back, paused and empty; its agents are restored one by one.

    Raises ConflictError while its master is archived.
    """
    with transaction.atomic():
        farm = lock_farm(owner_id=owner_id, farm_id=farm_id)
        if farm.status == Farm.Status.ARCHIVED:
            _bring_back(farm.wallet)
            farm.status = Farm.Status.PAUSED
            farm.save(update_fields=("status",))
            record(farm, FarmEvent.Kind.RESTORED)
    return farm


def restore_agent(*, owner_id: UUID, agent_id: UUID) -> Agent:
    """Take an archived agent back, paused and without money.

    Raises ConflictError while its farm is archived, or the saved strategy that it follows.
    """
    with transaction.atomic():
        agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
        if agent.status == Agent.Status.ARCHIVED:
            if agent.farm.status == Farm.Status.ARCHIVED:
                raise ConflictError(f"Restore {agent.farm.name} first: {agent.name} works there.")
            if agent.version is not None and agent.version.saved.archived_at is not None:
                raise ConflictError(f"Restore {agent.version.saved.name} first: {agent.name} follows it.")
            _bring_back(agent.wallet)
            agent.status, agent.status_detail, agent.failures = Agent.Status.PAUSED, Sentence(), 0
            agent.save(update_fields=("status", "status_detail", "failures"))
            _assign(agent)
            record(agent.farm, FarmEvent.Kind.RESTORED, agent=agent)
    return agent


def move_farm(*, owner_id: UUID, farm_id: UUID, master_id: UUID) -> Farm:
    """Put the farm with its agents under another master of the same base asset and connection.

    Raises InvalidInputError for a place where it cannot stand, ConflictError for a name that is used there.
    """
    with transaction.atomic():
        farm = require_changeable(lock_farm(owner_id=owner_id, farm_id=farm_id))
        parent = _parent(owner_id, master_id, "master_id", "There is no such master.")
        wallet = archiving.lock(farm.wallet)
        if wallet.parent_id != parent.pk:
            before = wallet.parent.name if wallet.parent else ""
            archiving.change_place(wallet, parent)
            farm.wallet = wallet
            record(farm, FarmEvent.Kind.CHANGED, detail=_moved("Master", before, parent.name))
    return farm


def move_agent(*, owner_id: UUID, agent_id: UUID, farm_id: UUID) -> Agent:
    """Let the agent work in another farm from now on; its wallet comes along with all that is in it.

    Raises InvalidInputError for a farm where it cannot work, ConflictError for a name that is used there, for what is
    archived, and for a farm of another kind.
    """
    with transaction.atomic():
        here = Agent.objects.filter(owner_id=owner_id, pk=agent_id).values_list("farm_id", flat=True).first()
        if here is None:
            raise NotFoundError("This agent does not exist.")
        for pk in sorted({here, farm_id}):  # everybody locks farms in one order
            require_changeable(lock_farm(owner_id=owner_id, farm_id=pk))
        agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
        require_unarchived(agent)
        target = Farm.objects.select_related("wallet").get(pk=farm_id)
        if agent.farm_id == target.pk:
            return agent
        if target.agents.filter(name=agent.name).exists():
            raise ConflictError(f"Rename {agent.name} first: {target.name} has an agent of that name.")
        require_kind(target, agent)
        origin, agent.farm = agent.farm, target
        agent.save(update_fields=("farm",))
        archiving.change_place(archiving.lock(agent.wallet), target.wallet)
        AgentFarmAssignment.objects.filter(agent=agent, ended_at=None).update(ended_at=clock.now())
        _assign(agent)
        told = _moved("Farm", origin.name, target.name)
        record(origin, FarmEvent.Kind.CHANGED, agent=agent, detail=told)
        record(target, FarmEvent.Kind.CHANGED, agent=agent, detail=told)
    return agent


def _bring_back(wallet: Wallet) -> None:
    locked = archiving.lock(wallet)
    if locked.archived_at is not None:
        archiving.bring_back(locked)
    update_wallet(
        owner_id=wallet.owner_id,
        wallet_id=wallet.pk,
        name=wallet.name,
        target_weight=None,
        trading_state=Wallet.TradingState.ACTIVE,
    )


def _assign(agent: Agent) -> None:
    AgentFarmAssignment.objects.create(owner_id=agent.owner_id, agent=agent, farm=agent.farm, started_at=clock.now())


def _parent(owner_id: UUID, wallet_id: UUID, field: str, missing: str) -> Wallet:
    wallet = Wallet.objects.select_related("connection", "parent").filter(owner_id=owner_id, pk=wallet_id).first()
    if wallet is None:
        raise invalid(field, missing)
    return wallet


def _moved(what: str, before: str, after: str) -> Sentence:
    return sentence(f"{what}: {{before}} → {{after}}", before=before, after=after)
