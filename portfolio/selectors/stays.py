"""Where wallets stood in a period, and what each made there: of those that were moved, in spells.

Everything is valued when a wallet moves (`portfolio.moving`), so what it made somewhere is the difference of two values
that were written down. Of a move of which only hours or days are kept any more, it is known as exactly as those are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from django.db import connection

from portfolio.models import Stay
from portfolio.selectors.edges import Edges

ZERO: Final = Decimal(0)
_MADE: Final = """
SELECT asked.wallet, asked.at, known.equity - known.flows, known.twr_index
FROM unnest(%(wallets)s::uuid[], %(bases)s::text[], %(moments)s::timestamptz[]) AS asked (wallet, base, at)
CROSS JOIN LATERAL portfolio_value_before(asked.wallet, asked.base, asked.at + interval '1 microsecond') AS known
"""


@dataclass(frozen=True, slots=True)
class Spell:
    """A time under one wallet (None: under none); None for `begins` and `ends` is that of the period."""

    under: UUID | None
    begins: datetime | None
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Made:
    """What a wallet made in its spells at one place, in its own base: opening + flows + profit = closing."""

    opening: Decimal
    flows: Decimal
    profit: Decimal
    closing: Decimal
    twr: float


def spells_of(
    *, owner_id: UUID, parents: Mapping[UUID, UUID | None], start: datetime, until: datetime | None
) -> dict[UUID, list[Spell]]:
    """Of each wallet that stood in more than one place, or in another than now, between `start` and `until`: one query.
    `parents` are those of now."""
    rows = Stay.objects.filter(owner_id=owner_id, until__gt=start).order_by("wallet_id", "until")
    found: dict[UUID, list[Spell]] = {}
    for wallet, stays in groupby(rows.values_list("wallet_id", "under_id", "until"), key=itemgetter(0)):
        begins: datetime | None = None
        spells: list[Spell] = []
        for _, under, ends in stays:
            if until is not None and ends >= until:
                spells.append(Spell(under, begins, None))
                break
            spells.append(Spell(under, begins, ends))
            begins = ends
        else:
            spells.append(Spell(parents.get(wallet), begins, None))
        found[wallet] = spells
    return found


def made_in(
    spells: Mapping[UUID, Sequence[Spell]], edges: Mapping[UUID, Edges], *, start: datetime
) -> dict[tuple[UUID, UUID | None], Made]:
    """What each wallet made under each other, by both: one query. Without those whose value is not known, and those
    that stood under a single one, which made there all that they made."""
    known = {pk: times for pk, times in spells.items() if pk in edges and edges[pk].profit is not None}
    known = {pk: times for pk, times in known.items() if len({one.under for one in times}) > 1}
    asked = {
        (pk, at) for pk, times in known.items() for one in times for at in (one.begins or start, one.ends or start)
    }
    values = _values(asked, edges) if asked else {}
    found = {}
    for pk, times in known.items():
        for under in dict.fromkeys(one.under for one in times):
            found[pk, under] = _made(edges[pk], [one for one in times if one.under == under], values, pk, start)
    return found


def _made(
    edges: Edges,
    spells: Sequence[Spell],
    values: Mapping[tuple[UUID, datetime], tuple[Decimal, float]],
    pk: UUID,
    start: datetime,
) -> Made:
    profit, growth = ZERO, 1.0
    before, _ = values.get((pk, start), (ZERO, 1.0))
    for one in spells:
        first, index = values.get((pk, one.begins or start), (ZERO, 1.0))
        now = (before + (edges.profit or ZERO), edges.index[1])
        last, after = values.get((pk, one.ends), (ZERO, 1.0)) if one.ends else now
        profit, growth = profit + last - first, growth * after / (index or 1.0)
    opening = edges.opening if spells[0].begins is None else ZERO
    closing = (edges.closing or ZERO) if spells[-1].ends is None else ZERO
    return Made(opening, closing - opening - profit, profit, closing, growth - 1)


def _values(
    asked: set[tuple[UUID, datetime]], edges: Mapping[UUID, Edges]
) -> Mapping[tuple[UUID, datetime], tuple[Decimal, float]]:
    """What each wallet had made by then, and its index; without those that had no value yet."""
    pairs = sorted(asked)
    given: dict[str, Any] = {
        "wallets": [pk for pk, _ in pairs],
        "bases": [edges[pk].base for pk, _ in pairs],
        "moments": [at for _, at in pairs],
    }
    with connection.cursor() as cursor:
        cursor.execute(_MADE, given)
        return {(pk, at): (made, index) for pk, at, made, index in cursor.fetchall()}
