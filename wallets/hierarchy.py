"""The hierarchy: wallets from master over farm to agent, and the money that moves along it.

Money comes in at a master (`deposit`, demo connections only), goes down by `allocate` and up by `collect`, each one
step along a direct link. Every one of them is one posting with the caller's key, so doing it twice does it once, and
has a `preview_…` that says what it would do and raises what it would raise. Held money (open orders) never moves.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from moniqo.lib.errors import ConflictError, InvalidInputError, NotFoundError
from moniqo.live.publish import publish
from wallets import demo
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, post
from wallets.models import Account, Connection, FundAllocation, Posting, Wallet

DEMO_ADAPTER = "demo"
ASSET = re.compile(r"[A-Z0-9][A-Z0-9.:_-]{0,19}")
PARENT_ROLE = {Wallet.Role.FARM: Wallet.Role.MASTER, Wallet.Role.AGENT: Wallet.Role.FARM}
MAX_KEY = 100


@dataclass(frozen=True, slots=True)
class Side:
    """One wallet in a preview: its balance of the asset and the free part of it, before and after."""

    wallet: Wallet
    balance_before: Decimal
    balance_after: Decimal
    free_before: Decimal
    free_after: Decimal


@dataclass(frozen=True, slots=True)
class Preview:
    """What a movement would do. `source` is None for a deposit; `warnings` are sentences."""

    kind: FundAllocation.Kind
    asset: str
    amount: Decimal
    source: Side | None
    target: Side
    warnings: tuple[str, ...]


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
    """Make a wallet: a master on a connection, a farm under a master, an agent under a farm.

    A child uses its parent's base asset and, unless given its own, its connection. `target_weight` is the fraction
    (0 to 1) of the parent's value that it should have. Raises InvalidInputError, ConflictError for a name in use.
    """
    name = name.strip()
    if not name:
        raise InvalidInputError("Give the wallet a name.", fields={"name": "A name is needed."})
    if role not in Wallet.Role.values:
        raise InvalidInputError("A wallet is a master, a farm or an agent.", fields={"role": "Not a role."})
    _check_place(role, parent)
    _check_weight(target_weight, is_master=parent is None)
    connection = connection or (parent.connection if parent else None)
    if connection is None:
        raise InvalidInputError("Choose the connection of the master wallet.", fields={"connection": "Needed here."})
    if parent is None and not ASSET.fullmatch(base_asset):
        raise InvalidInputError("Name the base asset by its symbol, such as USDT.", fields={"base_asset": "No symbol."})
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
    _save(wallet)
    publish(owner_id=owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": "created"})
    return wallet


def update_wallet(
    *, owner_id: UUID, wallet_id: UUID, name: str, target_weight: Decimal | None, trading_state: str
) -> Wallet:
    """Change what a user may change of a wallet: its name, target weight and trading state."""
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if not name.strip():
        raise InvalidInputError("Give the wallet a name.", fields={"name": "A name is needed."})
    if trading_state not in Wallet.TradingState.values:
        raise InvalidInputError(
            "A wallet is active, reducing or halted.", fields={"trading_state": "Not a trading state."}
        )
    _check_weight(target_weight, is_master=wallet.parent_id is None)
    wallet.name, wallet.target_weight, wallet.trading_state = name.strip(), target_weight, trading_state
    _save(wallet)
    publish(owner_id=owner_id, event="wallets", data={"wallet": str(wallet.pk), "change": "settings"})
    return wallet


def get_wallet(*, owner_id: UUID, wallet_id: UUID) -> Wallet:
    """The owner's wallet with its connection, or NotFoundError."""
    wallet = (
        Wallet.objects.select_related("connection__platform", "parent").filter(owner_id=owner_id, pk=wallet_id).first()
    )
    if wallet is None:
        raise NotFoundError("There is no such wallet.")
    return wallet


def deposit(*, owner_id: UUID, wallet_id: UUID, amount: Decimal, asset: str, key: str) -> FundAllocation:
    """Bring play money into a master wallet: into the demo exchange's books and into ours, in one transaction."""
    with transaction.atomic():
        target = _deposit_target(owner_id, wallet_id)
        leg = Leg(
            AccountRef(target.pk, asset, Account.Kind.EXTERNAL), AccountRef(target.pk, asset), _checked(asset, amount)
        )
        done, is_new = _apply(FundAllocation.Kind.DEPOSIT, leg, None, target, key, note="")
        if is_new:
            demo.credit(owner_id=owner_id, connection_id=target.connection_id, asset=asset, amount=amount)
    return done


def preview_deposit(*, owner_id: UUID, wallet_id: UUID, amount: Decimal, asset: str) -> Preview:
    """What `deposit` would do; raises what it would raise."""
    target = _deposit_target(owner_id, wallet_id)
    return _preview(FundAllocation.Kind.DEPOSIT, None, target, asset, _checked(asset, amount))


def allocate(
    *, owner_id: UUID, source_id: UUID, target_id: UUID, asset: str, amount: Decimal, key: str, note: str = ""
) -> FundAllocation:
    """Move free money from a wallet down to its child.

    Raises InsufficientFundsError, InvalidInputError, NotFoundError, and IdempotencyConflictError for a reused key.
    """
    return _move(FundAllocation.Kind.ALLOCATE, owner_id, source_id, target_id, asset, amount, key, note)


def preview_allocate(*, owner_id: UUID, source_id: UUID, target_id: UUID, asset: str, amount: Decimal) -> Preview:
    """What `allocate` would do; raises what it would raise."""
    source, target = _linked(FundAllocation.Kind.ALLOCATE, owner_id, source_id, target_id)
    return _preview(FundAllocation.Kind.ALLOCATE, source, target, asset, _checked(asset, amount))


def collect(
    *, owner_id: UUID, source_id: UUID, target_id: UUID, asset: str, amount: Decimal, key: str, note: str = ""
) -> FundAllocation:
    """Move free money from a wallet up to its parent; held money stays. Raises as `allocate` does."""
    return _move(FundAllocation.Kind.COLLECT, owner_id, source_id, target_id, asset, amount, key, note)


def preview_collect(*, owner_id: UUID, source_id: UUID, target_id: UUID, asset: str, amount: Decimal) -> Preview:
    """What `collect` would do; raises what it would raise."""
    source, target = _linked(FundAllocation.Kind.COLLECT, owner_id, source_id, target_id)
    return _preview(FundAllocation.Kind.COLLECT, source, target, asset, _checked(asset, amount))


# --- inside --------------------------------------------------------------------------------------------------------


def _check_place(role: str, parent: Wallet | None) -> None:
    wanted = PARENT_ROLE.get(Wallet.Role(role))
    if wanted is None and parent is not None:
        raise InvalidInputError("A master wallet has no parent.", fields={"parent": "Leave this empty."})
    if wanted is not None and (parent is None or parent.role != wanted):
        raise InvalidInputError(
            f"Choose a {wanted.label.lower()} wallet as the parent of {_a(role)}.",
            fields={"parent": f"Must be a {wanted.label.lower()} wallet."},
        )


def _check_weight(weight: Decimal | None, *, is_master: bool) -> None:
    if weight is None:
        return
    if is_master:
        raise InvalidInputError("A master has no target: it is the whole.", fields={"target_weight": "Leave empty."})
    if not weight.is_finite() or not 0 <= weight <= 1:
        raise InvalidInputError(
            "A target is between 0 and 100 % of the parent.", fields={"target_weight": "Between 0 and 100 %."}
        )


def _save(wallet: Wallet) -> None:
    try:
        with transaction.atomic():
            wallet.save()
    except IntegrityError as error:
        if "wallet_name_once_per_parent" not in str(error):
            raise
        raise ConflictError(f"Choose another name: there is a wallet {wallet.name} at this place already.") from error


def _checked(asset: str, amount: Decimal) -> Decimal:
    if not ASSET.fullmatch(asset):
        raise InvalidInputError("Name an asset by its symbol, such as USDT.", fields={"asset": "Not a symbol."})
    if not amount.is_finite() or amount <= 0:
        raise InvalidInputError("Enter an amount above zero.", fields={"amount": "Must be above zero."})
    return amount


def _deposit_target(owner_id: UUID, wallet_id: UUID) -> Wallet:
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if wallet.role != Wallet.Role.MASTER:
        raise InvalidInputError("Deposit to a master wallet, then allocate down.", fields={"wallet": "Not a master."})
    if wallet.connection.platform.adapter != DEMO_ADAPTER:
        raise InvalidInputError(
            "Deposit at the venue itself: the next sync will find it.", fields={"wallet": "Not a demo connection."}
        )
    return wallet


def _linked(kind: FundAllocation.Kind, owner_id: UUID, source_id: UUID, target_id: UUID) -> tuple[Wallet, Wallet]:
    """Source and target of a step along a direct link, downwards to allocate and upwards to collect."""
    source = get_wallet(owner_id=owner_id, wallet_id=source_id)
    target = get_wallet(owner_id=owner_id, wallet_id=target_id)
    if kind == FundAllocation.Kind.ALLOCATE and target.parent_id != source.pk:
        raise InvalidInputError(
            f"{source.name} is not the parent of {target.name}: allocate one step down at a time.",
            fields={"target": "Must be a child of the source."},
        )
    if kind == FundAllocation.Kind.COLLECT and source.parent_id != target.pk:
        raise InvalidInputError(
            f"{target.name} is not the parent of {source.name}: collect one step up at a time.",
            fields={"target": "Must be the parent of the source."},
        )
    if source.connection_id != target.connection_id:
        raise InvalidInputError(
            f"{source.name} and {target.name} are accounts at different connections: move the money at the venues.",
            fields={"target": "At another connection."},
        )
    return source, target


def _move(
    kind: FundAllocation.Kind,
    owner_id: UUID,
    source_id: UUID,
    target_id: UUID,
    asset: str,
    amount: Decimal,
    key: str,
    note: str,
) -> FundAllocation:
    with transaction.atomic():
        source, target = _linked(kind, owner_id, source_id, target_id)
        leg = Leg(AccountRef(source.pk, asset), AccountRef(target.pk, asset), _checked(asset, amount))
        done, _ = _apply(kind, leg, source, target, key, note)
    return done


def _apply(
    kind: FundAllocation.Kind, leg: Leg, source: Wallet | None, target: Wallet, key: str, note: str
) -> tuple[FundAllocation, bool]:
    """Post the leg under the user's key; returns the allocation and whether it is new."""
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidInputError(f"An idempotency key has 1 to {MAX_KEY} characters.", fields={"key": "Wrong length."})
    detail: dict[str, Any] = {"note": note} if note else {}
    # The prefix keeps users' keys apart from those that orders and goals make for themselves.
    posting: Posting = post(owner_id=target.owner_id, key=f"request:{key}", kind=kind.value, legs=[leg], detail=detail)
    if posting.is_replay:
        return FundAllocation.objects.select_related("source", "target").get(posting=posting), False
    done = FundAllocation.objects.create(
        owner_id=target.owner_id,
        kind=kind,
        source=source,
        target=target,
        asset=leg.debit.asset,
        amount=leg.amount or Decimal(0),
        note=note,
        posting=posting,
        created_at=posting.created_at,
    )
    moved = {"wallet": str(target.pk), "change": kind.value}
    publish(owner_id=target.owner_id, event="wallets", data=moved)
    return done, True


def _preview(kind: FundAllocation.Kind, source: Wallet | None, target: Wallet, asset: str, amount: Decimal) -> Preview:
    given = _side(source, asset, -amount) if source else None
    if given is not None and given.free_after < 0:
        raise InsufficientFundsError(asset=asset, available=given.free_before, needed=amount)
    return Preview(
        kind=kind,
        asset=asset,
        amount=amount,
        source=given,
        target=_side(target, asset, amount),
        warnings=tuple(_warnings(asset, target, given)),
    )


def _side(wallet: Wallet, asset: str, change: Decimal) -> Side:
    account = Account.objects.filter(wallet=wallet, asset=asset, kind=Account.Kind.WALLET).first()
    balance, free = (account.balance, account.available) if account else (Decimal(0), Decimal(0))
    return Side(wallet, balance, balance + change, free, free + change)


def _warnings(asset: str, target: Wallet, source: Side | None) -> list[str]:
    warnings = []
    if target.trading_state != Wallet.TradingState.ACTIVE and target.role == Wallet.Role.AGENT:
        warnings.append(f"{target.name} is {target.get_trading_state_display().lower()}: it opens no new position.")
    if source and source.wallet.role == Wallet.Role.AGENT and asset != source.wallet.base_asset:
        warnings.append(
            f"{source.wallet.name} cannot sell what leaves it: while it has a position in {asset}, its books and its "
            "position will disagree and every order, its stop too, will be refused."
        )
    if source and source.free_after == 0:
        warnings.append(f"{source.wallet.name} keeps no free money.")
    if source and source.balance_before > source.free_before:
        warnings.append(f"{source.wallet.name} has money in open orders, which stays where it is.")
    return warnings


def _a(role: str) -> str:
    return "an agent" if role == Wallet.Role.AGENT else f"a {role}"
