"""What an order takes at once: of the book of the exchange whose prices the account has, or by a model of one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import ROUND_UP, Decimal

from wallets.venues.base import Liquidity, MarketReport, OrderRequest, Side, TickerReport, TradeReport
from wallets.venues.demo.floor import Costs, Level, OrderBook, rounded_against
from wallets.venues.demo.resting import FEE_STEP, ZERO, at_once, touched

# (quantity, price) of one execution.
Part = tuple[Decimal, Decimal]
# The book of a symbol's market.
Stands = Callable[[str], OrderBook | None]


def at_market(
    request: OrderRequest, price: Decimal, book: OrderBook | None, market: MarketReport, costs: Costs
) -> list[Part]:
    """All of a market order: what stands in the book, and what does not by the model, from the last price there.

    Without a book at `price`, which the model said.
    """
    if book is None:
        return [(request.quantity, price)]
    parts = walk(book, request.side, request.quantity, lot=market.lot_size)
    if left := request.quantity - taken(parts):
        last = crossed(book, request.side)[-1][0]
        parts.append((left, slipped(request.side, last, left, market, costs)))
    return parts


def at_limit(
    request: OrderRequest, quote: TickerReport | None, book: OrderBook | None, market: MarketReport, costs: Costs
) -> list[Part]:
    """What a limit order takes of the book, or of a market whose price has met its limit; all or nothing where it must
    be filled or killed."""
    limit, lot = request.price or ZERO, market.lot_size
    if quote is None:
        return []
    if book is not None:
        parts = walk(book, request.side, request.quantity, lot=lot, limit=limit)
    else:
        size = at_once(request.quantity, limit, depth=costs.depth, lot=lot)
        price = slipped(request.side, touched(request.side, quote), size, market, costs)
        parts = [(size, min(price, limit) if request.side == "buy" else max(price, limit))]
    return [] if request.time_in_force == "fok" and taken(parts) < request.quantity else parts


def walk(book: OrderBook, side: Side, quantity: Decimal, *, lot: Decimal, limit: Decimal | None = None) -> list[Part]:
    """An execution for each price that it takes of the other side, the nearest first, in whole lots and not beyond its
    limit: `quantity` together, or less where less stands there."""
    parts, left = [], quantity
    for price, size in crossed(book, side):
        is_beyond = limit is not None and (price > limit if side == "buy" else price < limit)
        if is_beyond or not left:
            break
        if part := min(left, size // lot * lot):
            parts.append((part, price))
            left -= part
    return parts


def executed(
    request: OrderRequest, market: MarketReport, part: Part, liquidity: Liquidity, costs: Costs, at: datetime
) -> tuple[TradeReport, dict[str, Decimal]]:
    """An execution, and what it does to the balances of a spot account."""
    quantity, price = part
    notional = (price * quantity).quantize(FEE_STEP)  # as the books have it
    rate = costs.taker if liquidity == "taker" else costs.maker
    fee = (notional * rate).quantize(FEE_STEP, ROUND_UP)
    direction = 1 if request.side == "buy" else -1
    changes = {market.base: direction * quantity, market.quote: -direction * notional - fee}
    trade = TradeReport(
        trade_id="",
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        side=request.side,
        price=price,
        quantity=quantity,
        fee=fee,
        fee_asset=market.quote,
        liquidity=liquidity,
        at=at,
    )
    return trade, changes


def crossed(book: OrderBook, side: Side) -> Sequence[Level]:
    """The side of the book that an order takes from."""
    return book.asks if side == "buy" else book.bids


def taken(parts: Sequence[Part]) -> Decimal:
    """How much they are together."""
    return sum((quantity for quantity, _ in parts), ZERO)


def slipped(side: Side, at: Decimal, quantity: Decimal, market: MarketReport, costs: Costs) -> Decimal:
    """The average price by the model of an order that crosses the spread `at` a price."""
    return rounded_against(side, at, costs.slippage(at * quantity), market.tick_size)
