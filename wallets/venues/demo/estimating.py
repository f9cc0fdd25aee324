"""What an order at the market would be filled at now, by what the demo exchange itself fills it with.

Nothing is written and nothing is locked. Of an account at a real exchange it is an estimate of the same kind: by that
exchange's book where it tells one, and by the same model elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kit import clock
from quant.margin import Leveraged
from wallets.models import Connection
from wallets.venues.base import OrderRequest, Side
from wallets.venues.demo.account import book_of, costs_of, markets_of, ticker_of
from wallets.venues.demo.perpetuals import parts_of
from wallets.venues.demo.resting import touched
from wallets.venues.demo.taking import Part, at_market, slipped

ZERO: Final = Decimal(0)
BASIS_POINTS: Final = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The executions, `middle` between bid and ask, and when the book was asked for that they walk; None where there is
    none and they are by the participation model."""

    side: Side
    parts: Sequence[Part]
    middle: Decimal
    walked_at: datetime | None

    @property
    def slippage(self) -> Decimal:
        """What they cost beside the middle, in quote: half the spread included."""
        sign = 1 if self.side == "buy" else -1
        return sum((sign * (price - self.middle) * quantity for quantity, price in self.parts), ZERO)

    @property
    def slippage_bps(self) -> Decimal:
        """The same in basis points of what they are worth at the middle."""
        worth = sum((quantity for quantity, _ in self.parts), ZERO) * self.middle
        return self.slippage / worth * BASIS_POINTS


def estimate(
    connection: Connection, symbol: str, side: Side, quantity: Decimal, held: Leveraged | None = None
) -> Estimate | None:
    """None where there is no price, or no such quantity. `connection` comes with its platform; `held` is the position
    in a perpetual that is traded."""
    market = next(iter(markets_of(connection.venue, symbol)), None)
    ticker = ticker_of(connection.venue, symbol)
    if market is None or ticker is None or quantity <= 0:
        return None
    is_live = not clock.is_controlled()
    book = book_of(connection.venue, symbol) if is_live and market.kind == "spot" else None
    now, costs = clock.now(), costs_of(connection.platform)
    price = slipped(side, touched(side, ticker), quantity, market, costs)
    parts: Sequence[Part]
    if market.kind == "perpetual":
        parts = parts_of(held or Leveraged(), side, quantity, price, costs.taker, market.tick_size)
    else:
        request = OrderRequest(client_order_id="", symbol=symbol, side=side, quantity=quantity)
        parts = at_market(request, price, book, market, costs)
    middle = ((ticker.bid or ticker.price) + (ticker.ask or ticker.price)) / 2
    if book is not None:
        middle = (book.bids[0][0] + book.asks[0][0]) / 2
    return Estimate(side, parts, middle, None if book is None else now)
