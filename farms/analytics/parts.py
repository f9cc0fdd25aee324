"""What each agent made of a farm's profit while it worked there, wherever it works now.

Everything is valued when an agent moves (`portfolio.moving`), so what it made somewhere is the difference of two values
that were written down. Of a move of which only hours or days are kept any more, it is known as exactly as those are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import F

from farms.models import AgentFarmAssignment, Farm
from portfolio.selectors.contribution import Contribution, Kind, Part

ZERO: Final = Decimal(0)
_VALUES: Final = """
SELECT asked.wallet, asked.at, known.equity - known.flows, known.twr_index
FROM unnest(%(wallets)s::uuid[], %(moments)s::timestamptz[]) AS asked (wallet, at)
CROSS JOIN LATERAL portfolio_value_before(asked.wallet, %(base)s, asked.at + interval '1 microsecond') AS known
"""

Spell = tuple[datetime | None, datetime | None]


def agents_parts(farm: Farm, found: Contribution) -> Sequence[Part]:
    """Of all who ever worked in the farm, the largest gain first; none where something cannot be valued now."""
    total, parts = found.total, []
    if total is None:
        return ()
    spells = _spells(farm)
    moments = {(pk, at or found.start) for (pk, _), times in spells.items() for spell in times for at in spell}
    values = _values(moments, found.base)
    for (pk, name), times in spells.items():
        edges = found.edges.get(pk)
        if edges is None:
            continue
        if edges.profit is None:
            return ()
        made, growth = ZERO, 1.0
        before, _ = values.get((pk, found.start), (ZERO, 1.0))
        for begins, ends in times:
            first, index = values.get((pk, begins or found.start), (ZERO, 1.0))
            last, after = values.get((pk, ends), (ZERO, 1.0)) if ends else (before + edges.profit, edges.index[1])
            made, growth = made + last - first, growth * after / (index or 1.0)
        if made or edges.opening or edges.closing or edges.flows:
            part = Part(
                Kind.WALLET, name, made, pk, base=found.base, twr=growth - 1, share=made / total if total else None
            )
            parts.append(part)
    return sorted(parts, key=lambda part: (-part.profit, part.name))


def _spells(farm: Farm) -> Mapping[tuple[UUID, str], Sequence[Spell]]:
    """Since when and until when each worked there, by wallet and name; None: from its beginning, and until now."""
    ever = AgentFarmAssignment.objects.filter(owner_id=farm.owner_id, farm=farm).values("agent")
    rows = AgentFarmAssignment.objects.filter(owner_id=farm.owner_id, agent__in=ever)
    rows = rows.order_by("agent_id", "started_at", F("ended_at").asc(nulls_last=True), "pk")
    told = rows.values_list("agent__wallet", "agent__name", "farm", "started_at")
    found = {}
    for whose, places in groupby(told, key=itemgetter(0, 1)):
        stays = [(place, next(rest)[3]) for place, rest in groupby(places, key=itemgetter(2))]
        moves = [at for _, at in stays[1:]]
        spells = zip(stays, [None, *moves], [*moves, None], strict=True)
        found[whose] = [(begins, ends) for (place, _), begins, ends in spells if place == farm.pk]
    return found


def _values(moments: set[tuple[UUID, datetime]], base: str) -> Mapping[tuple[UUID, datetime], tuple[Decimal, float]]:
    """What each wallet had made by then, and its index; without those that had no value yet."""
    wallets, times = [pk for pk, _ in moments], [at for _, at in moments]
    with connection.cursor() as cursor:
        cursor.execute(_VALUES, {"wallets": wallets, "moments": times, "base": base})
        return {(pk, at): (made, index) for pk, at, made, index in cursor.fetchall()}
