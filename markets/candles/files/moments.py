"""Times by what they show: seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO 8601.

Bars of markets that are traded today open between 2009 and the end of next year. Counted in any of the four units, that
span is a range of numbers that none of the others touches, so every single value says its unit, also where a file
changes it on the way. A value in none of the ranges is no time, whatever it could be taken for.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kit import clock
from quant.candles import Bools, Floats, Ints

SECOND_NS: Final = 1_000_000_000
MILLISECOND_NS: Final = 1_000_000
# Nanoseconds in one of each unit, the coarsest first.
UNITS_NS: Final = (SECOND_NS, MILLISECOND_NS, 1_000, 1)
FIRST_YEAR: Final = 2009
# Above this a float cannot tell neighbouring whole numbers apart.
EXACT: Final = 2.0**53
_DATE: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(.*)")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def last_year() -> int:
    """The last year that a bar may open in."""
    return clock.now().year + 1


def span_ns() -> tuple[int, int]:
    """The beginning of the first year and the end of the last one."""
    first, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(last_year() + 1, 1, 1, tzinfo=UTC)
    return int(first.timestamp()) * SECOND_NS, int(end.timestamp()) * SECOND_NS


def from_numbers(values: Floats | Ints) -> tuple[Ints, Ints]:
    """Nanoseconds since 1970 and the unit of each value; the unit is 0 where the value is no time."""
    first, end = span_ns()
    times, units = np.zeros(len(values), dtype=np.int64), np.zeros(len(values), dtype=np.int64)
    for unit in UNITS_NS:
        fits: Bools = (values >= first / unit) & (values < end / unit)
        if not fits.any():
            continue
        chosen: NDArray[Any] = values if fits.all() else values[fits]
        whole = chosen.astype(np.int64)
        exact = whole * unit
        if (broken := whole != chosen).any():
            exact[broken] = np.rint(chosen[broken] * unit).astype(np.int64)
        times[fits], units[fits] = exact, unit
    return times, units


def from_text(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """One value's nanoseconds and unit, exactly; the unit is 0 where it is no time in `span` (see `span_ns`)."""
    found = _number(text, span) or _date(text)
    return found if found is not None and span[0] <= found[0] < span[1] else (0, 0)


def _number(text: str, span: tuple[int, int]) -> tuple[int, int] | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    for unit in UNITS_NS:
        if span[0] <= value * unit < span[1]:
            return round(value * unit), unit
    return None


def _date(text: str) -> tuple[int, int] | None:
    """ISO 8601 and its usual variants, year first; without a zone it is UTC."""
    text = text.removesuffix(" UTC").removesuffix(" GMT").strip()
    if match := _DATE.fullmatch(text):
        year, month, day, rest = match.groups()
        text = f"{year}-{month:>02}-{day:>02}{rest}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    microseconds = (found - _EPOCH) // timedelta(microseconds=1)
    return microseconds * 1_000, MILLISECOND_NS if found.microsecond else SECOND_NS
