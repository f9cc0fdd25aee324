"""Venues that know an order by a number of their own: those at which somebody else may place one too."""

from typing import Protocol, runtime_checkable

from wallets.venues.base import OrderReport


@runtime_checkable
class KnowsNumbers(Protocol):
    """A venue whose orders can be asked for, and cancelled, by its own number of them."""

    def numbered(self, number: str, symbol: str) -> OrderReport | None:
        """The order of this number, under the client id that it has there; None when the venue does not know it."""

    def cancel_numbered(self, number: str, symbol: str) -> OrderReport:
        """Cancel what is still open of it; its last report when nothing is. Unknown: VenueRejectedError."""
