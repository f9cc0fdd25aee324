"""Recording what instruments cost now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import DEFAULT_DB_ALIAS, connections, router

from kit import clock
from kit.errors import InvalidInputError
from markets.bounds import BEYOND
from markets.models import Ticker


@dataclass(frozen=True, slots=True)
class NewQuote:
    """A price in the quote asset as a feed heard it; `at` is the venue's moment, aware.

    Raises InvalidInputError for what is no price: the statement that stores it stores many.
    """

    instrument_id: int
    price: Decimal
    bid: Decimal | None
    ask: Decimal | None
    source: str
    at: datetime

    def __post_init__(self) -> None:
        for value in (self.price, self.bid, self.ask):
            if value is not None and not (value.is_finite() and 0 < value < BEYOND):
                raise InvalidInputError(f"Quote a price above zero and below 1e20: {value} is none.")


def record_quotes(quotes: Sequence[NewQuote]) -> int:
    """Make these the instruments' latest prices, in one statement; returns how many were newer than what was known.

    A price of the future was written by a clock that was wrong: whatever comes now is newer.
    """
    if not quotes:
        return 0
    latest = sorted({quote.instrument_id: quote for quote in quotes}.values(), key=lambda quote: quote.instrument_id)
    alias = router.db_for_write(Ticker) or DEFAULT_DB_ALIAS
    with connections[alias].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO markets_ticker AS known (instrument_id, price, bid, ask, source, at)
            SELECT * FROM unnest(
                %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::text[], %s::timestamptz[]
            )
            ON CONFLICT (instrument_id) DO UPDATE SET
                price = excluded.price, bid = excluded.bid, ask = excluded.ask,
                source = excluded.source, at = excluded.at
            WHERE known.at <= excluded.at OR known.at > %s
            """,
            [
                [quote.instrument_id for quote in latest],
                [quote.price for quote in latest],
                [quote.bid for quote in latest],
                [quote.ask for quote in latest],
                [quote.source for quote in latest],
                [quote.at for quote in latest],
                clock.now() + clock.SKEW,
            ],
        )
        recorded: int = cursor.rowcount
    return recorded
