"""Taking archived farms and agents back, and moving farms under another master; how agents move is told in `moving`.

Their wallets come along, with their money and their past (`wallets.hierarchy.archiving`). What was paused by being
archived stays paused until somebody starts it.
"""

from uuid import UUID

from django.db import transaction

from farms.engine.standing import lock_agent, lock_farm
from farms.kinds import require_allowed
from farms.models import Agent, AgentFarmAssignment, Farm, FarmEvent
from farms.services.changing import require_changeable
from farms.services.diary import record
from farms.services.hiring import invalid
from kit import clock
from kit.errors import ConflictError, InvalidInputError
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

    Raises ConflictError while its farm or the saved strategy that it follows is archived, or where its farm became one
    of another kind.
    """
    with transaction.atomic():
        agent = lock_agent(owner_id=owner_id, agent_id=agent_id)
        if agent.status == Agent.Status.ARCHIVED:
            if agent.farm.status == Farm.Status.ARCHIVED:
                raise ConflictError(f"Restore {agent.farm.name} first: {agent.name} works there.")
            require_allowed(agent.farm, agent.strategy)
            if agent.version is not None and agent.version.saved.archived_at is not None:
                raise ConflictError(f"Restore {agent.version.saved.name} first: {agent.name} follows it.")
            _bring_back(agent.wallet)
            agent.status, agent.status_detail, agent.failures = Agent.Status.PAUSED, Sentence(), 0
            agent.save(update_fields=("status", "status_detail", "failures"))
            assign(agent)
            record(agent.farm, FarmEvent.Kind.RESTORED, agent=agent)
    return agent


def move_farm(*, owner_id: UUID, farm_id: UUID, master_id: UUID) -> Farm:
    """Put the farm with its agents under another master of the same base asset and connection.

    Raises InvalidInputError for a place where it cannot stand, ConflictError for a name that is used there.
    """
    with transaction.atomic():
        farm = require_changeable(lock_farm(owner_id=owner_id, farm_id=farm_id))
        if farm.is_pool:
            raise ConflictError(f"{farm.name} stays with its master: move its agents to farms.")
        parent = _parent(owner_id, master_id, "master_id", "There is no such master.")
        wallet = archiving.lock_to_move(farm.wallet)
        if wallet.parent_id != parent.pk:
            before = wallet.parent.name if wallet.parent else ""
            try:
                archiving.require_place(wallet, parent)
            except InvalidInputError as error:
                raise invalid("master_id", str(error)) from error
            archiving.change_place(wallet, parent)
            farm.wallet = wallet
            record(farm, FarmEvent.Kind.CHANGED, detail=moved_words("Master", before, parent.name))
    return farm


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


def assign(agent: Agent, *, key: str = "") -> None:
    """From now on the agent works in its farm, and nowhere else."""
    now = clock.now()
    AgentFarmAssignment.objects.filter(agent=agent, ended_at=None).update(ended_at=now)
    AgentFarmAssignment.objects.create(owner_id=agent.owner_id, agent=agent, farm=agent.farm, started_at=now, key=key)


def _parent(owner_id: UUID, wallet_id: UUID, field: str, missing: str) -> Wallet:
    wallet = Wallet.objects.select_related("connection", "parent").filter(owner_id=owner_id, pk=wallet_id).first()
    if wallet is None:
        raise invalid(field, missing)
    return wallet


def moved_words(what: str, before: str, after: str) -> Sentence:
    """From where to where."""
    return sentence(f"{what}: {{before}} → {{after}}", before=before, after=after)
