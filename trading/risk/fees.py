"""What a wallet's venue charges."""

from decimal import Decimal
from typing import Any, Final

from wallets.models import Wallet, fee_of

# Where the platform does not say: what large exchanges ask of small accounts.
DEFAULT_TAKER: Final = Decimal("0.001")


def taker_fee(wallet: Wallet) -> Decimal:
    """What taking liquidity costs as a fraction of the notional; the wallet comes with its connection's platform."""
    return taker_fee_of(wallet.connection.platform.fees)


def taker_fee_of(fees: Any) -> Decimal:
    """The same of what a platform's `fees` say."""
    told = fee_of(fees, "taker")
    return DEFAULT_TAKER if told is None else told
