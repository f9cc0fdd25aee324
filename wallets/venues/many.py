"""Venues that take several orders in one message; `registry.orders_at_once` says how many."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from wallets.venues.base import OrderReport, OrderRequest, VenueError


@runtime_checkable
class TakesMany(Protocol):
    """A venue that takes several orders in one message."""

    def submit_many(self, requests: Sequence[OrderRequest]) -> Sequence[OrderReport | VenueError]:
        """Place the orders, each as `submit` would and none for another's sake; what that would raise is returned.

        What concerns the message as a whole is raised.
        """
