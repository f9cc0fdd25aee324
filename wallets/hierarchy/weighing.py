"""The wish that a wallet's children come to amounts which somebody has worked out: by how much each is off is given.

What is too much in a child comes up out of itself first and then out of what is below it, in proportion to what is free
there; what a child lacks goes down to it, and on to its agents by their targets. What is not free cannot move: then
those that lack something share what there is, and the plan says what stays and why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal, localcontext
from itertools import pairwise
from typing import Final
from uuid import UUID

from kit import formatting
from kit.errors import MoniqoError
from kit.sentences import Sentence, amount, sentence, told_by
from wallets.hierarchy import earnings
from wallets.hierarchy.allocations import ZERO, Line
from wallets.hierarchy.movements import smallest_unit
from wallets.hierarchy.routes import require_open, route
from wallets.hierarchy.wishes import Books, Draft
from wallets.models import FundAllocation, Wallet

ONE: Final = Decimal(1)


def rounded_down(value: Decimal, asset: str) -> Decimal:
    """To the last decimal that amounts of the asset are moved with."""
    with localcontext(prec=formatting.PRECISION):
        return value.quantize(smallest_unit(asset), ROUND_DOWN)


def why_closed(child: Wallet, parent: Wallet) -> Sentence | None:
    """Why no money goes between the two; None where it does."""
    try:
        for wallet in route(child, parent):
            require_open(wallet)
    except MoniqoError as error:
        return sentence("{why}", why=told_by(error))
    return None


def reweigh(books: Books, *, wallet_id: UUID, gaps: Mapping[UUID, Decimal], reserve: Decimal = ZERO) -> Draft:
    """Gives each child what it lacks (+) and takes what it has too much (−), in the wallet's base asset.

    `reserve` is what the wallet itself keeps above its minimum balance. The books are left as the lines leave them.
    """
    wallet = books.wallet(wallet_id)
    base = wallet.base_asset
    up: list[Line] = []
    stays: list[Sentence] = []
    for child_id, gap in gaps.items():
        due = rounded_down(-gap, base)
        if due > 0:
            up += _taken(books, books.wallet(child_id), wallet, due, stays)
    up = _with_profit(wallet, up)
    books.apply(up)
    wanted = [(books.wallet(one), rounded_down(gap, base)) for one, gap in gaps.items() if rounded_down(gap, base) > 0]
    down = _given(books, wallet, wanted, max(books.usable(wallet, base) - reserve, ZERO), stays)
    books.apply(down)
    lines = (*up, *down)
    return Draft(FundAllocation.Kind.REBALANCE, lines, lines, tuple(stays))


def parts(due: Decimal, shares: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """`due`, whole units of it, in proportion to the shares, which are not all zero: rounded down, the last units by
    largest remainder."""
    whole = sum(shares, ZERO)
    with localcontext(prec=formatting.PRECISION):
        exact = [due * share / whole for share in shares]
        found = [one.quantize(unit, ROUND_DOWN) for one in exact]
        left = int((due.quantize(unit, ROUND_DOWN) - sum(found, ZERO)) / unit)
    for place in sorted(range(len(shares)), key=lambda place: found[place] - exact[place])[:left]:
        found[place] += unit
    return found


def _taken(books: Books, child: Wallet, wallet: Wallet, due: Decimal, stays: list[Sentence]) -> list[Line]:
    base = wallet.base_asset
    sources = [one for one in (child, *books.below(child)) if why_closed(one, wallet) is None]
    free = [rounded_down(books.usable(one, base), base) for one in sources]
    if sources and sources[0].pk == child.pk:
        own = min(due, free[0])
        amounts = [own, *_in_proportion(due - own, free[1:], base)]
    else:
        amounts = _in_proportion(due, free, base)
    missing = due - sum(amounts, ZERO)
    if missing > 0:
        held = sum((books.held.get((one.pk, base), ZERO) for one in sources), ZERO)
        told = "{wallet}: {amount} too much is not free in it"
        if held > 0:
            told += ", {held} is in open orders or margin."
            stays.append(sentence(told, wallet=child.name, amount=amount(missing, base), held=amount(held, base)))
        else:
            stays.append(sentence(f"{told}: it is in positions.", wallet=child.name, amount=amount(missing, base)))
    return [
        Line(one, other, base, part)
        for source, part in zip(sources, amounts, strict=True)
        if part > 0
        for one, other in pairwise(route(source, wallet))
    ]


def _in_proportion(due: Decimal, free: Sequence[Decimal], asset: str) -> list[Decimal]:
    """Of each what is its part of `due`, never more than is free in it."""
    whole = sum(free, ZERO)
    if due >= whole:
        return list(free)
    return parts(due, free, smallest_unit(asset))


def _given(
    books: Books,
    wallet: Wallet,
    wanted: Sequence[tuple[Wallet, Decimal]],
    there: Decimal,
    stays: list[Sentence],
) -> list[Line]:
    base, whole = wallet.base_asset, sum((due for _, due in wanted), ZERO)
    if not wanted:
        return []
    there = rounded_down(there, base)
    dues = [due for _, due in wanted]
    amounts = dues if whole <= there else parts(there, dues, smallest_unit(base))
    lines: list[Line] = []
    for (child, due), part in zip(wanted, amounts, strict=True):
        if part > 0:
            lines += [Line(wallet, child, base, part), *_on_to_agents(books, child, part)]
        if part < due:
            told = "{wallet}: {amount} of what it lacks is not free above it."
            stays.append(sentence(told, wallet=child.name, amount=amount(due - part, base)))
    return lines


def _on_to_agents(books: Books, farm: Wallet, given: Decimal) -> list[Line]:
    """What the farm's agents get of it at once, by their targets; what no target asks for stays in the farm."""
    agents = [
        one
        for one in books.children(farm)
        if one.role == Wallet.Role.AGENT and one.target_weight and why_closed(one, farm) is None
    ]
    weights = [one.target_weight or ZERO for one in agents]
    rest = max(ONE - sum(weights, ZERO), ZERO)
    if not agents:
        return []
    amounts = parts(given, [*weights, rest], smallest_unit(farm.base_asset))
    return [Line(farm, one, farm.base_asset, part) for one, part in zip(agents, amounts, strict=False) if part > 0]


def _with_profit(wallet: Wallet, up: Sequence[Line]) -> list[Line]:
    """The lines up, each with the profit that its source has kept: what is taken out of a wallet is profit first."""
    kept = earnings.kept(owner_id=wallet.owner_id, wallet_ids=[line.source.pk for line in up if line.source])
    found = []
    for line in up:
        assert line.source is not None  # noqa: S101 - what comes up comes from a wallet
        profit = min(line.amount, kept[line.source.pk] or ZERO)
        found.append(replace(line, profit=profit))
        if profit:
            kept[line.source.pk] = (kept[line.source.pk] or ZERO) - profit
            if line.target.pk in kept:
                kept[line.target.pk] = (kept[line.target.pk] or ZERO) + profit
    return found
