"""What rests in the demo exchange's book, and how it is matched. Pure, exact.

An order that the market meets takes what it finds, up to its limit; what is left rests at its limit. For each new price
at least as good as the limit, and for each bar that went through it, at most `Costs.depth` of it is filled, in whole
lots: so much of the market is there for it at once. What rests is filled at its limit and pays the maker's fee. A bar
counts from the first that opened after the order came, and only when it went beyond the limit: others stood at that
price before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Final

from wallets.venues.base import MarketReport, OrderRequest, Side, Status, TickerReport

# Fees are rounded up to the smallest part of an asset that the books hold, whatever the asset is worth.
FEE_STEP: Final = Decimal(1).scaleb(-18)
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Resting:
    """An order in the book, and since when the market has not been looked at for it."""

    request: OrderRequest
    filled: Decimal
    since: datetime

    @property
    def limit(self) -> Decimal:
        """Its limit price."""
        return self.request.price or ZERO

    @property
    def left(self) -> Decimal:
        """What is not filled of it."""
        return self.request.quantity - self.filled


@dataclass(frozen=True, slots=True)
class Bar:
    """What the market went through between two moments."""

    opened: datetime
    closed: datetime
    low: Decimal
    high: Decimal

    def meets(self, side: Side, limit: Decimal) -> bool:
        """Whether it went beyond the limit."""
        return self.low < limit if side == "buy" else self.high > limit


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of a resting order: the parts that were filled now, at its limit, and where it stands."""

    parts: tuple[Decimal, ...]
    status: Status
    since: datetime


def is_met(side: Side, limit: Decimal, quote: TickerReport) -> bool:
    """Whether somebody buys or sells at the limit or better now."""
    return touched(side, quote) <= limit if side == "buy" else touched(side, quote) >= limit


def is_beyond(side: Side, limit: Decimal, quote: TickerReport) -> bool:
    """Whether the market has gone through the limit, and so through all who stood at it."""
    return touched(side, quote) < limit if side == "buy" else touched(side, quote) > limit


def touched(side: Side, quote: TickerReport) -> Decimal:
    """The other side of the spread; the price where there is no spread."""
    return (quote.ask if side == "buy" else quote.bid) or quote.price


def at_once(quantity: Decimal, price: Decimal, *, depth: Decimal, lot: Decimal) -> Decimal:
    """How much of `quantity` one price of the market fills, in whole lots and at least one."""
    lots = (depth / price / lot).to_integral_value(ROUND_DOWN)
    return min(quantity, max(lots, Decimal(1)) * lot)


def reserved(resting: Iterable[Resting], markets: Mapping[str, MarketReport], fee: Decimal) -> dict[str, Decimal]:
    """What the orders may still need, by asset: of a purchase its worth at the limit and the fee."""
    found: dict[str, Decimal] = {}
    for order in resting:
        market = markets.get(order.request.symbol)
        if market is None or market.kind != "spot":  # of perpetuals: `perpetuals.reserved`
            continue
        asset, need = needed(order.request.side, order.left, order.limit, market, fee)
        found[asset] = found.get(asset, ZERO) + need
    return found


def needed(side: Side, quantity: Decimal, limit: Decimal, market: MarketReport, fee: Decimal) -> tuple[str, Decimal]:
    """The asset that an order at its limit pays with, and how much of it with the fee."""
    if side == "sell":
        return market.base, quantity
    return market.quote, (quantity * limit * (1 + fee)).quantize(FEE_STEP, ROUND_UP)


def match(
    order: Resting,
    market: MarketReport,
    *,
    bars: Sequence[Bar],
    quote: TickerReport | None,
    depth: Decimal,
    now: datetime,
    queues: bool = False,
) -> Matched:
    """What the market has done to the order since it was looked at: the bars first, then the price of now.

    What was good until a moment ends at it, with what had been filled by then. Who `queues` is served when the price
    has gone through the limit: others stood there before.
    """
    side, limit, left = order.request.side, order.limit, order.left
    until = order.request.expires_at or now
    serves = is_beyond if queues else is_met
    moments = [
        bar.closed for bar in bars if bar.opened >= order.since and bar.closed <= until and bar.meets(side, limit)
    ]
    if quote is not None and order.since < quote.at and now <= until and serves(side, limit, quote):
        moments.append(quote.at)
    since = max([order.since, *(bar.closed for bar in bars)])
    parts: list[Decimal] = []
    for at in moments:
        if left > 0:
            parts.append(at_once(left, limit, depth=depth, lot=market.lot_size))
            left -= parts[-1]
            since = max(since, at)
    status: Status = "partially_filled" if left < order.request.quantity else "open"
    if left <= 0:
        status = "filled"
    elif order.request.expires_at is not None and now >= until:
        status = "expired"
    return Matched(tuple(parts), status, since)
