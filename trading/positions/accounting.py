"""What a fill does to a position. Pure, exact to the eighteenth decimal.

Average-cost accounting of a long spot position: a buy moves the average entry price and a sell realises the
difference to it. Every fee is a loss of the position at once, so `realized_pnl` of a closed position is what the
round trip left in the wallet. A fee taken in the base asset also makes the position smaller by itself.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from trading.risk.sizing import UNIT

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holding:
    """A position's figures: quantities in base, prices without fees, fees and profit in quote."""

    quantity: Decimal = ZERO
    entry_quantity: Decimal = ZERO
    entry_price: Decimal = ZERO
    exit_quantity: Decimal = ZERO
    exit_price: Decimal | None = None
    fees: Decimal = ZERO
    realized_pnl: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill's figures. `fee_value` is the whole fee in quote; `fee_in_base` the part taken from the base asset."""

    quantity: Decimal
    price: Decimal
    fee_value: Decimal = ZERO
    fee_in_base: Decimal = ZERO


def after_buy(holding: Holding, execution: Execution) -> Holding:
    """The holding once `execution` was bought into it."""
    quantity = holding.quantity + execution.quantity
    cost = holding.quantity * holding.entry_price + execution.quantity * execution.price
    average = (cost / quantity).quantize(UNIT)
    # A fee in base is that much sold at the fill's price to pay a fee worth the same.
    profit = execution.fee_in_base * (execution.price - average) - execution.fee_value
    return replace(
        holding,
        quantity=quantity - execution.fee_in_base,
        entry_quantity=holding.entry_quantity + execution.quantity,
        entry_price=average,
        fees=(holding.fees + execution.fee_value).quantize(UNIT),
        realized_pnl=(holding.realized_pnl + profit).quantize(UNIT),
    )


def after_sell(holding: Holding, execution: Execution) -> Holding:
    """The holding once `execution` was sold out of it; the caller has made sure that it holds as much."""
    exit_quantity = holding.exit_quantity + execution.quantity
    proceeds = holding.exit_quantity * (holding.exit_price or ZERO) + execution.quantity * execution.price
    gone = execution.quantity + execution.fee_in_base
    profit = gone * (execution.price - holding.entry_price) - execution.fee_value
    return replace(
        holding,
        quantity=holding.quantity - gone,
        exit_quantity=exit_quantity,
        exit_price=(proceeds / exit_quantity).quantize(UNIT),
        fees=(holding.fees + execution.fee_value).quantize(UNIT),
        realized_pnl=(holding.realized_pnl + profit).quantize(UNIT),
    )


def unrealized_pnl(*, quantity: Decimal, entry_price: Decimal, price: Decimal) -> Decimal:
    """What selling at `price` would realise, before the fee of that sale, in quote."""
    return (quantity * (price - entry_price)).quantize(UNIT)


def break_even(
    *, quantity: Decimal, entry_price: Decimal, realized_pnl: Decimal, taker_fee: Decimal, is_long: bool = True
) -> Decimal | None:
    """The price at which leaving all of `quantity` makes the whole round trip zero, the fee of that included.

    Solves quantity × (p × (1 − fee) − entry_price) + realized_pnl = 0 for p, and of a short
    quantity × (entry_price − p × (1 + fee)) + realized_pnl = 0. None when nothing is open.
    """
    if quantity <= 0:
        return None
    if not is_long:
        return max(((entry_price + realized_pnl / quantity) / (1 + taker_fee)).quantize(UNIT), ZERO)
    return ((entry_price - realized_pnl / quantity) / (1 - taker_fee)).quantize(UNIT)
