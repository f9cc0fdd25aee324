"""How far today what may lose only so much in a day has fallen, asked of whoever values wallets: an app above."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from uuid import UUID

# Of the owner's wallets and connections that a daily loss is named of: a fraction of what was there when the owner's
# day began, 0 where they have risen. One that is missing is not known now.
Reader = Callable[[UUID], Mapping[UUID, Decimal]]

_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Ask `reader` from now on; registering twice asks once."""
    if reader not in _readers:
        _readers.append(reader)


def fallen(owner_id: UUID) -> dict[UUID, Decimal]:
    """By wallet or connection."""
    return {on: fall for reader in _readers for on, fall in reader(owner_id).items()}
