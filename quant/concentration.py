"""How concentrated a whole is: the index of Herfindahl and Hirschman, and the number of equal parts it stands for.

The index is Σ wᵢ², the sum of the squared shares: 1 where all is in one part, 1 ÷ n where n parts are equal. Hirschman,
"The Paternity of an Index", American Economic Review 54 (1964); the U.S. Department of Justice writes it times 10,000.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

UNIT: Final = Decimal("1e-18")
DIGITS: Final = 80


def shares(amounts: Sequence[Decimal]) -> list[Decimal]:
    """Each amount (≥ 0) as a fraction of their sum; empty where that is nothing."""
    with localcontext(prec=DIGITS):
        whole = sum(amounts, Decimal(0))
        return [amount / whole for amount in amounts] if whole > 0 else []


def herfindahl(amounts: Sequence[Decimal]) -> Decimal | None:
    """Σ wᵢ² over the amounts' shares (≥ 0) of their sum, between 1 ÷ n and 1; None where there is nothing."""
    with localcontext(prec=DIGITS):
        squares = [share * share for share in shares(amounts)]
        return sum(squares, Decimal(0)).quantize(UNIT, ROUND_HALF_UP) if squares else None
