"""Moving agents: to another farm, out of all farms into the pool of their master, and from there back to work.

A wallet moves with its agent, with its money, its position and what rests for it at the venue: for the farms that is a
flow at the market's prices (`wallets.hierarchy.archiving.change_place`). An order on its way has no place yet, so an
agent that waits for one is not moved. In the pool an agent is free: it is paused, and cannot be started.

An owner's agents move one after the other, and each move is one transaction: it has happened, or nothing has.
"""

from typing import Final
from uuid import UUID

from django.db import connection, transaction

from farms.engine.standing import last_closed, lock_agent, lock_farm
from farms.kinds import require_allowed, require_market
from farms.models import Agent, AgentFarmAssignment, Farm, FarmEvent
from farms.services.changing import require_changeable, require_unarchived
from farms.services.diary import record
from farms.services.placing import assign, moved_words, restore_farm
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.limits import KEY_LENGTH
from kit.sentences import Sentence
from wallets.hierarchy import archiving
from wallets.ledger import IdempotencyConflictError
from wallets.models import Wallet
from wallets.services import create_wallet

POOL: Final = "Pool"


def move_agent(*, owner_id: UUID, agent_id: UUID, farm_id: UUID, key: str = "") -> Agent:
    """Let the agent work in another farm of its master, or free it into the pool, from now on.

    The same `key` again changes nothing and returns the agent as it is now. Raises NotFoundError; ConflictError for a
    farm where it is already, of another kind, of another master, whose policy does not allow its market or that is
    archived, for a name that is used there, and
    while an order of the agent is on its way; IdempotencyConflictError for a key that moved something else.
    """
    with transaction.atomic():
        agent = _taking_turns(owner_id, agent_id, key)
        before = _moved_before(owner_id, key)
        if before is None:
            return _move(agent, farm_id, key)
        if (before.agent_id, before.farm_id) != (agent_id, farm_id):
            raise _used_before()
        return agent


def free_agent(*, owner_id: UUID, agent_id: UUID, key: str = "") -> Agent:
    """Take the agent out of its farm into the pool of its master, paused. Raises as `move_agent` does."""
    with transaction.atomic():
        agent = _taking_turns(owner_id, agent_id, key)
        before = _moved_before(owner_id, key)
        if before is None:
            return _move(agent, _pool_beside(agent.farm).pk, key)
        if before.agent_id != agent_id or not before.farm.is_pool:
            raise _used_before()
        return agent


def _taking_turns(owner_id: UUID, agent_id: UUID, key: str) -> Agent:
    """The agent, once no other agent of the owner is on the move."""
    if len(key) > KEY_LENGTH:
        raise InvalidInputError(f"A key has up to {KEY_LENGTH} characters.", fields={"key": "Too long."})
    take_turns(owner_id)
    rows = Agent.objects.select_related("farm__wallet__parent", "wallet")
    agent = rows.filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("This agent does not exist.")
    return agent


def take_turns(owner_id: UUID) -> None:
    """Wait until nobody else moves an agent of the owner, and keep them waiting to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"agents move:{owner_id}"])


def _moved_before(owner_id: UUID, key: str) -> AgentFarmAssignment | None:
    """Where the key has brought whom."""
    if not key:
        return None
    rows = AgentFarmAssignment.objects.select_related("farm__wallet")
    return rows.filter(owner_id=owner_id, key=key).first()


def _used_before() -> IdempotencyConflictError:
    return IdempotencyConflictError("This key has moved another agent, or it elsewhere: use a new key for this one.")


def _pool_beside(farm: Farm) -> Farm:
    """The pool of the farm's master; the first who is freed makes it, or takes it back from the archive."""
    master = farm.wallet.parent
    assert master is not None  # noqa: S101 - a farm stands under its master
    rows = Farm.objects.select_related("wallet")
    found = rows.filter(owner_id=farm.owner_id, wallet__role=Wallet.Role.POOL, wallet__parent=master).first()
    if found is not None:
        if found.status == Farm.Status.ARCHIVED:
            return restore_farm(owner_id=farm.owner_id, farm_id=found.pk)
        return found
    name = _free_name(farm.owner_id, master)
    wallet = create_wallet(owner_id=farm.owner_id, name=name, role=Wallet.Role.POOL, parent=master)
    made = Farm.objects.create(owner_id=farm.owner_id, name=name, kind=Farm.Kind.CUSTOM, wallet=wallet)
    record(made, FarmEvent.Kind.CREATED)
    return made


def _free_name(owner_id: UUID, master: Wallet) -> str:
    taken = {name.casefold() for name in Farm.objects.filter(owner_id=owner_id).values_list("name", flat=True)}
    taken |= {name.casefold() for name in master.children.values_list("name", flat=True)}
    names = (POOL, f"{POOL} of {master.name}"[:80], *(f"{POOL} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name.casefold() not in taken)


def _move(agent: Agent, farm_id: UUID, key: str) -> Agent:
    owner_id = agent.owner_id
    for pk in sorted({agent.farm_id, farm_id}):  # everybody locks farms in one order
        require_changeable(lock_farm(owner_id=owner_id, farm_id=pk))
    wallet = archiving.lock_to_move(agent.wallet)  # from here on no order is placed and no money moves
    agent = lock_agent(owner_id=owner_id, agent_id=agent.pk)
    origin, target = agent.farm, Farm.objects.select_related("wallet__parent").get(pk=farm_id)
    _require_may_move(agent, target)
    if target.is_pool and agent.status == Agent.Status.RUNNING:
        agent.status, agent.status_detail = Agent.Status.PAUSED, Sentence()
    if not origin.is_acting:
        # As one that is started: what closed before is no basis for an order.
        agent.last_bar = max(agent.last_bar or 0, last_closed(agent.timeframe))
    agent.farm = target
    agent.save(update_fields=("farm", "status", "status_detail", "last_bar"))
    archiving.change_place(wallet, target.wallet)
    assign(agent, key=key)
    for farm in (origin, target):
        record(farm, FarmEvent.Kind.MOVED, agent=agent, detail=moved_words("Farm", origin.name, target.name))
    return agent


def _require_may_move(agent: Agent, target: Farm) -> None:
    """Raises ConflictError that says what to do first."""
    require_unarchived(agent)
    if agent.farm_id == target.pk:
        raise ConflictError(f"{agent.name} {'is free' if target.is_pool else f'works in {target.name}'} already.")
    here, there = agent.farm.wallet.parent, target.wallet.parent
    if here != there:
        raise ConflictError(
            f"{target.name} has its money from {there}, {agent.name} from {here}: an agent moves between the farms of "
            "one master. Hire one like it there, or move its farm."
        )
    if target.agents.filter(name__iexact=agent.name).exists():
        raise ConflictError(f"Rename {agent.name} first: {target.name} has an agent of that name.")
    require_allowed(target, agent.strategy)
    require_market(target, agent.instrument.symbol)
    if agent.is_waiting:
        raise ConflictError(f"An order of {agent.name} is on its way: wait for its answer, or cancel it on Orders.")
