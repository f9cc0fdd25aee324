"""The money that moves along the hierarchy.

Money comes in at a master (`deposit`, demo connections only), goes down by `allocate` and up by `collect`, each one
step along a direct link. Every one of them is one posting with the caller's key, so doing it twice does it once, and
has a `preview_…` that says what it would do and raises what it would raise. Held money (open orders) never moves. What
comes to a farm can be split to its agents in the same transaction; `undo` takes a movement back.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from kit import formatting
from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError
from kit.limits import MAX_AMOUNT
from kit.live.publish import publish
from markets.assets import require_named
from wallets.hierarchy.archiving import hold_open, require_open
from wallets.hierarchy.consequences import consequences
from wallets.hierarchy.places import get_wallet
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, Request, post_many
from wallets.models import Account, FundAllocation, Posting, Wallet
from wallets.venues.demo import account as demo

DEMO_ADAPTER = "demo"
MAX_KEY = 100
# The prefixes keep what users call their requests apart from what orders, goals and this module make for themselves.
ASKED: Final = "request:"
SPLIT: Final = "split:"


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
        step = Step(FundAllocation.Kind.DEPOSIT, None, target, asset, _checked(asset, amount))
        (done, is_new), *_ = carry_out([(_key(key), step)])
        if is_new:
            demo.credit(owner_id=owner_id, connection_id=target.connection_id, asset=asset, amount=amount)
    return done


def preview_deposit(*, owner_id: UUID, wallet_id: UUID, amount: Decimal, asset: str) -> Preview:
    """What `deposit` would do; raises what it would raise."""
    target = _deposit_target(owner_id, wallet_id)
    return _preview(Step(FundAllocation.Kind.DEPOSIT, None, target, asset, _checked(asset, amount)), [])


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
    return _move(step, _key(key), split=split)


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
    return _move(step, _key(key), split=False)


def preview_collect(*, owner_id: UUID, source_id: UUID, target_id: UUID, asset: str, amount: Decimal) -> Preview:
    """What `collect` would do; raises what it would raise."""
    return _preview(_step(FundAllocation.Kind.COLLECT, owner_id, source_id, target_id, asset, amount), [])


def asked_with(*, owner_id: UUID, key: str) -> FundAllocation | None:
    """The movement that was done for this key of the user's, if it was."""
    rows = FundAllocation.objects.filter(owner_id=owner_id, posting__key=f"{ASKED}{key}")
    return rows.select_related("source", "target").first()


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
        """What the posting says beside its leg, and what makes two requests with one key the same."""
        note = {"note": self.note} if self.note else {}
        return note | ({"split": True} if self.is_split else {})

    @property
    def ids(self) -> tuple[UUID, ...]:
        return (self.source.pk, self.target.pk) if self.source else (self.target.pk,)

    @property
    def leg(self) -> Leg:
        outside = AccountRef(self.target.pk, self.asset, Account.Kind.EXTERNAL)
        source = AccountRef(self.source.pk, self.asset) if self.source else outside
        return Leg(source, AccountRef(self.target.pk, self.asset), self.amount)


def carry_out(steps: Sequence[tuple[str, Step]]) -> list[tuple[FundAllocation, bool]]:
    """Post the steps in their order under their keys, all or none; each allocation, and whether it is new.

    One batch, so that its accounts are locked in one order whatever else moves. Call it inside of a transaction.
    """
    owner_id = steps[0][1].target.owner_id
    postings = post_many(
        owner_id=owner_id,
        requests=[Request(key, step.kind.value, [step.leg], step.detail) for key, step in steps],
    )
    hold_open(
        {pk for posting, (_, step) in zip(postings, steps, strict=True) if not posting.is_replay for pk in step.ids}
    )
    return [
        (_find(posting), False) if posting.is_replay else (_write_down(posting, step), True)
        for posting, (_, step) in zip(postings, steps, strict=True)
    ]


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


def require_present(wallet: Wallet) -> None:
    """Raises ConflictError while the account's history is being built: a movement now would stand before older ones."""
    if wallet.connection.belongs_to_the_past:
        raise ConflictError(
            f"Wait until the history of {wallet.connection.name} is built: what is done now would stand before it."
        )


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
    return Step(kind, source, target, asset, _checked(asset, amount), note)


def _key(key: str) -> str:
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidInputError(f"An idempotency key has 1 to {MAX_KEY} characters.", fields={"key": "Wrong length."})
    return f"{ASKED}{key}"


def _move(step: Step, key: str, *, split: bool) -> FundAllocation:
    with transaction.atomic():
        if not split:
            return carry_out([(key, step)])[0][0]
        # Targets may have changed since: a repeated request gets what the first one did, and no second split.
        is_done = Posting.objects.filter(owner_id=step.target.owner_id, key=key).exists()
        parts = [] if is_done else _split(step)
        steps = [(key, replace(step, is_split=True)), *((f"{_parts_key(key)}{part.target.pk}", part) for part in parts)]
        return carry_out(steps)[0][0]


def _parts_key(key: str) -> str:
    """What the keys of a movement's parts begin with; users' keys are longer than would fit beside a wallet's id."""
    return f"{SPLIT}{hashlib.sha256(key.encode()).hexdigest()[:32]}:"


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


def parts_of(done: FundAllocation) -> QuerySet[FundAllocation]:
    """What a movement was split into."""
    rows = FundAllocation.objects.filter(owner_id=done.owner_id, posting__key__startswith=_parts_key(done.posting.key))
    return rows.select_related("source", "target", "posting").order_by("posting_id")


def _find(posting: Posting) -> FundAllocation:
    return FundAllocation.objects.select_related("source", "target").get(posting=posting)


def _write_down(posting: Posting, step: Step) -> FundAllocation:
    """The allocation of a new posting, the line in the log, and the event."""
    owner_id, source, target = posting.owner_id, step.source, step.target
    done = FundAllocation.objects.create(
        owner_id=owner_id,
        kind=step.kind,
        source=source,
        target=target,
        asset=step.asset,
        amount=step.amount,
        note=step.note,
        posting=posting,
        created_at=posting.created_at,
    )
    audit.record(
        audit.Area.MONEY,
        step.kind.label,
        owner_id=owner_id,
        subject=f"{source.name} → {target.name}" if source else target.name,
        after={"amount": done.amount, "asset": done.asset, "note": step.note},
    )
    publish(owner_id=owner_id, event="wallets", data={"wallet": str(target.pk), "change": step.kind.value})
    return done


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
        warnings.append(f"{source.wallet.name} has money in open orders, which stays where it is.")
    return warnings
