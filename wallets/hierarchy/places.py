"""The wallets and their places: master over farm over agent, reserves and a pool of free agents beside the farms.

Making them, changing them, finding one.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.expressions import RawSQL

from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.limits import MAX_AMOUNT
from kit.live.publish import publish
from markets.assets import require_named
from wallets.models import Connection, Wallet

# What `update_wallet` leaves as it is.
UNCHANGED: Final = "unchanged"
# What a wallet may stand under, by its role; the first is what people are told of.
PARENT_ROLES: Final = {
    Wallet.Role.FARM: (Wallet.Role.MASTER,),
    Wallet.Role.AGENT: (Wallet.Role.FARM, Wallet.Role.POOL),
    Wallet.Role.RESERVE: (Wallet.Role.MASTER,),
    Wallet.Role.POOL: (Wallet.Role.MASTER,),
}


def create_wallet(
    *,
    owner_id: UUID,
    name: str,
    role: str,
    parent: Wallet | None = None,
    connection: Connection | None = None,
    base_asset: str = "USDT",
    target_weight: Decimal | None = None,
) -> Wallet:
    """Make a wallet: a master on a connection, a farm or a reserve under a master, an agent under a farm.

    A child uses its parent's base asset and, unless given its own, its connection; a reserve always does.
    `target_weight` is the fraction (0 to 1) of the parent's value that it should have, and a reserve has none.
    Raises InvalidInputError, ConflictError for a name in use.
    """
    name = name.strip()
    if not name:
        raise InvalidInputError("Give the wallet a name.", fields={"name": "A name is needed."})
    if role not in Wallet.Role.values or role == Wallet.Role.UNASSIGNED:  # which a sync makes
        raise InvalidInputError("A wallet is a master, a farm, an agent or a reserve.", fields={"role": "Not a role."})
    _check_place(role, parent)
    _check_weight(target_weight, role)
    connection = connection or (parent.connection if parent else None)
    if connection is None:
        raise InvalidInputError("Choose the connection of the master wallet.", fields={"connection_id": "Needed here."})
    if parent is None:
        require_named(base_asset, field="base_asset")
    elif parent.archived_at is not None:
        raise ConflictError(f"{parent.name} is archived: restore it first.")
    if role == Wallet.Role.RESERVE and parent is not None and connection.pk != parent.connection_id:
        raise InvalidInputError(
            "A reserve keeps its money at the connection of its master.", fields={"connection_id": "Leave this empty."}
        )
    if connection.owner_id != owner_id or (parent is not None and parent.owner_id != owner_id):
        raise NotFoundError("There is no such connection or parent wallet.")
    wallet = Wallet(
        owner_id=owner_id,
        name=name,
        role=role,
        parent=parent,
        connection=connection,
        base_asset=parent.base_asset if parent else base_asset,
        target_weight=target_weight,
    )
    save_in_place(wallet)
    audit.record(audit.Area.MONEY, "Wallet made", owner_id=owner_id, subject=wallet.name, after=_settings(wallet))
    publish(owner_id=owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": "created"})
    return wallet


def update_wallet(
    *,
    owner_id: UUID,
    wallet_id: UUID,
    name: str,
    target_weight: Decimal | None,
    trading_state: str,
    minimum_balance: Decimal | None = None,
    maximum_balance: Decimal | str | None = UNCHANGED,
) -> Wallet:
    """Change what a user may change of a wallet: its name, target weight, trading state, minimum balance and ceiling.

    Both are amounts of its base asset; a `minimum_balance` of None leaves it as it is, a `maximum_balance` of None
    removes it. A trading state that is another than now ends every hold of the wallet (`holds`). Raises
    InvalidInputError naming the field, ConflictError for a name in use.
    """
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if not name.strip():
        raise InvalidInputError("Give the wallet a name.", fields={"name": "A name is needed."})
    if trading_state not in Wallet.TradingState.values:
        raise InvalidInputError(
            "A wallet is active, reducing or halted.", fields={"trading_state": "Not a trading state."}
        )
    _check_weight(target_weight, wallet.role)
    before = _settings(wallet)
    if minimum_balance is not None:
        wallet.minimum_balance = _checked_minimum(minimum_balance)
    if not isinstance(maximum_balance, str):
        wallet.maximum_balance = maximum_balance
    _check_ceiling(wallet)
    if trading_state != wallet.trading_state:
        wallet.trading_state, wallet.held_for, wallet.holds = trading_state, "", {}
    wallet.name, wallet.target_weight = name.strip(), target_weight
    save_in_place(wallet)
    after = _settings(wallet)
    audit.record_change(
        audit.Area.LIMITS, "Wallet changed", owner_id=owner_id, subject=name, before=before, after=after
    )
    publish(owner_id=owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": "settings"})
    return wallet


def unprotected_words(wallet: Wallet) -> str:
    """What its owner has to say so that stops and targets are not carried out while the wallet is halted."""
    return f"Leave {wallet.name} unprotected when it is halted"


def set_protection(*, owner_id: UUID, wallet_id: UUID, protects: bool, words: str = "") -> Wallet:
    """Whether stops and targets below the wallet are carried out while it is halted. Usually they are.

    To end that, `words` has to be `unprotected_words` of the wallet, to the letter. Raises InvalidInputError otherwise.
    """
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if not protects and words.strip() != unprotected_words(wallet):
        told = f"Type it as it is written: {unprotected_words(wallet)}"
        raise InvalidInputError(told, fields={"words": told})
    before = wallet.protects_in_halt
    Wallet.objects.filter(pk=wallet.pk).update(protects_in_halt=protects)
    wallet.protects_in_halt = protects
    audit.record_change(
        audit.Area.LIMITS,
        "Protection in a halt changed",
        owner_id=owner_id,
        subject=wallet.name,
        before={"protects_in_halt": before},
        after={"protects_in_halt": protects},
    )
    publish(owner_id=owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": "settings"})
    return wallet


def _settings(wallet: Wallet) -> dict[str, object]:
    names = ("name", "target_weight", "trading_state", "minimum_balance", "maximum_balance")
    return {name: getattr(wallet, name) for name in names}


def get_wallet(*, owner_id: UUID, wallet_id: UUID) -> Wallet:
    """The owner's wallet with its connection, or NotFoundError."""
    wallet = (
        Wallet.objects.select_related("connection__platform", "parent").filter(owner_id=owner_id, pk=wallet_id).first()
    )
    if wallet is None:
        raise NotFoundError("There is no such wallet.")
    return wallet


def subtree(wallet_ids: Collection[UUID]) -> RawSQL:
    """The ids of these wallets and of everything below them, for the right side of `wallet__in`."""
    return RawSQL("SELECT wallet_id FROM wallet_subtree(%s)", [list(wallet_ids)])


def named_places(owner_id: UUID) -> list[tuple[UUID, str]]:
    """The wallets that are traded with, by name; an agent's with its farm's, because agents' names come again."""
    rows = Wallet.objects.filter(owner_id=owner_id, archived_at=None).exclude(role__in=Wallet.IDLE)
    listed = rows.select_related("parent").order_by("name", "pk")
    return [(one.pk, f"{one.parent.name} › {one.name}" if one.parent else one.name) for one in listed]


def stands_below(wallet_id: UUID, above_id: UUID) -> bool:
    """Whether the wallet is the other one or stands somewhere below it."""
    return Wallet.objects.filter(pk=wallet_id, pk__in=subtree([above_id])).exists()


def _check_place(role: str, parent: Wallet | None) -> None:
    wanted = PARENT_ROLES.get(Wallet.Role(role), ())
    if not wanted and parent is not None:
        raise InvalidInputError("A master wallet has no parent.", fields={"parent_id": "Leave this empty."})
    if wanted and (parent is None or parent.role not in wanted):
        raise InvalidInputError(
            f"Choose a {wanted[0].label.lower()} wallet as the parent of {_a(role)}.",
            fields={"parent_id": f"Must be a {wanted[0].label.lower()} wallet."},
        )


def _check_weight(weight: Decimal | None, role: str) -> None:
    if weight is None:
        return
    if role == Wallet.Role.MASTER:
        raise InvalidInputError("A master has no target: it is the whole.", fields={"target_weight": "Leave empty."})
    if role in (Wallet.Role.RESERVE, Wallet.Role.POOL):
        raise InvalidInputError(
            f"A {role} has no target: it takes what comes.", fields={"target_weight": "Leave empty."}
        )
    if not weight.is_finite() or not 0 <= weight <= 1:
        raise InvalidInputError(
            "A target is between 0 and 100 % of the parent.", fields={"target_weight": "Between 0 and 100 %."}
        )


def _checked_minimum(amount: Decimal) -> Decimal:
    if not amount.is_finite() or not 0 <= amount < MAX_AMOUNT:
        raise InvalidInputError(
            "A minimum balance is zero or more.", fields={"minimum_balance": f"From 0 to below {MAX_AMOUNT:,}."}
        )
    return amount


def _check_ceiling(wallet: Wallet) -> None:
    ceiling = wallet.maximum_balance
    if ceiling is None:
        return
    if not ceiling.is_finite() or not wallet.minimum_balance <= ceiling < MAX_AMOUNT:
        raise InvalidInputError(
            "A ceiling is at least the minimum balance.", fields={"maximum_balance": "At least the minimum balance."}
        )


def save_in_place(wallet: Wallet) -> None:
    """Write the wallet; ConflictError where its name is used under its parent."""
    try:
        with transaction.atomic():
            wallet.save()
    except IntegrityError as error:
        if "wallet_name_once_per_parent" not in str(error):
            raise
        raise ConflictError(f"Choose another name: there is a wallet {wallet.name} at this place already.") from error


def _a(role: str) -> str:
    return "an agent" if role == Wallet.Role.AGENT else f"a {role}"
