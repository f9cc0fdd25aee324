"""Which adapter serves a connection.

An adapter is a function from a connection to a `Venue`; a platform names the one it uses. Only this table knows them
all.
"""

from collections.abc import Callable, Mapping
from typing import Final

from kit.errors import ConflictError
from markets.exchanges import Access
from wallets.models import Connection, Platform
from wallets.venues.base import Venue
from wallets.venues.ccxt import opening as ccxt
from wallets.venues.demo import account as demo

ADAPTERS: Final[dict[str, Callable[[Connection], Venue]]] = {
    "demo": demo.open_demo_venue,
    "ccxt": ccxt.open_ccxt_venue,
}
# Adapters of venues that take a key, opened with one that is not stored yet.
KEYED: Final[dict[str, Callable[[Platform, Mapping[str, str]], Venue]]] = {"ccxt": ccxt.open_platform}
# Adapters whose accounts a worker asks together, each with how such an account is reached.
TOGETHER: Final[dict[str, Callable[[Platform, Mapping[str, str]], Access]]] = {"ccxt": ccxt.access_of}
# Adapters whose venues take several orders in one message, and how many at most.
ORDERS_AT_ONCE: Final = {"demo": 50}


def orders_at_once(adapter: str) -> int:
    """How many orders a venue of the adapter takes in one message."""
    return ORDERS_AT_ONCE.get(adapter, 1)


def access_to(platform: Platform, credentials: Mapping[str, str]) -> Access | None:
    """How the account that the credentials open is asked together with others; None where it is asked by itself.

    Raises ConflictError for a platform that cannot be reached.
    """
    found = TOGETHER.get(platform.adapter)
    return found(platform, credentials) if found else None


def open_platform(platform: Platform, credentials: Mapping[str, str]) -> Venue:
    """The account that the credentials open at the platform. Raises ConflictError when there is no adapter for it."""
    if platform.adapter not in KEYED:
        raise ConflictError(f"{platform.name} takes no key.")
    return KEYED[platform.adapter](platform, credentials)


def open_venue(connection: Connection) -> Venue:
    """The venue of a connection. Call this inside the owner's tenant, and use the venue outside of transactions.

    Raises ConflictError when the platform's adapter is not part of this installation or the connection is not active.
    """
    if connection.state != Connection.State.ACTIVE:
        raise ConflictError(f"Make the connection {connection.name} active first: it is {connection.state}.")
    adapter = ADAPTERS.get(connection.platform.adapter)
    if adapter is None:
        raise ConflictError(f"Ask the operator: there is no adapter {connection.platform.adapter!r}.")
    return adapter(connection)
