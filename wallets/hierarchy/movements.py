"""The money that moves along the hierarchy.

Money comes in at a master (`deposit`, demo connections only), goes down by `allocate` and up by `collect`, each one
step along a direct link. Every one of them is one posting with the caller's key, so doing it twice does it once, and
has a `preview_…` that says what it would do and raises what it would raise. Held money (open orders) never moves. What
comes to a farm can be split to its agents in the same transaction; `undo` takes a movement back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from kit import formatting
from kit.errors import InvalidInputError
from wallets.hierarchy import earnings
from wallets.hierarchy.allocations import (
    ASKED,
    Line,
    asked_key,
    carry_out,
    checked_amount,
    require_present,
)
from wallets.hierarchy.archiving import require_open
from wallets.hierarchy.consequences import consequences
from wallets.hierarchy.places import get_wallet
from wallets.ledger import IdempotencyConflictError, InsufficientFundsError
from wallets.models import Account, FundAllocation, Wallet
from wallets.venues.demo import account as demo

DEMO_ADAPTER: Final = "demo"


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
    """What a movement would do. `source` is None for a deposit; `warnings` are sentences.

    `split` are the agents that get a part of it at once; the sides are what is so when they have it.
    """

    kind: FundAllocation.Kind
    asset: str
    amount: Decimal
    source: Side | None
    target: Side
    warnings: tuple[str, ...]
    split: tuple[Side, ...] = ()


def deposit(*, owner_id: UUID, wallet_id: UUID, amount: Decimal, asset: str, key: str) -> FundAllocation:
    """Bring play money into a master wallet: into the demo exchange's books and into ours, in one transaction."""
    with transaction.atomic():
        target = _deposit_target(owner_id, wallet_id)
        step = Step(FundAllocation.Kind.DEPOSIT, None, target, asset, checked_amount(asset, amount))
        done, is_new = _carry_out(step, key, [step.line])
        if is_new:
            demo.credit(owner_id=owner_id, connection_id=target.connection_id, asset=asset, amount=amount)
    return done


def preview_deposit(*, owner_id: UUID, wallet_id: UUID, amount: Decimal, asset: str) -> Preview:
    """What `deposit` would do; raises what it would raise."""
    target = _deposit_target(owner_id, wallet_id)
    return _preview(Step(FundAllocation.Kind.DEPOSIT, None, target, asset, checked_amount(asset, amount)), [])


def allocate(
    *,
    owner_id: UUID,
    source_id: UUID,
    target_id: UUID,
    asset: str,
    amount: Decimal,
    key: str,
    note: str = "",
    split: bool = False,
) -> FundAllocation:
    """Move free money from a wallet down to its child; with `split` on to the child's agents, by target weight.

    Raises InsufficientFundsError, InvalidInputError, NotFoundError, and IdempotencyConflictError for a reused key.
    """
    step = _step(FundAllocation.Kind.ALLOCATE, owner_id, source_id, target_id, asset, amount, note)
    return _move(step, key, split=split)


def preview_allocate(
    *, owner_id: UUID, source_id: UUID, target_id: UUID, asset: str, amount: Decimal, split: bool = False
) -> Preview:
    """What `allocate` would do; raises what it would raise."""
    step = _step(FundAllocation.Kind.ALLOCATE, owner_id, source_id, target_id, asset, amount)
    return _preview(step, _split(step) if split else [])


def collect(
    *, owner_id: UUID, source_id: UUID, target_id: UUID, asset: str, amount: Decimal, key: str, note: str = ""
) -> FundAllocation:
    """Move free money from a wallet up to its parent; held money stays. Raises as `allocate` does."""
    step = _step(FundAllocation.Kind.COLLECT, owner_id, source_id, target_id, asset, amount, note)
    return _move(step, key, split=False)


def preview_collect(*, owner_id: UUID, source_id: UUID, target_id: UUID, asset: str, amount: Decimal) -> Preview:
    """What `collect` would do; raises what it would raise."""
    return _preview(_step(FundAllocation.Kind.COLLECT, owner_id, source_id, target_id, asset, amount), [])


def asked_with(*, owner_id: UUID, key: str) -> FundAllocation | None:
    """The movement that was done for this key of the user's, if it was."""
    rows = FundAllocation.objects.filter(owner_id=owner_id, posting__key=f"{ASKED}{key}")
    return rows.select_related("source", "target", "posting").first()


def can_split(farm: Wallet | UUID) -> bool:
    """Whether the wallet has agents with a target to split to."""
    return _agents(farm).exists()


@dataclass(frozen=True, slots=True)
class Step:
    """One movement to be done: `amount` of `asset` from `source` (None: from outside) to `target`."""

    kind: FundAllocation.Kind
    source: Wallet | None
    target: Wallet
    asset: str
    amount: Decimal
    note: str = ""
    is_split: bool = False

    @property
    def detail(self) -> dict[str, Any]:
        """What the posting says beside its legs, and what makes two requests with one key the same."""
        return {"split": True} if self.is_split else {}

    @property
    def line(self) -> Line:
        return Line(self.source, self.target, self.asset, self.amount)


def _deposit_target(owner_id: UUID, wallet_id: UUID) -> Wallet:
    wallet = get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    if wallet.role != Wallet.Role.MASTER:
        told = "Deposit to a master wallet, then allocate down."
        raise InvalidInputError(told, fields={"wallet_id": "Not a master."})
    if wallet.connection.platform.adapter != DEMO_ADAPTER:
        raise InvalidInputError(
            "Deposit at the venue itself: the next sync will find it.", fields={"wallet_id": "Not a demo connection."}
        )
    require_present(wallet)
    return wallet


def _linked(kind: FundAllocation.Kind, owner_id: UUID, source_id: UUID, target_id: UUID) -> tuple[Wallet, Wallet]:
    """Source and target of a step along a direct link, downwards to allocate and upwards to collect."""
    source = get_wallet(owner_id=owner_id, wallet_id=source_id)
    target = get_wallet(owner_id=owner_id, wallet_id=target_id)
    if kind == FundAllocation.Kind.ALLOCATE and target.parent_id != source.pk:
        raise InvalidInputError(
            f"{source.name} is not the parent of {target.name}: allocate one step down at a time.",
            fields={"target_id": "Must be a child of the source."},
        )
    if kind == FundAllocation.Kind.COLLECT and source.parent_id != target.pk:
        raise InvalidInputError(
            f"{target.name} is not the parent of {source.name}: collect one step up at a time.",
            fields={"target_id": "Must be the parent of the source."},
        )
    if source.connection_id != target.connection_id:
        raise InvalidInputError(
            f"{source.name} and {target.name} are accounts at different connections: move the money at the venues.",
            fields={"target_id": "At another connection."},
        )
    require_present(source)
    return source, target


def _step(
    kind: FundAllocation.Kind,
    owner_id: UUID,
    source_id: UUID,
    target_id: UUID,
    asset: str,
    amount: Decimal,
    note: str = "",
) -> Step:
    source, target = _linked(kind, owner_id, source_id, target_id)
    return Step(kind, source, target, asset, checked_amount(asset, amount), note)


def _move(step: Step, key: str, *, split: bool) -> FundAllocation:
    with transaction.atomic():
        if not split:
            return _carry_out(step, key, [_with_profit(step)])[0]
        # Targets may have changed since: a repeated request gets what the first one did, and no second split.
        if (done := _repeated(step, key)) is not None:
            return done
        lines = [step.line, *(part.line for part in _split(step))]
        return _carry_out(replace(step, is_split=True), key, lines)[0]


def _carry_out(step: Step, key: str, lines: Sequence[Line]) -> tuple[FundAllocation, bool]:
    return carry_out(
        owner_id=step.target.owner_id,
        key=asked_key(key),
        kind=step.kind.value,
        lines=lines,
        note=step.note,
        detail=step.detail,
    )


def _with_profit(step: Step) -> Line:
    """What is taken out of a wallet is profit first."""
    if step.kind != FundAllocation.Kind.COLLECT or step.source is None or step.asset != step.source.base_asset:
        return step.line
    kept = earnings.kept(owner_id=step.source.owner_id, wallet_ids=[step.source.pk])[step.source.pk]
    return replace(step.line, profit=min(step.amount, kept or Decimal(0)))


def _repeated(step: Step, key: str) -> FundAllocation | None:
    """What this split did when it was asked for before. Raises IdempotencyConflictError for another request."""
    done = asked_with(owner_id=step.target.owner_id, key=key)
    if done is None:
        return None
    said = (done.kind, done.source, done.target, done.asset, done.amount, done.note.exact)
    if not done.posting or not done.posting.detail.get("split") or said != (
        step.kind, step.source, step.target, step.asset, step.amount, step.note
    ):  # fmt: skip
        raise IdempotencyConflictError("This key was used before with another request: use a new key for this one.")
    return done


def _split(step: Step) -> list[Step]:
    """What each agent of the target gets of it: its target weight, rounded down to what is shown; the rest stays."""
    agents = list(_agents(step.target))
    if not agents:
        raise InvalidInputError(
            f"No agent of {step.target.name} has a target: set one, or leave the money in {step.target.name}.",
            fields={"split": "No agent has a target."},
        )
    weights = [agent.target_weight or Decimal(0) for agent in agents]
    whole = max(sum(weights, Decimal(0)), Decimal(1))
    unit = smallest_unit(step.asset)
    with localcontext(prec=formatting.PRECISION):
        amounts = [(step.amount * weight / whole).quantize(unit, ROUND_DOWN) for weight in weights]
    return [
        Step(step.kind, step.target, agent, step.asset, amount, step.note)
        for agent, amount in zip(agents, amounts, strict=True)
        if amount > 0
    ]


def smallest_unit(asset: str) -> Decimal:
    """The last decimal that an amount of the asset is shown with; what is computed from a share is rounded to it."""
    places = formatting.money_places(Decimal(0), asset) if asset in formatting.SYMBOLS else formatting.MAX_PLACES
    return Decimal(1).scaleb(-places)


def _agents(farm: Wallet | UUID) -> QuerySet[Wallet]:
    """The agents' wallets that a split reaches: with a target, at the farm's own connection."""
    return Wallet.objects.filter(
        parent=farm,
        role=Wallet.Role.AGENT,
        connection=F("parent__connection"),
        target_weight__gt=0,
        archived_at=None,
    ).order_by("created_at", "pk")


def _preview(step: Step, parts: Sequence[Step]) -> Preview:
    touched = (step.source, step.target, *(part.target for part in parts))
    require_open((wallet.name, wallet.archived_at is not None) for wallet in touched if wallet)
    given = _side(step.source, step.asset, -step.amount) if step.source else None
    if given is not None and given.free_after < 0:
        raise InsufficientFundsError(asset=step.asset, available=given.free_before, needed=step.amount)
    kept = step.amount - sum((part.amount for part in parts), Decimal(0))
    split = tuple(_side(part.target, step.asset, part.amount) for part in parts)
    return Preview(
        kind=step.kind,
        asset=step.asset,
        amount=step.amount,
        source=given,
        target=_side(step.target, step.asset, kept),
        warnings=tuple(_warnings(step.asset, step.amount, step.target, given, split)),
        split=split,
    )


def _side(wallet: Wallet, asset: str, change: Decimal) -> Side:
    account = Account.objects.filter(wallet=wallet, asset=asset, kind=Account.Kind.WALLET).first()
    balance, free = (account.balance, account.available) if account else (Decimal(0), Decimal(0))
    return Side(wallet, balance, balance + change, free, free + change)


def _warnings(asset: str, amount: Decimal, target: Wallet, source: Side | None, split: Sequence[Side]) -> list[str]:
    warnings = [
        f"{wallet.name} is {wallet.get_trading_state_display().lower()}: it opens no new position."
        for wallet in (target, *(side.wallet for side in split))
        if wallet.trading_state != Wallet.TradingState.ACTIVE and wallet.role == Wallet.Role.AGENT
    ]
    if source is not None:
        warnings += consequences(wallet=source.wallet, asset=asset, change=-amount)
    if not split:
        warnings += consequences(wallet=target, asset=asset, change=amount)
    for side in split:
        warnings += consequences(wallet=side.wallet, asset=asset, change=side.free_after - side.free_before)
    if source and asset == source.wallet.base_asset and source.free_after < source.wallet.minimum_balance:
        warnings.append(f"{source.wallet.name} keeps less than its minimum balance.")
    if source and source.free_after == 0:
        warnings.append(f"{source.wallet.name} keeps no free money.")
    if source and source.balance_before > source.free_before:
        warnings.append(f"{source.wallet.name} has money in open orders or margin, which stays where it is.")
    return warnings
