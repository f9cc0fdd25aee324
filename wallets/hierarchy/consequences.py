"""What a movement of money means to those who live off a wallet, asked of them before it is done.

A wallet knows its money and not what the apps above have built on it: a position and its stop, say. Each of them
registers a reader when it starts; a preview asks them all. So the sentence stands where the money is moved, and the
knowledge where it belongs.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from wallets.models import Wallet


class Reader(Protocol):
    """Sentences about what happens when `change` of `asset` comes to the wallet, or leaves it when it is negative."""

    def __call__(self, *, wallet: Wallet, asset: str, change: Decimal) -> Iterable[str]: ...


_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Ask `reader` too from now on; registering twice asks once."""
    if reader not in _readers:
        _readers.append(reader)


def consequences(*, wallet: Wallet, asset: str, change: Decimal) -> list[str]:
    """What everybody has to say of it, in the order in which they registered."""
    return [sentence for reader in _readers for sentence in reader(wallet=wallet, asset=asset, change=change)]
