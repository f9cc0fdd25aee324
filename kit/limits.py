"""How large and how fine a number may be. What the books accept, every column downstream can hold.

The database refuses what is beyond these limits as well: the columns' precision and checks are made from them, and the
ledger's functions repeat the two that bound its books (`wallets/migrations`), which a test compares.

    amount < 10¹⁸       one movement, one order, one fill, in units of its asset
    |balance| < 10¹⁹    one account; what is outside owes as much as the wallets have
    price < 10²⁰        of one asset in another, as a market states it; at most one bridge multiplies two of them
    |value| ≤ 10⁴⁴      balance × price, summed over more wallets than anybody has; what exceeds it is cut to it
"""

from decimal import Decimal
from typing import Final

# The precision of an EVM token; finer amounts are refused, never rounded.
DECIMALS: Final = 18
# numeric(38, 18): amounts, balances and prices.
MONEY_DIGITS: Final = 38
# numeric(64, 18): what is computed from several of them.
VALUE_DIGITS: Final = 64

MAX_AMOUNT: Final = Decimal(10) ** 18
MAX_BALANCE: Final = Decimal(10) ** 19
# An idempotency key, as programs send it.
KEY_LENGTH: Final = 100
