"""Perpetuals at the demo exchange: positions with a margin of their own, one per part of the account and market.

A part of an account is what exchanges call a sub-account: whoever shares the account does not share positions, so what
one buys closes nothing of another. What a position does is in `quant.margin`. Before anything changes it, the funding
of every moment that has passed is written down, whenever that is, so none is missed and none comes twice; it moves no
balance until whoever keeps the books of the account takes it over (`wallets.venues.demo.funding`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Any

from kit.sentences import number, sentence
from quant.margin import (
    Leveraged,
    after_trade,
    bankruptcy_price,
    funding_moments,
    funding_payment,
    funding_rate,
    initial_margin,
    liquidation_price,
    unrealized,
    worth,
)
from wallets.venues.base import (
    MarketReport,
    OrderRequest,
    PositionReport,
    Side,
    VenueRejectedError,
)
from wallets.venues.demo.resting import FEE_STEP, ZERO, Resting

Key = tuple[str, str]
"""A part of the account, and a symbol."""


@dataclass(frozen=True, slots=True)
class Held:
    """A position, and until when its funding is written down."""

    position: Leveraged
    funded_at: datetime


@dataclass(frozen=True, slots=True)
class Funding:
    """What a position received (+) or paid (−) at a moment; `change` of the market within the period, a fraction."""

    part: str
    symbol: str
    at: datetime
    price: Decimal
    rate: Decimal
    quantity: Decimal
    amount: Decimal


Priced = Callable[[str, datetime], tuple[Decimal, Decimal] | None]
"""A market's price at a moment, and the one a period before it."""


class Positions:
    """The positions of an account while it is traded: as they were, and what changes of them."""

    def __init__(self, held: Mapping[Key, Held]) -> None:
        self._held = dict(held)
        self.changed: dict[Key, Held] = {}
        self.fundings: list[Funding] = []

    def of(self, request: OrderRequest) -> Leveraged:
        """What the order's part of the account has in its market."""
        found = self._held.get((request.part, request.symbol))
        return found.position if found else Leveraged()

    def margin(self) -> Mapping[str, Decimal]:
        """What stands for positions, by symbol."""
        found: dict[str, Decimal] = {}
        for (_, symbol), held in self._held.items():
            found[symbol] = found.get(symbol, ZERO) + held.position.margin
        return found

    def fund(self, now: datetime, priced: Priced) -> None:
        """Write down the funding of every moment that has passed."""
        for (part, symbol), held in list(self._held.items()):
            position, until = held.position, held.funded_at
            for moment in funding_moments(held.funded_at, now) if position.quantity else ():
                said = priced(symbol, moment)
                price, before = said or (position.entry_price, position.entry_price)
                rate = funding_rate(price / before - 1)
                amount = funding_payment(position, price, rate)
                self.fundings.append(Funding(part, symbol, moment, price, rate, position.quantity, amount))
                position = replace(position, margin=position.margin + amount)
                until = moment
            if until != held.funded_at:
                self._put((part, symbol), Held(position, until))

    def trade(self, request: OrderRequest, price: Decimal, quantity: Decimal, now: datetime) -> Decimal:
        """Trade it; what was realized before the fee."""
        key, change = (request.part, request.symbol), quantity if request.side == "buy" else -quantity
        position, realized = after_trade(self.of(request), change, price, request.leverage)
        held = self._held.get(key)
        self._put(key, Held(position, held.funded_at if held and held.position.quantity else now))
        return realized

    def _put(self, key: Key, held: Held) -> None:
        self._held[key] = self.changed[key] = held


def closing(held: Leveraged, side: Side, quantity: Decimal) -> Decimal:
    """How much of an order makes the position smaller."""
    against = held.quantity > 0 if side == "sell" else held.quantity < 0
    return min(quantity, held.size) if against else ZERO


def require_terms(request: OrderRequest, market: MarketReport, held: Leveraged) -> Decimal:
    """How much of the order is traded. Raises VenueRejectedError for a leverage that is none here, and for an order
    that only reduces and could reduce nothing."""
    most = market.max_leverage or Decimal(1)
    if not 1 <= request.leverage <= most:
        raise VenueRejectedError(
            sentence("Choose a leverage from 1 to {most}.", most=number(f"{most.normalize():f}")), reason="leverage"
        )
    if not request.reduce_only:
        return request.quantity
    smaller = closing(held, request.side, request.quantity)
    if not smaller:
        raise VenueRejectedError("There is no position that this order would make smaller.", reason="reduce_only")
    return smaller


def parts_of(
    held: Leveraged, side: Side, quantity: Decimal, price: Decimal, fee: Decimal, tick: Decimal
) -> Sequence[tuple[Decimal, Decimal]]:
    """(quantity, price) of the executions of an order at the market: what closes a position is never filled worse than
    its bankruptcy price, and what goes beyond it is a trade of its own there."""
    closed = closing(held, side, quantity)
    if not closed:
        return [(quantity, price)]
    bound = bankruptcy_price(held, fee, tick)
    bounded = price if not bound else max(price, bound) if side == "sell" else min(price, bound)
    if bounded == price:
        return [(quantity, price)]
    rest = quantity - closed
    return [(closed, bounded), *([(rest, price)] if rest else [])]


def position_report(held: Leveraged, market: Any, mark: Decimal | None) -> PositionReport:
    """The position as it is told; `market` is its report, or its instrument, which have the same names."""
    return PositionReport(
        symbol=market.symbol,
        side="long" if held.quantity > 0 else "short",
        quantity=held.size,
        contract_size=Decimal(1),
        entry_price=held.entry_price,
        mark_price=mark,
        unrealized_pnl=unrealized(held, mark) if mark else ZERO,
        settle=market.settle,
        leverage=(held.cost / held.margin).quantize(Decimal("0.01")) if held.margin else None,
        margin_mode="isolated",
        liquidation_price=liquidation_price(held, market.maintenance_margin or ZERO),
        base=market.base,
    )


def needed(request: OrderRequest, quantity: Decimal, limit: Decimal, fee: Decimal) -> Decimal:
    """What so much of a resting order may need: the margin and the fee, nothing where it only reduces."""
    if request.reduce_only:
        return ZERO
    notional = worth(quantity, limit)
    return initial_margin(notional, request.leverage) + (notional * fee).quantize(FEE_STEP, ROUND_UP)


def reserved(resting: Iterable[Resting], markets: Mapping[str, MarketReport], fee: Decimal) -> dict[str, Decimal]:
    """What resting orders of perpetuals may need, by what they settle in."""
    found: dict[str, Decimal] = {}
    for order in resting:
        market = markets.get(order.request.symbol)
        if market is not None and market.kind == "perpetual":
            need = needed(order.request, order.left, order.limit, fee)
            found[market.settle] = found.get(market.settle, ZERO) + need
    return found
