"""What a contract of a derivative is worth and has won, exactly, in the asset that it is settled in.

A linear contract is `contract_size` of the base asset and settles in the quote asset; an inverse one is `contract_size`
of the quote asset and settles in the base asset, of which it is worth less the higher the price. These are the formulas
that the venues document: https://www.binance.com/en/support/faq/how-to-calculate-unrealized-profit-and-roi-for-futures
and https://www.okx.com/help/iv-introduction-to-perpetual-swap ("Unrealized PnL"). All of it is `Decimal`, because it is
money; a sum that has no end is rounded to the eighteenth decimal, as everything in the books is.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

UNIT: Final = Decimal("1e-18")
# More digits than any amount, price and contract size have together.
DIGITS: Final = 80


def notional(*, contracts: Decimal, contract_size: Decimal, price: Decimal, is_inverse: bool = False) -> Decimal:
    """What the contracts are worth at `price` (> 0, in quote), in the settle asset, unsigned.

    Linear: contracts × size × price. Inverse: contracts × size ÷ price.
    """
    with localcontext(prec=DIGITS):
        size = contracts * contract_size
        return (size / price if is_inverse else size * price).quantize(UNIT, ROUND_HALF_UP)


def unrealized_profit(
    *,
    contracts: Decimal,
    contract_size: Decimal,
    entry_price: Decimal,
    mark_price: Decimal,
    is_long: bool,
    is_inverse: bool = False,
) -> Decimal:
    """What closing the contracts at the mark price would have won (+) or lost (−), before fees, in the settle asset.

    Linear: contracts × size × (mark − entry). Inverse: contracts × size × (1 ÷ entry − 1 ÷ mark). Short: the negative.
    Both prices > 0, in quote.
    """
    with localcontext(prec=DIGITS):
        size = contracts * contract_size * (1 if is_long else -1)
        profit = size * (1 / entry_price - 1 / mark_price) if is_inverse else size * (mark_price - entry_price)
        return profit.quantize(UNIT, ROUND_HALF_UP)
