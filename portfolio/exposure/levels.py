"""How near a limit is, and when that is said to have changed. Pure.

`usage` is how much of its limit a measure has used: what is measured ÷ the limit or, of a floor, the floor ÷ what is
measured. A level rises as soon as its threshold is reached. It falls only once the usage is below the threshold by a
margin, so that what goes up and down at a threshold is told once: hysteresis.
"""

from decimal import Decimal
from enum import IntEnum
from typing import Final

INFINITE: Final = Decimal("Infinity")
USUAL_MARGIN: Final = Decimal("0.05")


class Level(IntEnum):
    """From harmless to broken."""

    OK = 0
    WATCH = 1
    WARNING = 2
    BREACH = 3

    @property
    def word(self) -> str:
        return self.name.lower()


# From which usage on; a limit is broken by more than all of it.
THRESHOLDS: Final = {Level.BREACH: Decimal(1), Level.WARNING: Decimal("0.9"), Level.WATCH: Decimal("0.8")}


def level_of(usage: Decimal | None, *, before: Level = Level.OK, margin: Decimal = USUAL_MARGIN) -> Level:
    """The level of a usage after `before`; None, what is not known now, changes nothing.

    It falls from a level once the usage is at most its threshold less the margin.
    """
    if usage is None:
        return before
    for level, threshold in THRESHOLDS.items():
        reached = usage > threshold if level == Level.BREACH else usage >= threshold
        if reached or (before >= level and usage > threshold - margin):
            return level
    return Level.OK


def usage_of(measured: Decimal | None, limit: Decimal, *, is_floor: bool = False) -> Decimal | None:
    """How much of the limit (≥ 0) is used; None where nothing is known, infinite where nothing may be and something is.

    Of a floor: how much of what is there it takes.
    """
    if measured is None:
        return None
    part, whole = (limit, measured) if is_floor else (measured, limit)
    if part <= 0:
        return Decimal(0)
    return part / whole if whole > 0 else INFINITE
