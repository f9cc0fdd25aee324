"""Candle files: read, judged row by row, and stored whole or not at all.

A file is CSV, plain or gzipped, with the columns ts (opening time, milliseconds UTC), open, high, low, close and volume
in any order. What cannot be true is named by its line and refuses the file, unless bad rows may be skipped; what is
merely absent is reported as a gap and never filled. numpy parses the whole file at once; only a file that it cannot
parse is looked at line by line.
"""

import gzip
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from kit import clock
from kit.errors import InvalidInputError
from markets.candles import copying
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.models import Instrument
from markets.prices import to_price
from markets.services import ensure_instrument, sensible_lot
from quant.candles import Bools, Candles, Floats

COLUMNS: Final = copying.COLUMNS
SHOWN: Final = 20
GAPS_SHOWN: Final = 5
# How many of the first bars the price and quantity steps are guessed from, and the finest step that is believed.
SAMPLE: Final = 2_000
FINEST_STEP: Final = Decimal("0.00000001")
# From this many bars on, the most common distance between two says what the file's timeframe is.
ENOUGH_TO_TELL: Final = 10


class BadRowsError(InvalidInputError):
    """The file has rows that cannot be true; `report` says which."""

    code = "bad_rows"

    def __init__(self, message: str, report: "ImportReport") -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Bars that are not there: the first of them and how many."""

    since: datetime
    bars: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was in the file and what became of it. `written` counts bars that were new or different."""

    file: str
    instrument: str
    instrument_created: bool
    tick_size: Decimal
    lot_size: Decimal
    timeframe: str
    rows: int
    accepted: int
    written: int
    bad: int
    bad_by_reason: dict[str, int]
    first_bad: tuple[BadRow, ...]
    first: datetime | None
    last: datetime | None
    gaps: int
    missing: int
    first_gaps: tuple[Gap, ...]
    seconds: float

    @property
    def rows_per_second(self) -> int:
        return int(self.rows / self.seconds) if self.seconds else 0

    def as_json(self) -> dict[str, Any]:
        """The report for programs: decimals as strings, moments in ISO 8601."""
        return {**asdict(self), "rows_per_second": self.rows_per_second}


@dataclass(frozen=True, slots=True)
class _Parsed:
    """All rows of a file: `values` is `(T, 6)`, `lines` their lines, `unreadable` the rows that are no six numbers."""

    values: Floats
    lines: Any
    unreadable: tuple[BadRow, ...]


def import_candles(*, file: Path, venue: str, symbol: str, timeframe: str, skip_bad: bool = False) -> ImportReport:
    """Store the file's candles for `symbol` (BASE/QUOTE) at `venue`, whose instrument is made when it is missing.

    Importing the same file again writes nothing. Raises InvalidInputError when the file is no candle file or its bars
    are of another timeframe, and BadRowsError when it has bad rows and `skip_bad` is false; then nothing was stored.
    """
    started = time.perf_counter()
    if timeframe not in TIMEFRAME_MS:
        raise InvalidInputError(f"Choose a timeframe of {', '.join(TIMEFRAME_MS)}: {timeframe!r} is none of them.")
    parsed = _parse(file)
    candles, bad = _judge(parsed, TIMEFRAME_MS[timeframe])
    _require_timeframe(candles, timeframe)
    tick, lot = _steps(candles)
    refused = bool(bad) and not skip_bad
    instrument, created = (None, False) if refused or not len(candles) else _instrument(venue, symbol, tick, lot)
    written = 0
    if instrument is not None:
        written = copying.write(instrument_id=instrument.pk, timeframe=timeframe, candles=candles)
        tick, lot = instrument.tick_size, instrument.lot_size
    gaps = _gaps(candles, TIMEFRAME_MS[timeframe])
    report = ImportReport(
        file=str(file),
        instrument=f"{symbol} ({venue})",
        instrument_created=created,
        tick_size=tick.normalize(),
        lot_size=lot.normalize(),
        timeframe=timeframe,
        rows=len(parsed.values) + len(parsed.unreadable),
        accepted=0 if refused else len(candles),
        written=written,
        bad=len(bad),
        bad_by_reason=dict(Counter(row.reason for row in bad).most_common()),
        first_bad=tuple(bad[:SHOWN]),
        first=moment(int(candles.ts[0])) if len(candles) else None,
        last=moment(int(candles.ts[-1])) if len(candles) else None,
        gaps=len(gaps),
        missing=sum(gap.bars for gap in gaps),
        first_gaps=tuple(gaps[:GAPS_SHOWN]),
        seconds=round(time.perf_counter() - started, 3),
    )
    if refused:
        raise BadRowsError(
            f"Correct {len(bad)} bad rows of {file.name}, the first in line {bad[0].line} ({bad[0].reason}), "
            "or import the others with --skip-bad: nothing was stored.",
            report,
        )
    return report


def _instrument(venue: str, symbol: str, tick: Decimal, lot: Decimal) -> tuple[Instrument, bool]:
    return ensure_instrument(venue=venue, symbol=symbol, tick_size=tick, lot_size=lot)


# --- reading -------------------------------------------------------------------------------------------------------


def _parse(file: Path) -> _Parsed:
    text = _read(file)
    header, _, body = text.partition("\n")
    names = [name.strip() for name in header.lstrip("\ufeff").split(",")]
    if missing := [name for name in COLUMNS if name not in names]:
        raise InvalidInputError(
            f"Name the columns in the first line of {file.name}: {', '.join(missing)} of {', '.join(COLUMNS)} "
            "are missing."
        )
    order = [names.index(name) for name in COLUMNS]
    lines = body.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise InvalidInputError(f"Give a file with at least one candle: {file.name} has only its header.")
    try:
        values = np.loadtxt(lines, delimiter=",", comments=None, usecols=order, ndmin=2)
    except ValueError:
        return _parse_slowly(lines, order)
    if len(values) != len(lines):  # blank lines inside would shift every later line's number
        return _parse_slowly(lines, order)
    return _Parsed(values, np.arange(2, len(values) + 2), ())


def _parse_slowly(lines: list[str], order: list[int]) -> _Parsed:
    values, numbers, unreadable = [], [], []
    for number, line in enumerate(lines, start=2):
        fields = line.split(",")
        try:
            values.append([float(fields[column]) for column in order])
            numbers.append(number)
        except (ValueError, IndexError):
            unreadable.append(BadRow(number, "not six numbers"))
    return _Parsed(np.array(values, dtype=np.float64).reshape(-1, len(COLUMNS)), np.array(numbers), tuple(unreadable))


def _read(file: Path) -> str:
    try:
        raw = file.read_bytes()
        return (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"Give a readable CSV file, plain or gzipped: {file} is not ({error}).") from error


# --- judging -------------------------------------------------------------------------------------------------------


def _judge(parsed: _Parsed, length: int) -> tuple[Candles, list[BadRow]]:
    """The rows that can be true, and the others with their reason, by line. A row is judged by its first fault."""
    values = parsed.values
    ts, prices, volume = values[:, 0], values[:, 1:5], values[:, 5]
    with np.errstate(invalid="ignore"):
        faults = {
            "not finite": ~np.isfinite(values).all(axis=1),
            "opening time not a whole number of milliseconds": ts != np.floor(ts),
            "opening time not on the timeframe's grid": ts % length != 0,
            "not closed yet": ts + length > milliseconds(clock.now()),
            "price not positive": (prices <= 0).any(axis=1),
            "volume negative": volume < 0,
            "high below open, low or close": prices[:, 1] < prices.max(axis=1),
            "low above open, high or close": prices[:, 2] > prices.min(axis=1),
        }
    faults |= _faults_of_order(ts, ~np.logical_or.reduce(list(faults.values())))
    good: Bools = ~np.logical_or.reduce(list(faults.values()))
    kept = values[good]
    candles = Candles(kept[:, 0].astype(np.int64), *(kept[:, column] for column in range(1, 6)))
    bad = [
        BadRow(int(parsed.lines[row]), next(reason for reason, faulty in faults.items() if faulty[row]))
        for row in np.flatnonzero(~good)
    ]
    return candles, sorted([*bad, *parsed.unreadable], key=lambda row: row.line)


def _faults_of_order(ts: Floats, good: Bools) -> dict[str, Bools]:
    """Among rows that are good so far: a time that was there already, or that is before one that came earlier."""
    rows = np.flatnonzero(good)
    repeated, late = np.zeros(len(ts), dtype=bool), np.zeros(len(ts), dtype=bool)
    times = ts[rows]
    if (np.diff(times) <= 0).any():
        _, first = np.unique(times, return_index=True)
        repeated[np.delete(rows, first)] = True
        late[rows] = times < np.maximum.accumulate(times)
    return {"duplicate of an earlier row": repeated, "out of order": late}


def _require_timeframe(candles: Candles, timeframe: str) -> None:
    if len(candles) < ENOUGH_TO_TELL or candles.timeframe_ms == TIMEFRAME_MS[timeframe]:
        return
    known = {length: name for name, length in TIMEFRAME_MS.items()}
    found = known.get(candles.timeframe_ms, f"{candles.timeframe_ms / 60_000:g} minutes")
    raise InvalidInputError(f"Pass the file's own timeframe: its bars are {found} apart, not {timeframe}.")


def _gaps(candles: Candles, length: int) -> list[Gap]:
    missing = np.diff(candles.ts) // length - 1
    before = np.flatnonzero(missing > 0)
    return [Gap(moment(int(candles.ts[row]) + length), int(missing[row])) for row in before]


def _steps(candles: Candles) -> tuple[Decimal, Decimal]:
    """Tick and lot as the data's decimals suggest them.

    The tick is the finest step among the closes. Volumes may be fillers or in the quote asset, so the lot is the finer
    of their step and a lot whose worth is sensible at this price.
    """
    if not len(candles):
        return FINEST_STEP, FINEST_STEP
    tick = _finest_step(candles.close[:SAMPLE])
    lot = min(_finest_step(candles.volume[:SAMPLE]), sensible_lot(to_price(candles.close[-1])))
    return tick, max(lot, FINEST_STEP)


def _finest_step(values: Floats) -> Decimal:
    exponents = [to_price(value).normalize().as_tuple().exponent for value in values]
    finest = min((exponent for exponent in exponents if isinstance(exponent, int)), default=0)
    return max(Decimal(1).scaleb(min(finest, 0)), FINEST_STEP)
