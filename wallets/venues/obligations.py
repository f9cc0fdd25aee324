"""What stands open under a connection: asked of the apps above before it stops trading, and told while it does not.

A connection knows nothing of the orders and positions that others have put under it. Each of them registers a reader
when it starts, so that the question stands where a connection is switched, and the knowledge where it belongs.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Open:
    """Orders that have not ended, open positions, and how many of these have a stop or a target to be watched."""

    orders: int = 0
    positions: int = 0
    protected: int = 0

    def __add__(self, other: "Open") -> "Open":
        return Open(self.orders + other.orders, self.positions + other.positions, self.protected + other.protected)

    @property
    def words(self) -> str:
        """`2 open positions and 1 order`; empty where nothing is open."""
        parts = [
            f"{count} {noun}{'s' if count != 1 else ''}"
            for count, noun in ((self.positions, "open position"), (self.orders, "order"))
            if count
        ]
        return " and ".join(parts)


NOTHING_OPEN: Final = Open()

Reader = Callable[[Collection[UUID]], Mapping[UUID, Open]]

_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Ask `reader` too from now on, with the ids of connections; registering twice asks once."""
    if reader not in _readers:
        _readers.append(reader)


def open_under(connection_ids: Collection[UUID]) -> dict[UUID, Open]:
    """What is open under each of the connections."""
    told = [reader(connection_ids) for reader in _readers]
    return {pk: sum((one.get(pk, NOTHING_OPEN) for one in told), NOTHING_OPEN) for pk in connection_ids}
