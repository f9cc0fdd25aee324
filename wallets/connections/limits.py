"""The limits of an account while it is connected and made live: known to the app above, which trades within them.

Wallets know no limits. Whoever keeps them registers what is usual for a new account, how they are set, and what is in
force, so that a connection can be limited where it is made and nobody makes one live without having read them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from kit.sentences import Told
from wallets.models import Connection


@dataclass(frozen=True, slots=True)
class FirstLimits:
    """What a new account may do: markets, the most per order in `notional_asset`, the fraction it may lose in a day.

    None says nothing; where nobody says which markets and how much, nothing can be bought.
    """

    allowed_symbols: tuple[str, ...] | None
    maximum_notional: Decimal | None
    notional_asset: str
    maximum_daily_loss: Decimal | None


@dataclass(frozen=True, slots=True)
class InForce:
    """What the limits of a connection allow, a sentence each; `missing` is the warning where there are none."""

    said: tuple[Told, ...]
    missing: str


Usual = Callable[[Connection], FirstLimits]
Setter = Callable[[Connection, FirstLimits], None]
Reader = Callable[[Connection], InForce]

_registered: list[tuple[Usual, Setter, Reader]] = []


def register(usual: Usual, setter: Setter, reader: Reader) -> None:
    """Ask these from now on, in place of whoever was asked before."""
    _registered[:] = [(usual, setter, reader)]


def usual_limits(connection: Connection) -> FirstLimits:
    """What a careful owner begins with at this account, saved or not."""
    return _registered[0][0](connection)


def set_first_limits(connection: Connection, given: FirstLimits) -> None:
    """Limit the connection. Raises InvalidInputError for what is no limit."""
    _registered[0][1](connection, given)


def limits_in_force(connection: Connection) -> InForce:
    """What orders through the connection are held to."""
    return _registered[0][2](connection)
