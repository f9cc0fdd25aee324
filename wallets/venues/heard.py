"""What a venue tells of an account by itself.

A hint and no figure: what is told may come twice, late, in another order or not at all, so nothing is ever booked from
it. Whoever hears it asks the venue.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """That something has happened: to orders, named by our ids and by the venue's, or to the balances.

    `everything` says that nobody knows to what, as after a time in which nobody listened.
    """

    names: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    balances: bool = False
    everything: bool = False

    @property
    def orders(self) -> bool:
        """Whether there are orders to ask about."""
        return bool(self.names or self.numbers) or self.everything

    def __or__(self, other: "Heard") -> "Heard":
        return Heard(
            self.names | other.names,
            self.numbers | other.numbers,
            self.balances or other.balances,
            self.everything or other.everything,
        )


MISSED = Heard(balances=True, everything=True)
