"""Venues that change an order that rests by themselves, and how; `capabilities` says which do."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

from wallets.venues.base import OrderReport, OrderRequest, Side


@dataclass(frozen=True, slots=True)
class Change:
    """What a limit order that rests is to become: all that is wanted of it, with what was filled before, and its limit.

    To ask for it a second time changes nothing.
    """

    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    post_only: bool = False


@runtime_checkable
class AmendsInPlace(Protocol):
    """A venue at which an order keeps its name, its number and its trades when it is changed."""

    def amend(self, change: Change) -> OrderReport:
        """Change the order in one piece: it has its old terms or the new ones, and is there all the time.

        VenueRejectedError: it has the old ones, or has ended. What is filled already stays filled.
        """


@runtime_checkable
class ReplacesAtOnce(Protocol):
    """A venue that ends an order and places another in one message."""

    def replace(self, client_order_id: str, request: OrderRequest) -> OrderReport:
        """End the order if nothing of it is filled, and place the other one if that was done; the other's report.

        VenueRejectedError: the first was left as it is, or it was ended and the other turned down.
        """
