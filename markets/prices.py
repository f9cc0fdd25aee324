"""The one price that counts now.

The price of an asset is chosen in one place, the SQL functions of `0002_prices`: these here ask them, and so do the
statements of other apps that value many things at once. "Now" is `kit.clock`; over history, under a controlled clock,
a price is the close of the bar that closed last, and nothing here returns what was not known at that moment.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections, router

from kit import clock
from kit.statements import planned_once
from markets.models import Ticker

SIMULATED: Final = "simulated"

# What the base itself costs in the base has no market to come from.
IDENTITY: Final = "identity"

UNIT: Final = Decimal(1).scaleb(-18)


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in the quote asset, who said it, and when. `bid` and `ask` equal `price` where only one is known.

    `is_carried` says that nobody says it now: it is the last that was known.
    """

    price: Decimal
    bid: Decimal
    ask: Decimal
    source: str
    at: datetime
    is_carried: bool = False

    @property
    def is_simulated(self) -> bool:
        return self.source == SIMULATED


def latest_price(*, instrument_id: int) -> Quote | None:
    """What the instrument costs now, or None when nobody has said so yet."""
    return quotes(instrument_ids=[instrument_id]).get(instrument_id)


def quotes(*, instrument_ids: Collection[int]) -> dict[int, Quote]:
    """The prices of many instruments in one query; those without a price are left out. Nothing is carried here."""
    rows = _ask(
        "SELECT instrument_id, price, bid, ask, source, at FROM market_quotes(%s, %s, %s)", [list(instrument_ids)]
    )
    return {instrument_id: Quote(*figures) for instrument_id, *figures in rows}


def price_in(*, asset: str, base: str, venue: str) -> Quote | None:
    """What one `asset` is worth in `base` at the venue; see `prices_in`."""
    return prices_in(assets=[asset], base=base, venue=venue).get(asset)


def prices_in(*, assets: Iterable[str], base: str, venue: str) -> dict[str, Quote]:
    """What one of each asset is worth in `base`, from the venue's markets, in one query whatever their number.

    See the SQL function `market_prices` for what is taken. An asset that no path leads from is left out, not guessed.
    """
    rows = _ask(
        "SELECT asset, price, source, at, is_carried FROM market_prices(%s, %s, %s, %s, %s)",
        [venue, base, list(assets)],
    )
    return {asset: Quote(price, price, price, source, at, is_carried) for asset, price, source, at, is_carried in rows}


def worth(quantity: Decimal, price: Decimal) -> Decimal:
    """What a quantity is worth at a price, to the eighteenth decimal, as `round(quantity * price, 18)` in SQL."""
    return (quantity * price).quantize(UNIT, ROUND_HALF_UP)


def to_price(value: float) -> Decimal:
    """Where a candle's float becomes money: the shortest decimal that names it, as it was quoted."""
    return Decimal(repr(float(value)))


def _ask(statement: str, given: list[Any]) -> list[Any]:
    """The rows of a pricing function, whose last two parameters are the moment and whether it is the present."""
    alias = router.db_for_read(Ticker) or DEFAULT_DB_ALIAS
    with planned_once(connections[alias]) as cursor:
        cursor.execute(statement, [*given, clock.now(), not clock.is_controlled()])
        rows: list[Any] = cursor.fetchall()
    return rows
