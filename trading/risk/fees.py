"""What a wallet's venue charges."""

from decimal import Decimal
from typing import Final

from wallets.models import Wallet

# Where the platform does not say: what large exchanges ask of small accounts.
DEFAULT_TAKER: Final = Decimal("0.001")


def taker_fee(wallet: Wallet) -> Decimal:
    """What taking liquidity costs as a fraction of the notional; the wallet comes with its connection's platform."""
    told = wallet.connection.platform.taker_fee
    return DEFAULT_TAKER if told is None else told
