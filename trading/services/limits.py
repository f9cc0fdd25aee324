"""What the user allows on a connection or a wallet."""

from collections.abc import Iterable
from decimal import Decimal

from moniqo.lib import clock
from moniqo.lib.errors import InvalidInputError
from trading.models import RiskLimit
from wallets.models import Connection, Wallet


def set_limits(
    *,
    on: Connection | Wallet,
    allowed_symbols: Iterable[str] | None,
    maximum_notional: Decimal | None,
) -> RiskLimit:
    """Replace the limits of a connection or a wallet.

    `allowed_symbols` such as "BTC/USDT": an empty list allows none, None says nothing here. `maximum_notional` is per
    order in the quote asset; None says nothing here. Raises InvalidInputError for a notional that is not positive.
    """
    if maximum_notional is not None and not (maximum_notional.is_finite() and maximum_notional > 0):
        raise InvalidInputError(
            "Give a maximum notional above zero, or none.", fields={"maximum_notional": "Must be above zero."}
        )
    symbols = None if allowed_symbols is None else sorted({symbol.strip().upper() for symbol in allowed_symbols})
    target = {"connection": on} if isinstance(on, Connection) else {"wallet": on}
    limit, _ = RiskLimit.objects.update_or_create(
        owner_id=on.owner_id,
        **target,
        defaults={"allowed_symbols": symbols, "maximum_notional": maximum_notional, "updated_at": clock.now()},
    )
    return limit
