"""The money that moves along the hierarchy.

Money comes in at a master (`deposit`, demo connections only), goes down by `allocate` and up by `collect`, each one
step along a direct link. Every one of them is one posting with the caller's key, so doing it twice does it once, and
has a `preview_…` that says what it would do and raises what it would raise. Held money (open orders) never moves.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError
from kit.limits import MAX_AMOUNT
from kit.live.publish import publish
from markets.assets import require_named
from wallets.hierarchy.consequences import consequences
from wallets.hierarchy.places import get_wallet
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, post
from wallets.models import Account, FundAllocation, Posting, Wallet
from wallets.venues.demo import account as demo

DEMO_ADAPTER = "demo"
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


def _checked(asset: str, amount: Decimal) -> Decimal:
    require_named(asset)
    if not amount.is_finite() or amount <= 0:
        raise InvalidInputError("Enter an amount above zero.", fields={"amount": "Must be above zero."})
    if amount >= MAX_AMOUNT:
        raise InvalidInputError(
            f"Enter an amount below {MAX_AMOUNT:,}: the books hold no larger one.", fields={"amount": "Too large."}
        )
    return amount


def _deposit_target(owner_id: UUID, wallet_id: UUID) -> Wallet:
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if wallet.role != Wallet.Role.MASTER:
        raise InvalidInputError("Deposit to a master wallet, then allocate down.", fields={"wallet": "Not a master."})
    if wallet.connection.platform.adapter != DEMO_ADAPTER:
        raise InvalidInputError(
            "Deposit at the venue itself: the next sync will find it.", fields={"wallet": "Not a demo connection."}
        )
    _require_present(wallet)
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
    _require_present(source)
    return source, target


def _require_present(wallet: Wallet) -> None:
    """Raises ConflictError while the account's history is being built: a movement now would stand before older ones."""
    if wallet.connection.belongs_to_the_past:
        raise ConflictError(
            f"Wait until the history of {wallet.connection.name} is built: what is done now would stand before it."
        )


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
    audit.record(
        audit.Area.MONEY,
        kind.label,
        owner_id=target.owner_id,
        subject=f"{source.name} → {target.name}" if source else target.name,
        after={"amount": done.amount, "asset": done.asset, "note": note},
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
        warnings=tuple(_warnings(asset, amount, target, given)),
    )


def _side(wallet: Wallet, asset: str, change: Decimal) -> Side:
    account = Account.objects.filter(wallet=wallet, asset=asset, kind=Account.Kind.WALLET).first()
    balance, free = (account.balance, account.available) if account else (Decimal(0), Decimal(0))
    return Side(wallet, balance, balance + change, free, free + change)


def _warnings(asset: str, amount: Decimal, target: Wallet, source: Side | None) -> list[str]:
    warnings = []
    if target.trading_state != Wallet.TradingState.ACTIVE and target.role == Wallet.Role.AGENT:
        warnings.append(f"{target.name} is {target.get_trading_state_display().lower()}: it opens no new position.")
    if source is not None:
        warnings += consequences(wallet=source.wallet, asset=asset, change=-amount)
    warnings += consequences(wallet=target, asset=asset, change=amount)
    if source and source.free_after == 0:
        warnings.append(f"{source.wallet.name} keeps no free money.")
    if source and source.balance_before > source.free_before:
        warnings.append(f"{source.wallet.name} has money in open orders, which stays where it is.")
    return warnings
