"""Fills as marks on a chart: a few that stand for all of a period, at a cost that does not grow with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

SLICES: Final = 40

# The last fill of each slice of the period, found by its index: of the owner, or of each wallet where some are named.
_FILLS: Final = """
WITH slice AS (
    SELECT %(start)s::timestamptz + number * %(length)s::interval AS begins,
           %(start)s::timestamptz + (number + 1) * %(length)s::interval AS ends
    FROM generate_series(0, %(slices)s - 1) AS number
),
worker AS (SELECT DISTINCT wallet_id FROM wallet_subtree(%(wallets)s::uuid[])),
last AS (
    SELECT fill.*
    FROM slice
    CROSS JOIN LATERAL (
        SELECT id, filled_at, side, quantity, price, instrument_id, wallet_id FROM trading_fill
        WHERE owner_id = %(owner)s AND filled_at > begins AND filled_at <= ends
        ORDER BY filled_at DESC LIMIT 1
    ) AS fill
    WHERE %(wallets)s::uuid[] IS NULL
    UNION ALL
    SELECT fill.*
    FROM slice
    CROSS JOIN LATERAL (
        SELECT each.*
        FROM worker
        CROSS JOIN LATERAL (
            SELECT id, filled_at, side, quantity, price, instrument_id, wallet_id FROM trading_fill
            WHERE owner_id = %(owner)s AND trading_fill.wallet_id = worker.wallet_id AND filled_at > begins
                  AND filled_at <= ends
            ORDER BY filled_at DESC LIMIT 1
        ) AS each
        ORDER BY each.filled_at DESC LIMIT 1
    ) AS fill
    WHERE %(wallets)s::uuid[] IS NOT NULL
)
SELECT last.filled_at, last.side, last.quantity, last.price, market.base, market.quote, place.name
FROM last
JOIN market_instruments AS market USING (instrument_id)
JOIN wallet_places AS place USING (wallet_id)
ORDER BY last.filled_at, last.id
"""


@dataclass(frozen=True, slots=True)
class FillMark:
    """A fill: `quantity` of `base` at a price in `quote`, by the wallet of that name."""

    at: datetime
    side: str
    quantity: Decimal
    price: Decimal
    base: str
    quote: str
    wallet: str


def fill_marks(
    *, owner_id: UUID, start: datetime, until: datetime, wallet_ids: Collection[UUID] | None = None
) -> Sequence[FillMark]:
    """At most `SLICES` fills after `start` up to `until`, of these wallets and below them if given, oldest first: the
    last of each slice of the period. One query."""
    if until <= start:
        return ()
    given: dict[str, Any] = {
        "owner": owner_id,
        "start": start,
        "length": (until - start) / SLICES,
        "slices": SLICES,
        "wallets": None if wallet_ids is None else list(wallet_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FILLS, given)
        return [FillMark(*row) for row in cursor.fetchall()]
