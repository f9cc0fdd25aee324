"""What stands in the order book of a real exchange, asked for when a paper order is about to take from it.

ccxt reads books as binary floats: of a price and of a size fifteen digits are as the exchange wrote them.
"""

import time
from collections.abc import Sequence
from decimal import Decimal
from threading import Lock
from typing import Any, Final

from django.conf import settings

from markets.exchanges import money, open_exchange, within

# An order waits no longer for it, and goes without.
SECONDS: Final = 2.0
# An exchange that did not answer is left alone for so long: orders of many markets would wait for each of them.
ALONE_SECONDS: Final = 15.0
# Most exchanges tell so many prices of each side; who offers other numbers is asked for its usual one.
DEPTH: Final = 100
# A price, and how much of the base stands there.
Level = tuple[Decimal, Decimal]
# A session is for one at a time.
_asking: Final = Lock()
# Until when each is left alone.
_alone: Final[dict[str, float]] = {}


def order_book(exchange_id: str, symbol: str) -> tuple[tuple[Level, ...], tuple[Level, ...]] | None:
    """Bids and asks of now, the nearest price first; None where prices are not that exchange's, or where it does not
    tell them within `SECONDS`."""
    if f"ccxt:{exchange_id}" != settings.FEED:
        return None
    until = time.monotonic() + SECONDS
    if not _asking.acquire(timeout=SECONDS):
        return None
    try:
        told = _asked(exchange_id, symbol, until)
    finally:
        _asking.release()
    bids, asks = (_levels(told.get(side) or ()) for side in ("bids", "asks"))
    is_sound = bool(bids and asks) and bids[0][0] < asks[0][0]
    return (bids, asks) if is_sound else None


def _asked(exchange_id: str, symbol: str, until: float) -> Any:
    """What it tells by then; nothing where it does not, and for a while after that."""
    import ccxt

    if time.monotonic() < _alone.get(exchange_id, 0.0):
        return {}
    exchange = open_exchange(exchange_id, settings.CCXT_BASE_URL)
    try:
        with within(exchange, until - time.monotonic()):
            return _told(exchange, symbol)
    except ccxt.BaseError as error:
        # Another one is an answer: it has no such market, or says nonsense.
        if isinstance(error, ccxt.NetworkError):
            _alone[exchange_id] = time.monotonic() + ALONE_SECONDS
        return {}


def _told(exchange: Any, symbol: str) -> Any:
    import ccxt

    try:
        return exchange.fetch_order_book(symbol, DEPTH)
    except ccxt.BadRequest:
        return exchange.fetch_order_book(symbol)


def _levels(rows: Sequence[Sequence[Any]]) -> tuple[Level, ...]:
    found = ((money(row[0]), money(row[1])) for row in rows)
    return tuple((price, size) for price, size in found if price is not None and size is not None)
