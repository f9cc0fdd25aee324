"""Plans are kept, looked at, applied and taken back: an allocation that is previewed first.

What is applied are the very lines that were looked at, as one posting. Where the money is no longer there, nothing is
moved and the plan stays a plan; of two that want the same money at once, the books let one through.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kit import clock, tenancy
from kit.errors import ConflictError, NotFoundError
from kit.models import joined_again
from kit.sentences import joined
from wallets.hierarchy.allocations import RULE, ZERO, Line, asked_key, lines_of, tell, write_down
from wallets.hierarchy.archiving import hold_open
from wallets.hierarchy.consequences import consequences
from wallets.hierarchy.routes import require_open
from wallets.hierarchy.wishes import Books, Draft, read_books
from wallets.ledger import post
from wallets.models import AllocationLine, FundAllocation, Wallet

# Raises ConflictError where whoever worked the plan out does not stand by it any more; says nothing of others' plans.
Guard = Callable[["Plan"], None]

_guards: list[Guard] = []


def register(guard: Guard) -> None:
    """Ask `guard` before each plan is applied, by whichever door; registering twice asks once."""
    if guard not in _guards:
        _guards.append(guard)


# A plan that nobody applied is forgotten after this long.


@dataclass(frozen=True, slots=True)
class Side:
    """What one wallet has of an asset before and after; `held` is in open orders or margin and cannot move."""

    wallet: Wallet
    asset: str
    balance_before: Decimal
    balance_after: Decimal
    free_before: Decimal
    free_after: Decimal

    @property
    def held(self) -> Decimal:
        return self.balance_before - self.free_before


@dataclass(frozen=True, slots=True)
class Plan:
    """An allocation with its lines; of one that is not applied yet also what it would do now.

    `cost` is what moving itself costs: nothing, as long as all is at one connection, which plans do not leave.
    """

    allocation: FundAllocation
    lines: tuple[Line, ...]
    sides: tuple[Side, ...] = ()
    warnings: tuple[str, ...] = ()
    cost: Decimal = ZERO

    @property
    def is_open(self) -> bool:
        return self.allocation.status == FundAllocation.Status.PREVIEWED


def preview(*, owner_id: UUID, draft: Draft, books: Books, note: str = "") -> Plan:
    """Keep the draft as a plan and say what it would do. Raises InvalidInputError where there is nothing to move."""
    draft.require_something()
    with transaction.atomic():
        kept = write_down(
            owner_id=owner_id,
            kind=draft.kind.value,
            lines=draft.lines,
            told=draft.told,
            note=note,
            stays=joined(*draft.stays),
        )
    return _look(kept, list(draft.lines), books)


def find(*, owner_id: UUID, allocation_id: UUID) -> Plan:
    """An allocation, applied or not. Raises NotFoundError."""
    rows = FundAllocation.objects.filter(owner_id=owner_id, pk=allocation_id)
    found = rows.select_related("source", "target", "posting").first()
    if found is None:
        raise NotFoundError("There is no such plan.")
    lines = lines_of(found)
    if found.status != FundAllocation.Status.PREVIEWED:
        return Plan(found, tuple(lines))
    return _look(found, lines, read_books(owner_id))


def apply(*, owner_id: UUID, allocation_id: UUID, key: str) -> FundAllocation:
    """Do what the plan says, all of it or nothing; asked again with the same key it is done once.

    Raises NotFoundError; ConflictError for a plan that was applied before, for what is archived or at a connection that
    is not active; InsufficientFundsError when the money is no longer there; IdempotencyConflictError.
    """
    return _apply(owner_id, allocation_id, asked_key(key))


def apply_by_rule(*, owner_id: UUID, allocation_id: UUID, key: str) -> FundAllocation:
    """The same for a rule: its key is none that a request could have."""
    return _apply(owner_id, allocation_id, f"{RULE}{key}")


def _apply(owner_id: UUID, allocation_id: UUID, key: str) -> FundAllocation:
    with transaction.atomic():
        rows = FundAllocation.objects.select_for_update(of=("self",)).select_related("posting", "source", "target")
        plan = rows.filter(owner_id=owner_id, pk=allocation_id).first()
        if plan is None:
            raise NotFoundError("There is no such plan.")
        joined_again(plan)
        if plan.status != FundAllocation.Status.PREVIEWED:
            if plan.posting is not None and plan.posting.key == key:
                return plan
            raise ConflictError("This plan was carried out already: make a new one.")
        lines = lines_of(plan)
        for line in lines:
            for wallet in line.wallets:
                require_open(wallet)
        if _guards:
            looked_at = _look(plan, lines, read_books(owner_id))
            for guard in _guards:
                guard(looked_at)
        detail = {"plan": str(plan.pk), **({"note": plan.note.exact} if plan.note else {})}
        legs = [line.leg for line in lines]
        plan.posting = post(owner_id=owner_id, key=key, kind=plan.kind, legs=legs, detail=detail)
        hold_open({wallet.pk for line in lines for wallet in line.wallets})
        plan.status, plan.created_at = FundAllocation.Status.APPLIED, plan.posting.created_at
        plan.save(update_fields=("status", "posting", "created_at"))
        tell(plan, lines)
    return plan


def forget_previews() -> int:
    """Forget every owner's plans that nobody applied in days enough; returns how many went. Runs as the system."""
    with tenancy.system():
        old = FundAllocation.objects.filter(
            status=FundAllocation.Status.PREVIEWED,
            created_at__lt=clock.now() - timedelta(days=settings.PLAN_DAYS),
        ).order_by()
        ids = list(old.values_list("pk", flat=True))
        return _forget(ids)


def discard(*, owner_id: UUID, allocation_id: UUID) -> bool:
    """Forget a plan that another takes the place of; whether it was none that somebody has applied.

    Call it inside of a transaction.
    """
    rows = FundAllocation.objects.select_for_update().filter(owner_id=owner_id, pk=allocation_id)
    plan = rows.first()
    if plan is None:
        return True
    if plan.status != FundAllocation.Status.PREVIEWED:
        return False
    _forget([plan.pk])
    return True


def _forget(ids: list[UUID]) -> int:
    AllocationLine.objects.filter(allocation__in=ids).delete()
    return FundAllocation.objects.filter(pk__in=ids).delete()[1].get(FundAllocation._meta.label, 0)


def _look(kept: FundAllocation, lines: list[Line], books: Books) -> Plan:
    before = dict(books.balance)
    books.apply(lines)
    changes: dict[tuple[UUID, str], Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        if line.source is not None:
            changes[line.source.pk, line.asset] -= line.amount
        changes[line.target.pk, line.asset] += line.amount
    sides = []
    warnings = []
    for (wallet_id, asset), change in changes.items():
        wallet, held = books.family[wallet_id], books.held.get((wallet_id, asset), ZERO)
        had = before.get((wallet_id, asset), ZERO)
        side = Side(wallet, asset, had, had + change, had - held, had + change - held)
        sides.append(side)
        if change:
            warnings += consequences(wallet=wallet, asset=asset, change=change)
        if side.free_after < 0:
            warnings.append(f"{wallet.name} has not enough free {asset} any more: this plan cannot be applied now.")
        elif change < 0 and asset == wallet.base_asset and side.free_after < wallet.minimum_balance:
            warnings.append(f"{wallet.name} keeps less than its minimum balance.")
    return Plan(kept, tuple(lines), tuple(sides), tuple(dict.fromkeys(warnings)))
