"""Where goals want a return to be: a straight line from what there was when a goal began to its target at its deadline.

Goals stand above farms, so what they want is told by them: `tell_from` is called once, as their app is ready.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a goal wants a wallet to make from `since` to `until`: a `profit` in the asset that its value is counted in,
    or a `share`, a time-weighted return."""

    goal_id: UUID
    name: str
    since: datetime
    until: datetime
    profit: Decimal | None = None
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """The same as returns on the wallet's own line, fractions: where it stood at the beginning, and the target."""

    goal_id: UUID
    name: str
    since: datetime
    until: datetime
    begins: float
    target: float

    def upto(self, last: datetime) -> Sequence[tuple[datetime, float]]:
        """Its two ends, the second no later than `last`."""
        end = max(min(self.until, last), self.since)
        part = (end - self.since) / (self.until - self.since)
        return [(self.since, self.begins), (end, self.begins + (self.target - self.begins) * part)]


Source = Callable[[UUID, UUID, str], Iterable[Wanted]]
_sources: Final[list[Source]] = []


def tell_from(source: Source) -> None:
    """Ask this from now on: of an owner, of a wallet, in an asset."""
    if source not in _sources:
        _sources.append(source)


def paths_of(
    *, owner_id: UUID, wallet_id: UUID, base: str, values: Sequence[tuple[datetime, float, Decimal]]
) -> list[Path]:
    """The paths of what is wanted of the wallet, whose return and value were these at moments; none where it was worth
    nothing when a goal began, or that is not known."""
    found = []
    for source in _sources:
        for one in source(owner_id, wallet_id, base):
            before = [known for known in values if known[0] <= one.since] or list(values[:1])
            if not before or before[-1][2] <= 0:
                continue
            _, begins, value = before[-1]
            made = float(one.share) if one.profit is None and one.share is not None else None
            if one.profit is not None:
                made = float(one.profit / value)
            if made is not None:
                target = (1 + begins) * (1 + made) - 1
                found.append(Path(one.goal_id, one.name, one.since, one.until, begins, target))
    return found
