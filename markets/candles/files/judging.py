"""Which rows can be true. A row is judged by its first fault; what all rows have in common is said of the file.

The same judgement serves files and feeds: `sound` knows nothing of lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from kit import clock
from kit.errors import InvalidInputError
from markets.bounds import PRICE_END, VOLUME_END
from markets.candles.files import moments
from markets.candles.files.moments import MILLISECOND_NS
from quant.candles import DAY_MS, MINUTE_MS, Bools, Candles, Floats, Ints, usual_step

# The smallest price that the books can hold: numeric(38,18).
SMALLEST_PRICE: Final = 1e-18
# Of all times, as many must agree before it is said of the file and not of a row.
_MOST: Final = 0.99


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The rows of a file as they are written.

    `times` (T,) nanoseconds since 1970 with `units` (T,), 0 where a value is no time; `values` (T, 5) open, high, low,
    close, volume; `lines` (T,). `unreadable` are rows that are not among them, `closing` says that the times' column
    is named as the bars' closing time, `rows` counts all.
    """

    times: Ints
    units: Ints
    values: Floats
    lines: Ints
    unreadable: tuple[BadRow, ...]
    notes: tuple[str, ...]
    closing: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Judged:
    candles: Candles
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...]


def judge(name: str, parsed: Parsed, length_ms: int | None) -> Judged:
    """The candles that can be true, oldest first, the other rows with their reasons by line, and what was repaired."""
    times, units, values, lines = parsed.times, parsed.units, parsed.values, parsed.lines
    notes = []
    if _is_newest_first(times[units > 0]):
        times, units, values, lines = times[::-1], units[::-1], values[::-1], lines[::-1]
        notes.append("The newest bar came first: the file was turned round.")
    length = length_ms or _usual_length(times[units > 0])
    if (moved := _openings(times, units, length, closing=parsed.closing)) is not None:
        times = moved
        notes.append("The times are those at which the bars close: their openings were taken.")
    _refuse_an_offset(name, times[units > 0], length)
    ts = times // MILLISECOND_NS
    if unfinished := _is_unfinished(ts, length):
        notes.append(f"The last bar, in line {lines[-1]}, was left out: it is not over yet.")
    kept = slice(None, -1 if unfinished else None)
    times, units, ts, values, lines = times[kept], units[kept], ts[kept], values[kept], lines[kept]
    faults = {
        f"time outside {moments.FIRST_YEAR} to {moments.last_year()} in every unit, and not ISO 8601": units == 0,
        "opening time not a whole number of milliseconds": times % MILLISECOND_NS != 0,
    }
    good, reasons = sound(ts, values, length, faults)
    bad = [BadRow(int(lines[row]), reason) for row, reason in reasons.items()]
    candles = Candles(ts[good], *(values[good, column] for column in range(values.shape[1])))
    return Judged(candles, tuple(sorted((*bad, *parsed.unreadable), key=lambda row: row.line)), tuple(notes))


def sound(
    ts: Ints, values: Floats, length: int, faults: Mapping[str, Bools] | None = None
) -> tuple[Bools, dict[int, str]]:
    """Which rows (T,) can be bars of `length` ms, and for each other row its first fault; `faults` come before ours.

    `ts` are openings in ms, `values` (T, 5) open, high, low, close, volume. What remains is strictly increasing.
    """
    found = {**(faults or {}), **_faults(ts, values, length)}
    found |= _faults_of_order(ts, ~np.logical_or.reduce(list(found.values())))
    good: Bools = ~np.logical_or.reduce(list(found.values()))
    bad = np.flatnonzero(~good)
    return good, {int(row): next(reason for reason, faulty in found.items() if faulty[row]) for row in bad}


def _faults(ts: Ints, values: Floats, length: int) -> dict[str, Bools]:
    open_, high, low, close, volume = values.T
    highest = np.maximum(np.maximum(open_, close), low)
    lowest = np.minimum(np.minimum(open_, close), high)
    with np.errstate(invalid="ignore"):
        return {
            "not finite": ~np.isfinite(highest + lowest + high + low + volume),
            "opening time not on the timeframe's grid": ts % _grid(length) != 0,
            "not closed yet": ts + length > _now_ms(),
            "price not positive": (lowest <= 0) | (low <= 0),
            "price outside 1e-18 to 1e20": (np.minimum(low, lowest) < SMALLEST_PRICE) | (high >= PRICE_END),
            "volume negative": volume < 0,
            "volume beyond 1e30": volume >= VOLUME_END,
            "high below open, low or close": high < highest,
            "low above open, high or close": low > lowest,
        }


def _faults_of_order(ts: Ints, good: Bools) -> dict[str, Bools]:
    """Among rows that are good so far: a time that was there already, or that is before one that came earlier."""
    rows = np.flatnonzero(good)
    repeated, late = np.zeros(len(ts), dtype=bool), np.zeros(len(ts), dtype=bool)
    times = ts[rows]
    if (np.diff(times) <= 0).any():
        _, first = np.unique(times, return_index=True)
        repeated[np.delete(rows, first)] = True
        late[rows] = times < np.maximum.accumulate(times)
    return {"duplicate of an earlier row": repeated, "out of order": late}


# --- of the file as a whole ----------------------------------------------------------------------------------------


def _is_newest_first(times: Ints) -> bool:
    steps = np.diff(times)
    return int((steps < 0).sum()) > int((steps > 0).sum())


def _usual_length(times: Ints) -> int:
    """The most common distance between two times, in ms; a minute where there are not two."""
    ordered = np.unique(times // MILLISECOND_NS)
    return usual_step(ordered) if len(ordered) > 1 else MINUTE_MS


def _grid(length: int) -> int:
    """Bars open on whole multiples of their length, and those of more than a day at midnight UTC."""
    return min(length, DAY_MS)


def _openings(times: Ints, units: Ints, length: int, *, closing: bool) -> Ints | None:
    """The openings where the times are closings: the last unit of the bar, or its end in a column that says so."""
    known = units > 0
    grid = _grid(length) * MILLISECOND_NS
    on_grid = times[known] % grid == 0
    if not known.any() or (on_grid.mean() > 1 - _MOST and not closing):
        return None
    if closing and on_grid.mean() >= _MOST:
        return times - length * MILLISECOND_NS
    after = times + units
    if (after[known] % grid == 0).mean() >= _MOST:
        return after - length * MILLISECOND_NS
    return None


def _refuse_an_offset(name: str, times: Ints, length: int) -> None:
    """All bars that open by the same time past the grid are a file in another time zone, not bad rows."""
    if not len(times):
        return
    offsets, counts = np.unique(times // MILLISECOND_NS % _grid(length), return_counts=True)
    usual = int(np.argmax(counts))
    if offsets[usual] and counts[usual] >= _MOST * len(times):
        raise InvalidInputError(
            f"Export {name} again in UTC, or put its bars together from shorter ones: bars of {_words(length)} open on "
            f"whole multiples of {_words(_grid(length))}, and all of these open {_words(int(offsets[usual]))} later."
        )


def _words(ms: int) -> str:
    """`30 minutes`, `4 hours`, `1 day`; what is no whole minute in seconds."""
    for unit, name in ((DAY_MS, "day"), (60 * MINUTE_MS, "hour"), (MINUTE_MS, "minute")):
        if ms % unit == 0:
            return f"{ms // unit} {name}{'s' if ms != unit else ''}"
    return f"{ms / 1000:g} seconds"


def _is_unfinished(ts: Ints, length: int) -> bool:
    """Whether the last bar has begun and is not over."""
    return bool(len(ts)) and int(ts[-1]) <= _now_ms() < int(ts[-1]) + length


def _now_ms() -> int:
    return int(clock.now().timestamp() * 1000)
