"""Who else may know why a venue holds something else than the books, asked before a difference is one.

Wallets know what was deposited; what was traded, the apps above know. Each of them registers an explainer when it
starts. It is told of trades since the books last agreed, books what it knows, and says whether it has: the sync then
looks at books and venue once more. So the same money is never both a trade and a difference.
"""

from collections.abc import Sequence
from typing import Protocol

from wallets.models import Connection
from wallets.venues.base import TradeReport, Venue


class Explainer(Protocol):
    """Books what of the trades is in no books yet, and says whether anything was; outside of any transaction."""

    def __call__(self, *, venue: Venue, connection: Connection, trades: Sequence[TradeReport]) -> bool: ...


_explainers: list[Explainer] = []


def register(explainer: Explainer) -> None:
    """Ask it too from now on; registering twice asks once."""
    if explainer not in _explainers:
        _explainers.append(explainer)


def explain(*, venue: Venue, connection: Connection, trades: Sequence[TradeReport]) -> bool:
    """Whether anybody has booked something."""
    booked = [explainer(venue=venue, connection=connection, trades=trades) for explainer in _explainers]
    return any(booked)
