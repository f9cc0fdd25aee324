"""Making what a plan says: account, wallets, limits, farm and agents, funded and started; all of it or nothing."""

from collections.abc import Collection
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from farms.models import Farm
from farms.services import create_agent, create_farm, start_agent, start_farm
from kit.errors import InvalidInputError
from moniqo.start.recipes import Member, Plan
from trading.services import set_limits
from wallets.ledger import IdempotencyConflictError
from wallets.models import Connection, FundAllocation, Wallet
from wallets.services import allocate, create_wallet, deposit, open_paper_account, request_sync

MOST_OF_A_KEY: Final = 60
ACCOUNT: Final = "Play money"


def start_with_play_money(*, owner_id: UUID, plan: Plan, key: str) -> Farm:
    """Make everything of the plan in one transaction and return its farm; the same key again returns the same farm.

    Raises InvalidInputError for a key of no use, IdempotencyConflictError for one that made something else, and what
    the services raise; then nothing was made.
    """
    if not 0 < len(key) <= MOST_OF_A_KEY:
        raise InvalidInputError(f"A key has 1 to {MOST_OF_A_KEY} characters.", fields={"key": "Wrong length."})
    with transaction.atomic():
        _take_turns(owner_id, key)
        return _made_before(owner_id, plan, key) or _make(owner_id, plan, key)


def _take_turns(owner_id: UUID, key: str) -> None:
    """A second press waits until the first has made everything, and then finds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"start:{owner_id}:{key}"])


def _made_before(owner_id: UUID, plan: Plan, key: str) -> Farm | None:
    """The farm that the key made; IdempotencyConflictError when it made another one than the plan's."""
    opening = FundAllocation.objects.filter(owner_id=owner_id, posting__key=f"request:{_deposit_key(key)}").first()
    if opening is None:
        return None
    farm = Farm.objects.filter(wallet__parent_id=opening.target_id).order_by("created_at").first()
    if farm is not None and (opening.amount, farm.kind) != (plan.amount, plan.recipe.kind):
        raise IdempotencyConflictError("This key has started another amount or recipe: use a new key for this one.")
    return farm


def _make(owner_id: UUID, plan: Plan, key: str) -> Farm:
    accounts = Connection.objects.filter(owner_id=owner_id).values_list("name", flat=True)
    masters = Wallet.objects.filter(owner_id=owner_id, role=Wallet.Role.MASTER).values_list("name", flat=True)
    farms = Farm.objects.filter(owner_id=owner_id).values_list("name", flat=True)
    account = open_paper_account(owner_id=owner_id, name=_free(ACCOUNT, accounts), venue=plan.venue)
    master = create_wallet(
        owner_id=owner_id,
        name=_free(ACCOUNT, masters),
        role=Wallet.Role.MASTER,
        connection=account,
        base_asset=plan.asset,
    )
    set_limits(
        on=account,
        allowed_symbols=plan.symbols,
        maximum_notional=plan.maximum_notional,
        notional_asset=plan.asset,
        maximum_daily_loss=plan.maximum_daily_loss,
    )
    deposit(owner_id=owner_id, wallet_id=master.pk, amount=plan.amount, asset=plan.asset, key=_deposit_key(key))
    farm = create_farm(
        owner_id=owner_id,
        master_id=master.pk,
        name=_free(plan.recipe.name, farms),
        kind=plan.recipe.kind,
        maximum_share=plan.maximum_share,
        target_weight=plan.farm_share,
    )
    _fund(owner_id, master, farm.wallet, plan.to_farm, plan.asset)
    for member in plan.members:
        _hire(owner_id, farm, member, plan.asset)
    request_sync(owner_id=owner_id, connection_id=account.pk)
    return start_farm(owner_id=owner_id, farm_id=farm.pk)


def _hire(owner_id: UUID, farm: Farm, member: Member, asset: str) -> None:
    agent = create_agent(
        owner_id=owner_id,
        farm_id=farm.pk,
        name=member.name,
        strategy=member.role.strategy,
        instrument_id=member.instrument.pk,
        timeframe=member.role.timeframe,
        parameters=member.role.parameters,
        sizing=member.role.sizing,
        size=member.role.size,
        target_weight=member.weight,
    )
    _fund(owner_id, farm.wallet, agent.wallet, member.amount, asset)
    start_agent(owner_id=owner_id, agent_id=agent.pk)


def _fund(owner_id: UUID, source: Wallet, target: Wallet, amount: Decimal, asset: str) -> None:
    allocate(
        owner_id=owner_id,
        source_id=source.pk,
        target_id=target.pk,
        asset=asset,
        amount=amount,
        key=f"start:allocate:{target.pk}",
        note="Opening capital",
    )


def _deposit_key(key: str) -> str:
    return f"start:{key}"


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where it is taken, in whatever capitals."""
    used = {each.casefold() for each in taken}
    numbered = (f"{name} {number}" for number in range(2, len(used) + 3))
    return next(each for each in (name, *numbered) if each.casefold() not in used)
