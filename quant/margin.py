"""A position in a linear perpetual with a margin of its own: what a trade does to it, and when it is liquidated.

Exact, in `Decimal`, because it is money. A position keeps what it cost instead of an average price: what a part of it
cost is its share of that, rounded to the eighteenth decimal, and the last part takes what is left, so that over a round
trip the profits add up to what was got less what was paid, to the last digit.

The margin is isolated: the worth of what was opened, divided by the leverage it was opened with, and what funding has
brought or taken since. More than that cannot be lost: a position is liquidated where its margin and what it has won or
lost are worth no more than `maintenance` of what it is worth, and whatever closes it is never filled worse than the
price at which nothing is left once the fee is paid (the bankruptcy price); a market that is beyond it costs the venue's
insurance. See "Liquidation price of isolated margin" at
https://www.bybit.com/en/help-center/article/Liquidation-Price-Calculation-under-Isolated-Mode-Unified-Trading-Account
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from typing import Final

from quant.contracts import DIGITS, UNIT

ZERO: Final = Decimal(0)
# Funding is paid at midnight UTC and every eight hours.
PERIOD: Final = timedelta(hours=8)
INTEREST: Final = Decimal("0.0001")
DAMPER: Final = Decimal("0.0005")
MOST: Final = Decimal("0.0075")
# So much of the market's change within a period the perpetual is taken to be ahead of it.
AHEAD: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Leveraged:
    """`quantity` in base, negative when short; `cost` what it was opened for and `margin` what stands for it, which is
    the most that it can lose, both in the settle asset."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    margin: Decimal = ZERO

    @property
    def size(self) -> Decimal:
        return abs(self.quantity)

    @property
    def entry_price(self) -> Decimal:
        """The average that it was opened at, rounded."""
        with localcontext(prec=DIGITS):
            return (self.cost / self.size).quantize(UNIT, ROUND_HALF_UP) if self.quantity else ZERO


def worth(quantity: Decimal, price: Decimal) -> Decimal:
    """What so much is worth, as the books have it."""
    with localcontext(prec=DIGITS):
        return (abs(quantity) * price).quantize(UNIT, ROUND_HALF_UP)


def initial_margin(notional: Decimal, leverage: Decimal) -> Decimal:
    """What stands for something worth `notional` at a leverage (≥ 1)."""
    with localcontext(prec=DIGITS):
        return (notional / leverage).quantize(UNIT, ROUND_UP)


def after_trade(held: Leveraged, change: Decimal, price: Decimal, leverage: Decimal) -> tuple[Leveraged, Decimal]:
    """The position once `change` (base, negative for a sale) was traded at `price`, and what was realized before fees.

    What goes against it makes it smaller, and what is left of that opens the other side.
    """
    if not held.quantity or (held.quantity > 0) == (change > 0):
        paid = worth(change, price)
        more = replace(
            held,
            quantity=held.quantity + change,
            cost=held.cost + paid,
            margin=held.margin + initial_margin(paid, leverage),
        )
        return more, ZERO
    gone = min(abs(change), held.size)
    left = held.size - gone
    with localcontext(prec=DIGITS):
        cost = (held.cost * left / held.size).quantize(UNIT, ROUND_HALF_UP)
        margin = (held.margin * left / held.size).quantize(UNIT, ROUND_UP)
    won = worth(gone, price) - (held.cost - cost)
    realized = won if held.quantity > 0 else -won
    if left:
        sign = 1 if held.quantity > 0 else -1
        return replace(held, quantity=sign * left, cost=cost, margin=margin), realized
    rest = abs(change) - gone
    if not rest:
        return Leveraged(), realized
    turned, _ = after_trade(Leveraged(), rest.copy_sign(change), price, leverage)
    return turned, realized


def unrealized(held: Leveraged, price: Decimal) -> Decimal:
    """What closing it at `price` would win or lose, before the fee."""
    won = worth(held.quantity, price) - held.cost
    return won if held.quantity > 0 else -won


def liquidation_price(held: Leveraged, maintenance: Decimal) -> Decimal | None:
    """Where margin + profit = maintenance × worth; None where no price is as bad.

    Long: (cost − margin) ÷ (quantity × (1 − maintenance)). Short: (cost + margin) ÷ (quantity × (1 + maintenance)).
    """
    price = _limit_price(held, maintenance)
    return price if price is not None and price > 0 else None


def bankruptcy_price(held: Leveraged, fee: Decimal, tick: Decimal) -> Decimal:
    """The worst price on the tick at which closing it loses no more than its margin, the fee included; 0 where none
    does."""
    price = _limit_price(held, fee)
    if price is None or price <= 0:
        return ZERO
    with localcontext(prec=DIGITS):
        rounding = ROUND_CEILING if held.quantity > 0 else ROUND_FLOOR
        return (price / tick).to_integral_value(rounding) * tick


def is_liquidated(held: Leveraged, price: Decimal, maintenance: Decimal) -> bool:
    """Whether a position may not stand at this price any more."""
    if not held.quantity:
        return False
    with localcontext(prec=DIGITS):
        return held.margin + unrealized(held, price) <= maintenance * worth(held.quantity, price)


def funding_rate(change: Decimal) -> Decimal:
    """What longs pay shorts for a period, a fraction of a position's worth; negative where shorts pay.

    With P = a hundredth of the market's `change` within the period (a fraction) as the perpetual's premium:
    F = P + clamp(0.01 % − P, −0.05 %, 0.05 %), and never beyond ±0.75 %: Binance's formula, whose premium index is
    measured (https://www.binance.com/en/support/faq/introduction-to-binance-futures-funding-rates).
    """
    premium = change * AHEAD
    rate = premium + max(-DAMPER, min(DAMPER, INTEREST - premium))
    return max(-MOST, min(MOST, rate)).quantize(Decimal("1e-8"), ROUND_HALF_UP)


def funding_payment(held: Leveraged, price: Decimal, rate: Decimal) -> Decimal:
    """What the position receives (+) or pays (−) for a period; it never pays more than its margin."""
    with localcontext(prec=DIGITS):
        due = (worth(held.quantity, price) * rate).quantize(UNIT, ROUND_HALF_UP)
    return max(-due if held.quantity > 0 else due, -held.margin)


def funding_moments(since: datetime, until: datetime) -> list[datetime]:
    """The moments of funding after `since` up to and with `until`."""
    day = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    passed = (since - day) // PERIOD + 1
    found = []
    while (moment := day + passed * PERIOD) <= until:
        found.append(moment)
        passed += 1
    return found


def _limit_price(held: Leveraged, kept: Decimal) -> Decimal | None:
    """Where margin + profit = `kept` × worth."""
    if not held.quantity:
        return None
    with localcontext(prec=DIGITS):
        if held.quantity > 0:
            return ((held.cost - held.margin) / (held.size * (1 - kept))).quantize(UNIT, ROUND_HALF_UP)
        return ((held.cost + held.margin) / (held.size * (1 + kept))).quantize(UNIT, ROUND_HALF_UP)
