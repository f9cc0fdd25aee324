"""Months by years, each with how strongly it is tinted beside the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

HEATS: Final = 3
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Cell:
    """The return of a month (a fraction), or of none; `heat` is 0 to 3."""

    name: str
    value: float | None = None
    heat: int = 0


@dataclass(frozen=True, slots=True)
class Year:
    """Twelve months, and their returns compounded."""

    year: int
    cells: tuple[Cell, ...]
    whole: float


def month_rows(months: Sequence[dict[str, Any]]) -> list[Year]:
    """The years, oldest first, from the months that a result keeps."""
    returns = {one["month"]: one["return"] for one in months}
    largest = max((abs(value) for value in returns.values() if value is not None), default=0.0)
    years = []
    for year in sorted({name[:4] for name in returns}):
        values = [returns.get(f"{year}-{number:02}") for number in range(1, 13)]
        cells = tuple(Cell(name, value, heat_of(value, largest)) for name, value in zip(MONTHS, values, strict=True))
        whole = 1.0
        for value in values:
            whole *= 1.0 + (value or 0.0)
        years.append(Year(int(year), cells, whole - 1.0))
    return years


def heat_of(value: float | None, largest: float) -> int:
    """How strongly a value is tinted beside the largest of them."""
    if not value or not largest:
        return 0
    return min(int(abs(value) / largest * HEATS) + 1, HEATS)
