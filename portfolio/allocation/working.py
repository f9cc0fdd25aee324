"""What a wish for weights comes to now: who is weighed, at what capital, the weights, and what would have to move.

Nothing is written here: a plan keeps it (`services`), and a rule looks whether it is worth a plan.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final
from uuid import UUID

from kit import formatting
from kit.decimals import plain
from kit.errors import InvalidInputError
from portfolio.allocation import answer, filters
from portfolio.allocation.answer import Answer, Candidate
from portfolio.allocation.asking import Asked
from portfolio.allocation.returns import Returns, read_returns
from portfolio.allocation.risk import scores_of
from quant.metrics.risk import MINIMUM_SAMPLE
from wallets.hierarchy.allocations import ZERO, Line
from wallets.hierarchy.movements import smallest_unit
from wallets.hierarchy.tree import wallet_tree
from wallets.hierarchy.weighing import parts, reweigh, rounded_down, why_closed
from wallets.hierarchy.wishes import Books, Draft, read_books
from wallets.models import Transfer, Wallet

FEWEST_TARGETS: Final = 2
HUNDREDTH: Final = Decimal("0.01")
EIGHTH_PLACE: Final = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Sums:
    """What the answer's wallets are worth, and what of the wallet above them is free to be given."""

    values: tuple[Decimal, ...]
    own: Decimal

    @property
    def capital(self) -> Decimal:
        return sum(self.values, self.own)


@dataclass(frozen=True, slots=True, eq=False)
class Worked:
    """The answer, the movements that bring it about, and a line for each child in `targets` (see `AllocationPlan`).

    `books` are those of before, and `last` the owner's newest transfer when they were read.
    """

    wallet: Wallet
    asked: Asked
    found: Answer
    sums: Sums
    draft: Draft
    targets: list[dict[str, Any]]
    books: Books
    last: int

    @property
    def notes(self) -> list[str]:
        return [answer.of_wallets(note) for note in self.found.found.notes]

    @property
    def drift(self) -> tuple[Decimal, str]:
        """The farthest that a weight of now is from what it should be, and whose it is."""
        weighed = [one for one in self.targets if one["weight"] is not None]
        off = [(abs(Decimal(one["weight"]) - Decimal(one["weight_now"])), one["name"]) for one in weighed]
        return max(off, key=lambda one: one[0])

    @property
    def turnover(self) -> Decimal:
        """What moves of all children together, in and out, as a fraction of the capital."""
        return _rounded(sum((abs(Decimal(one["moved"])) for one in self.targets), ZERO) / self.sums.capital)


def work_out(
    *,
    owner_id: UUID,
    wallet_id: UUID,
    asked: Asked,
    closed: Mapping[UUID, str] | None = None,
    at_most: Decimal | None = None,
) -> Worked:
    """`closed` are children that are left as they are, whatever is asked for, with the reason.

    `at_most` of the capital moves, in and out: where the weights ask for more, all of it goes as far as that allows. So
    it can always be kept, unlike a limit of the turnover, which the weights themselves keep. Raises NotFoundError;
    InvalidInputError for a wish that makes no sense, fewer than two children to weigh, a price that is missing, and
    limits that no weights keep.
    """
    asked.check()
    last = _last_transfer(owner_id)
    books = read_books(owner_id)
    wallet = books.wallet(wallet_id)
    candidates, left = _candidates(books, wallet, asked, closed or {})
    returns = read_returns(wallets=[one.wallet for one in candidates], back=asked.back)
    known, candidates = candidates, answer.sort_out(candidates, returns, asked)
    candidates, risky = _without_risky(candidates, returns, asked)
    columns = [place for place, one in enumerate(candidates) if not one.why_not]
    if len(columns) < FEWEST_TARGETS:
        why = " ".join(f"{one.wallet.name}: {one.why_not}." for one in candidates if one.why_not)
        told = f"There are fewer than two wallets under {wallet.name} to weigh. {why}".strip()
        enough = _shorter(known, returns, asked) or left(FEWEST_TARGETS - len(columns))
        raise InvalidInputError(f"{told} {enough}".strip())
    weighed = [candidates[place] for place in columns]
    sums = Sums(tuple(one.value for one in weighed), books.usable(wallet, wallet.base_asset))
    if sums.capital <= 0:
        raise InvalidInputError(f"There is no money in {wallet.name} and what is weighed under it: put some in first.")
    found = answer.weigh(
        [one.wallet for one in weighed],
        sums.values,
        sums.capital,
        returns.of(columns),
        asked,
        {place: risky[column] for place, column in enumerate(columns) if column in risky},
    )
    amounts, reserve = _amounts(found, sums, wallet.base_asset)
    gaps = {one.wallet.pk: aim - one.value for one, aim in zip(weighed, amounts, strict=True)}
    part = _part(gaps.values(), sums.capital, at_most)
    gaps = {wallet_id: gap * part for wallet_id, gap in gaps.items()}
    reserve = rounded_down(max(sums.own + (reserve - sums.own) * part, ZERO), wallet.base_asset)
    before = Books(books.family, dict(books.balance), dict(books.held))
    draft = reweigh(books, wallet_id=wallet_id, gaps=gaps, reserve=reserve)
    targets = _told(candidates, found, dict(zip(columns, amounts, strict=True)), sums, draft.lines)
    return Worked(wallet, asked, found, sums, draft, targets, before, last)


def _candidates(
    books: Books, wallet: Wallet, asked: Asked, closed: Mapping[UUID, str]
) -> tuple[list[Candidate], Callable[[int], str]]:
    """The children that could be weighed, with what they are worth, and who says what of the filters to relax so that
    so many more are. Raises InvalidInputError without a price."""
    children = [one for one in books.children(wallet) if one.role not in Wallet.IDLE]
    if unknown := set(asked.limits.bounds) - {one.pk for one in children}:
        told = f"Only what stands right below {wallet.name} has a bound."
        raise InvalidInputError(
            told, fields={"constraints.targets": f"No child of it: {', '.join(map(str, sorted(unknown)))}."}
        )
    nodes = wallet_tree(owner_id=wallet.owner_id)
    values, states = {node.id: node.value for node in nodes}, {node.id: node.state for node in nodes}
    if nameless := [one.name for one in children if values[one.pk] is None]:
        raise InvalidInputError(
            f"What {', '.join(nameless)} holds has no price in {wallet.base_asset}: nothing is weighed without one."
        )
    found = []
    for one in sorted(children, key=lambda one: (one.created_at, one.pk)):
        shut = why_closed(one, wallet)
        why = f"left as it is: {shut}" if shut else ""
        if not why and one.base_asset != wallet.base_asset:
            why = f"left as it is: it counts in {one.base_asset}"
        found.append(Candidate(one, values[one.pk] or ZERO, why or closed.get(one.pk, "")))
    limits = asked.limits
    traits = filters.traits_of(wallet.owner_id, states) if limits.kinds or limits.statuses else {}
    kept = filters.filtered(found, traits, limits)
    left = [one for one, known in zip(kept, found, strict=True) if one.why_not and not known.why_not]
    return kept, lambda needed: filters.relaxation(left, traits, limits, needed=needed) if left else ""


def _shorter(candidates: Sequence[Candidate], returns: Returns, asked: Asked) -> str:
    """The longest history that can be asked for so that enough are weighed; empty where asking for less is no help."""
    for count in sorted({count for count in returns.counts if count < asked.limits.minimum_history}, reverse=True):
        wish = replace(asked, limits=replace(asked.limits, minimum_history=count))
        found, _ = _without_risky(answer.sort_out(candidates, returns, wish), returns, wish)
        if sum(not one.why_not for one in found) >= FEWEST_TARGETS:
            return f"It is enough to lower the minimum history to {count} days."
    return ""


def _without_risky(
    candidates: Sequence[Candidate], returns: Returns, asked: Asked
) -> tuple[list[Candidate], dict[int, Decimal]]:
    """Who has no risk score is left as it is where one is asked for; by column the score of those who are too risky."""
    found, risky = list(candidates), dict[int, Decimal]()
    if not asked.limits.looks_at_risk:
        return found, risky
    scores = scores_of([one.wallet for one in candidates], returns, asked.back)
    for column, (one, score) in enumerate(zip(candidates, scores, strict=True)):
        most = asked.limits.risk_of(one.wallet.pk)
        if one.why_not or most is None:
            continue
        if score is None:
            why = f"left as it is: no risk score, which needs {MINIMUM_SAMPLE} whole days"
            found[column] = replace(one, why_not=why)
        elif (told := Decimal(repr(score.value)).quantize(HUNDREDTH, ROUND_CEILING)) > most:
            risky[column] = told
    return found, risky


def _amounts(found: Answer, sums: Sums, asset: str) -> tuple[list[Decimal], Decimal]:
    """What each comes to, down to the asset's last decimal by largest remainder, and what stays in the wallet."""
    weights = [Decimal(repr(float(one))) for one in found.found.weights]
    whole = sum(weights, ZERO)
    if whole == 0:
        return [ZERO for _ in weights], sums.own
    invested = rounded_down(sums.capital * min(whole, Decimal(1)), asset)
    return parts(invested, weights, smallest_unit(asset)), max(rounded_down(sums.capital - invested, asset), ZERO)


def _weights(found: Answer) -> list[Decimal]:
    """As they are told: with eight decimals, and together what they are together."""
    exact = [Decimal(repr(float(one))) for one in found.found.weights]
    whole = _rounded(sum(exact, ZERO))
    return parts(whole, exact, EIGHTH_PLACE) if whole else exact


def _told(
    candidates: Sequence[Candidate],
    found: Answer,
    amounts: dict[int, Decimal],
    sums: Sums,
    lines: Sequence[Line],
) -> list[dict[str, Any]]:
    """A line for each candidate; those who are weighed first, in their order."""
    told: list[dict[str, Any]] = []
    place_of = {wallet.pk: place for place, wallet in enumerate(found.wallets)}
    weights = _weights(found)
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
                "weight": None if place is None else plain(weights[place]),
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
    return plain(_rounded(value))


def _part(gaps: Iterable[Decimal], capital: Decimal, at_most: Decimal | None) -> Decimal:
    """Which part of what the weights ask for moves."""
    whole = sum(map(abs, gaps), ZERO) / capital
    return Decimal(1) if at_most is None or whole <= at_most else at_most / whole


def _rounded(value: Decimal) -> Decimal:
    return formatting.rounded(value, 8)


def _last_transfer(owner_id: UUID) -> int:
    newest = Transfer.objects.filter(owner_id=owner_id).order_by("-created_at", "-pk").values_list("pk", flat=True)
    return newest.first() or 0
