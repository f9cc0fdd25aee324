"""Holds for which nothing is under way at the venue, however young they are: they stand for what it has told already.

Wallets cannot tell them from an order's. The apps above that make them each register a reader when they start.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

# The transfers of a connection's wallets that are such holds.
Reader = Callable[[UUID], Iterable[int]]

_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Ask `reader` too from now on; registering twice asks once."""
    if reader not in _readers:
        _readers.append(reader)


def standing(connection_id: UUID) -> set[int]:
    """The ids of all such holds of a connection."""
    return {hold for reader in _readers for hold in reader(connection_id)}
