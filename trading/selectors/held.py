"""What had been paid and got for each instrument by a moment, and what was held then: read from running totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

_HELD: Final = """
SELECT held.place, market.venue, market.base, market.quote, held.quantity, held.cost, held.paid, held.got, held.fees,
       held.positions
FROM held_at(%s, %s::timestamptz[], %s::text, %s::text) AS held
JOIN market_instruments AS market USING (instrument_id)
"""
_PAIRS: Final = """
SELECT DISTINCT market.base, market.quote
FROM position_totals(%s) JOIN market_instruments AS market USING (instrument_id)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Of an instrument in all wallets, right before a moment; `place` counts the moments from 0.

    `quantity` is in base, all else in quote: `cost` at average prices, `paid` with fees, `got` less them.
    """

    place: int
    venue: str
    base: str
    quote: str
    quantity: Decimal
    cost: Decimal
    paid: Decimal
    got: Decimal
    fees: Decimal
    positions: int


def held_at(
    *, owner_id: UUID, moments: Sequence[datetime], base: str | None = None, quote: str | None = None
) -> list[Held]:
    """Of every instrument that was traded before a moment, or of those of a base and a quote; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [owner_id, list(moments), base, quote])
        return [Held(row[0] - 1, *row[1:]) for row in cursor.fetchall()]


def traded_pairs(*, owner_id: UUID) -> list[tuple[str, str]]:
    """Base and quote of all that was ever traded."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, [owner_id])
        return [(base, quote) for base, quote in cursor.fetchall()]
