"""How much of a whole moves together: √(wᵀCw), where w are positions as shares of its value and C the correlations of
their markets. Pure.

Where too little is known of two markets they are taken to move as one, for the worse: what they are worth adds up,
whichever way either goes, so that nothing is hedged by a correlation that nobody has seen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from trading.risk.sizing import UNIT

ZERO: Final = Decimal(0)

Known = Callable[[int, int], Decimal | None]
"""The correlation of two markets, None where too little is known."""


@dataclass(frozen=True, slots=True)
class Correlated:
    """What is open in a whole, seen from one market, in shares of its `value`, which is None where nobody knows it.

    `others` is wᵀCw of all other markets, `own` the weight of this one; `known` is what the others come to by their
    correlation with it, `unknown` their weight where that is not known, and `guessed` are their names.
    """

    value: Decimal | None
    others: Decimal = ZERO
    own: Decimal = ZERO
    known: Decimal = ZERO
    unknown: Decimal = ZERO
    guessed: tuple[str, ...] = ()

    @property
    def now(self) -> Decimal:
        """√(wᵀCw) as it is."""
        return self.after(ZERO)

    def after(self, more: Decimal) -> Decimal:
        """The same once the market has so much more weight, or less where it is negative."""
        own = self.own + more
        return _root(self.others + own * own + 2 * own * self.known + 2 * abs(own) * self.unknown)


@dataclass(slots=True)
class Book:
    """What is open in a whole of this `value`: worth by market, negative when short, all in one asset."""

    value: Decimal | None
    names: Mapping[int, str]
    known: Known
    worth: dict[int, Decimal] = field(default_factory=dict)

    def add(self, market: int, worth: Decimal) -> None:
        self.worth[market] = self.worth.get(market, ZERO) + worth

    def seen_from(self, market: int) -> Correlated:
        """What an order in the market would change."""
        if self.value is None or self.value <= 0:
            return Correlated(None)
        weights = {one: worth / self.value for one, worth in self.worth.items() if worth}
        own = weights.pop(market, ZERO)
        others = list(weights.items())
        square = known = unknown = ZERO
        guessed = set()
        for place, (one, weight) in enumerate(others):
            square += weight * weight
            for another, its in others[:place]:
                share = self.known(one, another)
                if share is None:
                    guessed |= {one, another}
                square += 2 * (abs(weight * its) if share is None else weight * its * share)
            share = self.known(market, one)
            if share is None:
                unknown += abs(weight)
                guessed.add(one)
            else:
                known += share * weight
        names = tuple(sorted(self.names[one] for one in guessed))
        return Correlated(self.value, square, own, known, unknown, names)

    def figure(self) -> Correlated:
        """All of it, seen from the market that weighs most."""
        largest = max(self.worth, key=lambda market: abs(self.worth[market]), default=0)
        return self.seen_from(largest)


def _root(square: Decimal) -> Decimal:
    return max(square, ZERO).sqrt().quantize(UNIT)
