"""Capital by method: worked out and kept as a plan, applied as one posting, taken back.

The plan is an allocation like every other; what is kept beside it is why. It is worked out of values, prices and
returns of one moment, so it is applied only as long as no money has moved between the wallets that it weighs: what
they trade in the meantime is their business, what somebody moves is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kit import clock, formatting
from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from portfolio.allocation import answer, selectors
from portfolio.allocation.answer import Answer, Candidate
from portfolio.allocation.asking import Asked
from portfolio.allocation.methods import label_of
from portfolio.allocation.returns import read_returns
from portfolio.models import AllocationPlan
from wallets.hierarchy import plans, undoing
from wallets.hierarchy.allocations import ZERO, Line
from wallets.hierarchy.tree import wallet_tree
from wallets.hierarchy.weighing import parts, reweigh, rounded_down, why_closed
from wallets.hierarchy.wishes import Books, read_books
from wallets.ledger import InsufficientFundsError
from wallets.models import FundAllocation, Transfer, Wallet
from wallets.models.kinds import PURPOSES, Purpose

FEWEST_TARGETS: Final = 2
# What somebody does to the money of a wallet, and not the wallet's own trading.
MOVES: Final = [kind for kind, what in PURPOSES.items() if what in {Purpose.FLOW, Purpose.FUNDING, Purpose.CORRECTION}]


class MoneyMovedError(ConflictError):
    """Money has moved since the plan was worked out, or is not free any more. Preview it anew."""

    code = "money_moved"


@dataclass(frozen=True, slots=True)
class _Sums:
    """What the answer's wallets are worth, and what of the wallet above them is free to be given."""

    values: tuple[Decimal, ...]
    own: Decimal

    @property
    def capital(self) -> Decimal:
        return sum(self.values, self.own)


def preview(*, owner_id: UUID, wallet_id: UUID, asked: Asked) -> selectors.MethodPlan:
    """Work out the weights of the wallet's children and keep the movements that bring them about; nothing moves yet.

    Raises NotFoundError; InvalidInputError for a wish that makes no sense, fewer than two children to weigh, a price
    that is missing, limits that no weights keep, and where there is nothing to move.
    """
    asked.check()
    last = _last_transfer(owner_id)
    books = read_books(owner_id)
    wallet = books.wallet(wallet_id)
    candidates = _candidates(books, wallet, asked)
    returns = read_returns(wallets=[one.wallet for one in candidates], back=asked.back)
    candidates = answer.sort_out(candidates, returns, asked)
    columns = [place for place, one in enumerate(candidates) if not one.why_not]
    if len(columns) < FEWEST_TARGETS:
        left = " ".join(f"{one.wallet.name}: {one.why_not}." for one in candidates if one.why_not)
        raise InvalidInputError(f"There are fewer than two wallets under {wallet.name} to weigh. {left}".strip())
    weighed = [candidates[place] for place in columns]
    sums = _Sums(tuple(one.value for one in weighed), books.usable(wallet, wallet.base_asset))
    if sums.capital <= 0:
        raise InvalidInputError(f"There is no money in {wallet.name} and what is weighed under it: put some in first.")
    found = answer.weigh([one.wallet for one in weighed], sums.values, sums.capital, returns.of(columns), asked)
    amounts, reserve = _amounts(found, sums, wallet.base_asset)
    gaps = {one.wallet.pk: aim - one.value for one, aim in zip(weighed, amounts, strict=True)}
    before = Books(books.family, dict(books.balance), dict(books.held))
    draft = reweigh(books, wallet_id=wallet_id, gaps=gaps, reserve=reserve)
    with transaction.atomic():
        plan = plans.preview(owner_id=owner_id, draft=draft, books=before, note=_note(asked))
        row = AllocationPlan.objects.create(
            owner_id=owner_id,
            allocation=plan.allocation,
            wallet=wallet,
            created_at=clock.now(),
            base=wallet.base_asset,
            method=asked.method,
            used=found.found.method,
            asked=asked.as_json,
            days=found.shared_days,
            capital=sums.capital,
            cash=found.found.cash,
            expected_return=found.found.expected_return,
            volatility=found.found.volatility,
            notes=[answer.of_wallets(note) for note in found.found.notes],
            targets=_told(candidates, found, dict(zip(columns, amounts, strict=True)), sums, draft.lines),
            last_transfer=last,
        )
    return selectors.read(row, plan)


def apply(*, owner_id: UUID, wallet_id: UUID, plan_id: UUID, key: str) -> FundAllocation:
    """Move what the plan says, as one posting; asked again with the same key it is done once.

    Raises NotFoundError; MoneyMovedError where money has moved since, is not free any more, or would leave less than a
    minimum balance; ConflictError for a plan that was applied before.
    """
    if not selectors.rows_of(owner_id=owner_id, wallet_id=wallet_id).filter(allocation=plan_id).exists():
        raise NotFoundError("There is no such plan.")
    try:
        return plans.apply(owner_id=owner_id, allocation_id=plan_id, key=key)
    except InsufficientFundsError as error:
        raise MoneyMovedError("Some of the money is not free any more: preview the plan anew.") from error


def undo(*, owner_id: UUID, plan_id: UUID) -> FundAllocation:
    """Take an applied plan back, every line of it. Raises NotFoundError, ConflictError, `undoing.GoneError`."""
    if not selectors.rows_of(owner_id=owner_id).filter(allocation=plan_id).exists():
        raise NotFoundError("There is no such plan.")
    return undoing.undo(owner_id=owner_id, allocation_id=plan_id)


def _candidates(books: Books, wallet: Wallet, asked: Asked) -> list[Candidate]:
    """The children that could be weighed, with what they are worth. Raises InvalidInputError without a price."""
    children = [one for one in books.children(wallet) if one.role not in Wallet.IDLE]
    if unknown := set(asked.limits.bounds) - {one.pk for one in children}:
        told = f"Only what stands right below {wallet.name} has a bound."
        raise InvalidInputError(told, fields={"targets": f"No child of it: {', '.join(map(str, sorted(unknown)))}."})
    values = {node.id: node.value for node in wallet_tree(owner_id=wallet.owner_id)}
    if nameless := [one.name for one in children if values[one.pk] is None]:
        raise InvalidInputError(
            f"What {', '.join(nameless)} holds has no price in {wallet.base_asset}: nothing is weighed without one."
        )
    found = []
    for one in sorted(children, key=lambda one: (one.created_at, one.pk)):
        closed = why_closed(one, wallet)
        why = f"left as it is: {closed}" if closed else ""
        if not why and one.base_asset != wallet.base_asset:
            why = f"left as it is: it counts in {one.base_asset}"
        found.append(Candidate(one, values[one.pk] or ZERO, why))
    return found


def _amounts(found: Answer, sums: _Sums, asset: str) -> tuple[list[Decimal], Decimal]:
    """What each comes to, down to the asset's last decimal by largest remainder, and what stays in the wallet."""
    weights = [Decimal(repr(float(one))) for one in found.found.weights]
    whole = sum(weights, ZERO)
    if whole == 0:
        return [ZERO for _ in weights], sums.own
    invested = rounded_down(sums.capital * min(whole, Decimal(1)), asset)
    return parts(invested, weights, asset), max(rounded_down(sums.capital - invested, asset), ZERO)


def _told(
    candidates: Sequence[Candidate],
    found: Answer,
    amounts: dict[int, Decimal],
    sums: _Sums,
    lines: Sequence[Line],
) -> list[dict[str, Any]]:
    """A line for each candidate; those who are weighed first, in their order."""
    told: list[dict[str, Any]] = []
    place_of = {wallet.pk: place for place, wallet in enumerate(found.wallets)}
    for column, one in enumerate(candidates):
        place = place_of.get(one.wallet.pk)
        aim = amounts.get(column, one.value)
        risk = None if place is None or found.found.volatility is None else found.found.risk_contributions[place]
        told.append(
            {
                "wallet_id": str(one.wallet.pk),
                "name": one.wallet.name,
                "value": plain(one.value),
                "weight_now": _fraction(one.value / sums.capital),
                "weight": None if place is None else _fraction(Decimal(repr(float(found.found.weights[place])))),
                "amount": plain(aim),
                "change": plain(_whole_units(aim - one.value, found.wallets[0].base_asset)),
                "moved": plain(_moved(one.wallet, lines)),
                "share_of_risk": None if risk is None else float(risk),
                "reason": one.why_not if place is None else answer.of_wallets(found.found.reasons[place]),
            }
        )
    return sorted(told, key=lambda one: one["weight"] is None)


def _moved(child: Wallet, lines: Sequence[Line]) -> Decimal:
    """What comes to the child (+) or leaves it (−) over the link to its parent."""
    came = sum((line.amount for line in lines if line.source and line.target.pk == child.pk
                and line.source.pk == child.parent_id), ZERO)  # fmt: skip
    left = sum((line.amount for line in lines if line.source and line.source.pk == child.pk
                and line.target.pk == child.parent_id), ZERO)  # fmt: skip
    return came - left


def _whole_units(value: Decimal, asset: str) -> Decimal:
    return rounded_down(value, asset) + ZERO


def _fraction(value: Decimal) -> str:
    return plain(formatting.rounded(value, 8))


def _note(asked: Asked) -> str:
    return f"By method: {label_of(asked.method).lower()}"


def _last_transfer(owner_id: UUID) -> int:
    newest = Transfer.objects.filter(owner_id=owner_id).order_by("-created_at", "-pk").values_list("pk", flat=True)
    return newest.first() or 0


def require_same(plan: plans.Plan) -> None:
    """Raises MoneyMovedError where a plan by method does not fit any more; other plans are none of its business."""
    row = AllocationPlan.objects.filter(allocation=plan.allocation).first()
    if row is None:
        return
    books = read_books(row.owner_id)
    weighed = [row.wallet_id, *(one.pk for one in books.below(books.wallet(row.wallet_id)))]
    since = Transfer.objects.filter(
        Q(debit__wallet__in=weighed) | Q(credit__wallet__in=weighed),
        owner_id=row.owner_id,
        pk__gt=row.last_transfer,
        posting__kind__in=MOVES,
    )
    if since.exists():
        raise MoneyMovedError("Money has moved since this plan was worked out: preview it anew.")
    for side in plan.sides:
        kept = side.wallet.minimum_balance if side.asset == side.wallet.base_asset else ZERO
        if side.balance_after < side.balance_before and side.free_after < kept:
            raise MoneyMovedError(f"{side.wallet.name} has less free than this plan moves: preview it anew.")
