"""How much an order takes, and how much must be set aside for it. Pure, exact."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from enum import StrEnum
from typing import Final

# A market order may pay more than the price it was decided at; this much of it is set aside on top, and what is not
# used is released with the last fill. A fill beyond it is paid from what else the wallet has.
SLIPPAGE_CUSHION: Final = Decimal("0.01")

UNIT: Final = Decimal(1).scaleb(-18)


class Sizing(StrEnum):
    """What the size of an order is said in."""

    QUANTITY = "quantity"
    AMOUNT = "amount"
    SHARE = "share"
    RISK = "risk"


def in_lots(quantity: Decimal, lot: Decimal) -> Decimal:
    """`quantity` rounded down to whole lots."""
    return (quantity / lot).to_integral_value(ROUND_DOWN) * lot


def in_ticks(price: Decimal, tick: Decimal) -> Decimal:
    """`price` rounded to the nearest tick, half up."""
    return (price / tick).to_integral_value(ROUND_HALF_UP) * tick


def buying_hold(
    *, quantity: Decimal, price: Decimal, taker_fee: Decimal, cushion: Decimal = SLIPPAGE_CUSHION
) -> Decimal:
    """What to set aside in the quote asset for a buy: notional × (1 + fee + cushion), rounded up."""
    return (quantity * price * (1 + taker_fee + cushion)).quantize(UNIT, ROUND_UP)


def largest_buy(
    *, funds: Decimal, price: Decimal, taker_fee: Decimal, lot: Decimal, cushion: Decimal = SLIPPAGE_CUSHION
) -> Decimal:
    """The largest quantity, in whole lots, whose hold fits into `funds` of the quote asset."""
    return in_lots(funds / (price * (1 + taker_fee + cushion)), lot)


def largest_open(
    *,
    funds: Decimal,
    price: Decimal,
    taker_fee: Decimal,
    lot: Decimal,
    leverage: Decimal,
    cushion: Decimal = SLIPPAGE_CUSHION,
) -> Decimal:
    """The largest quantity of a perpetual, in whole lots, whose margin and fee fit into `funds`."""
    return in_lots(funds / (price * (1 + cushion) * (1 / leverage + taker_fee)), lot)


def at_risk(
    *, funds: Decimal, share: Decimal, price: Decimal, stop: Decimal, lot: Decimal, is_long: bool = True
) -> Decimal:
    """The quantity, in whole lots, of which the way from `price` down to `stop`, or up to that of a short, costs that
    share of `funds`; zero where there is no such way."""
    away = price - stop if is_long else stop - price
    return in_lots(funds * share / away, lot) if away > 0 else Decimal(0)
