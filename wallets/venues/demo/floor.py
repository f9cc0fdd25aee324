"""What orders at the demo exchange are matched against, what that costs, and what it refuses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_UP, Decimal
from functools import cache
from typing import Final

from kit.sentences import amount, rule, sentence
from quant.margin import Leveraged, after_trade, worth
from wallets.venues.base import MarketReport, OrderRequest, Side, TickerReport, VenueRejectedError
from wallets.venues.demo import perpetuals
from wallets.venues.demo.perpetuals import Positions
from wallets.venues.demo.resting import FEE_STEP, ZERO, Resting, reserved

BASIS_POINT: Final = Decimal("0.0001")

Quoted = Callable[[str], TickerReport | None]
# A price, and how much of the base stands there.
Level = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class OrderBook:
    """What stands on both sides of a market, the nearest price first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs. Fees are fractions of the notional; slippage and impact are basis points of the price.

    `impact_bps` is added once for every `depth` (notional in quote) that the order takes; together with `slippage_bps`
    it is never more than `maximum_bps`. Of a limit order at most `depth` is filled for each price of the market. With a
    `queue` others stand at its limit before it: only a price beyond the limit fills what rests.
    """

    maker: Decimal = Decimal("0.0008")
    taker: Decimal = Decimal("0.0010")
    slippage_bps: Decimal = Decimal(2)
    impact_bps: Decimal = Decimal(5)
    depth: Decimal = Decimal(250_000)
    maximum_bps: Decimal = Decimal(500)
    queue: Decimal = ZERO

    def slippage(self, notional: Decimal) -> Decimal:
        """How far the price moves against a market order of `notional`, as a fraction."""
        return min(self.slippage_bps + self.impact_bps * notional / self.depth, self.maximum_bps) * BASIS_POINT

    @property
    def dearest(self) -> Decimal:
        """The fee that is reserved for what rests, since nobody knows which one it will pay."""
        return max(self.maker, self.taker)


class Floor:
    """What orders of one message are matched against: markets and prices of one moment, and balances as they change.

    What rests in the book reserves its part of them.
    """

    def __init__(
        self,
        markets: Sequence[MarketReport],
        quote: Quoted,
        totals: Mapping[str, Decimal],
        resting: Sequence[Resting],
        fee: Decimal,
        positions: Positions,
        stands: Mapping[str, OrderBook],
    ) -> None:
        self.markets = {market.symbol: market for market in markets}
        self.quote = cache(quote)
        self.totals = dict(totals)
        self.changes: dict[str, Decimal] = {}
        self.reserved = reserved(resting, self.markets, fee)
        for asset, need in perpetuals.reserved(resting, self.markets, fee).items():
            self.reserve(asset, need)
        self.positions = positions
        self._stands = stands

    def book(self, market: MarketReport) -> OrderBook | None:
        """What stands there now of a spot market, where that is known."""
        return self._stands.get(market.symbol) if market.kind == "spot" else None

    def have(self, asset: str) -> Decimal:
        """What neither rests in the book nor stands for a position."""
        return self.totals.get(asset, ZERO) - self.reserved.get(asset, ZERO) - self.margin(asset)

    def margin(self, asset: str) -> Decimal:
        """What of the asset stands for positions."""
        return sum(
            (
                margin
                for symbol, margin in self.positions.margin().items()
                if symbol in self.markets and self.markets[symbol].settle == asset
            ),
            ZERO,
        )

    def reserve(self, asset: str, need: Decimal) -> None:
        self.reserved[asset] = self.reserved.get(asset, ZERO) + need

    def change(self, changes: Mapping[str, Decimal]) -> None:
        for asset, change in changes.items():
            self.totals[asset] = self.totals.get(asset, ZERO) + change
            self.changes[asset] = self.changes.get(asset, Decimal(0)) + change


def require_steps(request: OrderRequest, floor: Floor) -> MarketReport:
    """The order's market. Raises VenueRejectedError where it is none, or the order does not move in its steps."""
    market = floor.markets.get(request.symbol)
    if market is None:
        raise VenueRejectedError(f"Choose another symbol: {request.symbol} is not traded here.", reason="symbol")
    if request.type == "stop":
        raise VenueRejectedError("The paper exchange keeps no stops: Moniqo watches them.")
    if request.quantity <= 0 or request.quantity % market.lot_size:
        raise VenueRejectedError(
            sentence("Order a positive multiple of {lot}.", lot=rule(market.lot_size, market.base)), reason="lot_size"
        )
    if request.price is not None and request.price % market.tick_size:
        raise VenueRejectedError(
            sentence("Give a price that is a multiple of {tick}.", tick=rule(market.tick_size, market.quote)),
            reason="price",
        )
    return market


def require_minimum(notional: Decimal, market: MarketReport) -> None:
    notional = notional.quantize(FEE_STEP)
    if notional < market.minimum_notional:
        raise VenueRejectedError(
            sentence(
                "Order at least {minimum}: this is {notional}.",
                minimum=rule(market.minimum_notional, market.quote),
                notional=amount(notional, market.quote),
            ),
            reason="minimum_notional",
        )


def require_funds(changes: Mapping[str, Decimal], floor: Floor) -> None:
    for asset, change in changes.items():
        have = floor.have(asset)
        if have + change < 0:
            raise VenueRejectedError(
                sentence(
                    "Fund the account: this needs {needed} and there is {have}.",
                    needed=amount(-change, asset),
                    have=amount(have, asset),
                ),
                reason="funds",
            )


def require_margin(
    request: OrderRequest,
    parts: Sequence[tuple[Decimal, Decimal]],
    held: Leveraged,
    market: MarketReport,
    floor: Floor,
    fee: Decimal,
) -> None:
    """Raise VenueRejectedError where there is not enough for what the executions open; to close needs nothing."""
    after, won, fees = held, ZERO, ZERO
    for quantity, price in parts:
        change = quantity if request.side == "buy" else -quantity
        after, realized = after_trade(after, change, price, request.leverage)
        won += realized
        fees += (worth(quantity, price) * fee).quantize(FEE_STEP, ROUND_UP)
    if after.quantity and (not held.quantity or after.size > held.size or (after.quantity > 0) != (held.quantity > 0)):
        require_funds({market.settle: won - fees + held.margin - after.margin}, floor)


def rounded_against(side: Side, touched: Decimal, slippage: Decimal, tick: Decimal) -> Decimal:
    """The slipped price on the grid of ticks, rounded to the taker's disadvantage and never below one tick."""
    moved = touched * (1 + slippage if side == "buy" else 1 - slippage)
    steps = (moved / tick).to_integral_value(ROUND_CEILING if side == "buy" else ROUND_FLOOR)
    return max(steps, Decimal(1)) * tick
