"""Candle files into the database: read, and stored whole or not at all.

What cannot be true is named by its line and refuses the file, unless so many bad rows may be left out; what is merely
absent is reported as a gap and never filled. Reading is `markets.candles.files`.
"""

import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from kit.errors import InvalidInputError
from markets import assets
from markets.assets import sensible_lot
from markets.bounds import SMALLEST
from markets.candles import copying
from markets.candles.files import BadRow, read_file
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.models import Instrument, KeptSeries
from markets.prices import SIMULATED, to_price
from markets.services import ensure_instrument, simulated_since
from quant.candles import Candles, Floats

SHOWN: Final = 20
GAPS_SHOWN: Final = 5
# How many bars the price and quantity steps are guessed from, and how many digits of a float are the file's own.
SAMPLE: Final = 2_000
FLOAT_DIGITS: Final = 15
# From this many bars on, the most common distance between two says what the file's timeframe is.
ENOUGH_TO_TELL: Final = 10


class BadRowsError(InvalidInputError):
    """The file has rows that cannot be true; `report` says which."""

    code = "bad_rows"

    def __init__(self, message: str, report: "ImportReport") -> None:
        super().__init__(message)
        self.report = report


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
    notes: tuple[str, ...]
    seconds: float

    @property
    def rows_per_second(self) -> int:
        return int(self.rows / self.seconds) if self.seconds else 0

    def as_json(self) -> dict[str, Any]:
        """The report for programs: decimals as strings, moments in ISO 8601."""
        return {**asdict(self), "rows_per_second": self.rows_per_second}


def import_candles(*, file: Path, venue: str, symbol: str, timeframe: str, skip_bad: float = 0.0) -> ImportReport:
    """Store the file's candles for `symbol` (BASE/QUOTE) at `venue`, whose instrument is made when it is missing.

    At most `skip_bad` (a fraction) of the rows may be bad and are left out. Importing the same file again writes
    nothing. Raises InvalidInputError when the file is no candle file, its bars are of another timeframe or would stand
    where the market simulator's own do, and BadRowsError when too many rows are bad; then nothing was stored.
    """
    started = time.perf_counter()
    if timeframe not in TIMEFRAME_MS:
        raise InvalidInputError(f"Choose a timeframe of {', '.join(TIMEFRAME_MS)}: {timeframe!r} is none of them.")
    pair = assets.pair(symbol)
    assets.require_venue(venue)
    read = read_file(file, length_ms=TIMEFRAME_MS[timeframe])
    candles = read.candles
    _require_timeframe(candles, timeframe)
    _refuse_simulated(venue, symbol, candles, TIMEFRAME_MS[timeframe])
    tick, lot = steps_of(candles, pair.quote)
    refusal = read.refusal(skip_bad)
    written, created = 0, False
    if refusal is None and len(candles):
        instrument, created = ensure_instrument(
            venue=venue, symbol=symbol, base=pair.base, quote=pair.quote, tick_size=tick, lot_size=lot
        )
        written = copying.write(instrument_id=instrument.pk, timeframe=timeframe, candles=candles)
        KeptSeries.objects.get_or_create(instrument=instrument, timeframe=timeframe)
        tick, lot = instrument.tick_size, instrument.lot_size
    gaps = gaps_of(candles, TIMEFRAME_MS[timeframe])
    report = ImportReport(
        file=str(file),
        instrument=f"{symbol} ({venue})",
        instrument_created=created,
        tick_size=tick.normalize(),
        lot_size=lot.normalize(),
        timeframe=timeframe,
        rows=read.rows,
        accepted=0 if refusal else len(candles),
        written=written,
        bad=len(read.bad),
        bad_by_reason=dict(Counter(row.reason for row in read.bad).most_common()),
        first_bad=read.bad[:SHOWN],
        first=moment(int(candles.ts[0])) if len(candles) else None,
        last=moment(int(candles.ts[-1])) if len(candles) else None,
        gaps=len(gaps),
        missing=sum(gap.bars for gap in gaps),
        first_gaps=tuple(gaps[:GAPS_SHOWN]),
        notes=read.notes,
        seconds=round(time.perf_counter() - started, 3),
    )
    if refusal:
        raise BadRowsError(f"{refusal} Nothing was stored.", report)
    return report


def _refuse_simulated(venue: str, symbol: str, candles: Candles, length: int) -> None:
    """The simulator's bars are its own: what is stored over them would be contradicted by its next price."""
    if venue == SIMULATED:
        raise InvalidInputError(
            f"Name the venue that the candles come from: {SIMULATED} is the market simulator's own, and its prices "
            "cannot be imported over.",
            fields={"venue": "The market simulator's own."},
        )
    if not len(candles) or not Instrument.objects.filter(venue=venue, symbol=symbol, is_simulated=True).exists():
        return
    since = simulated_since(venue)
    if since is not None and int(candles.ts[-1]) + length > milliseconds(since):
        raise InvalidInputError(
            f"Import candles that end before {since:%Y-%m-%d %H:%M} UTC, or under another venue's name: from then on "
            f"the market simulator plays {symbol} at {venue}."
        )


def _require_timeframe(candles: Candles, timeframe: str) -> None:
    if len(candles) < ENOUGH_TO_TELL or candles.timeframe_ms == TIMEFRAME_MS[timeframe]:
        return
    known = {length: name for name, length in TIMEFRAME_MS.items()}
    found = known.get(candles.timeframe_ms, f"{candles.timeframe_ms / 60_000:g} minutes")
    raise InvalidInputError(f"Pass the file's own timeframe: its bars are {found} apart, not {timeframe}.")


def gaps_of(candles: Candles, length: int) -> list[Gap]:
    """Where bars are missing between the first and the last; `length` (ms) is that of a bar."""
    missing = np.diff(candles.ts) // length - 1
    before = np.flatnonzero(missing > 0)
    return [Gap(moment(int(candles.ts[row]) + length), int(missing[row])) for row in before]


def steps_of(candles: Candles, quote: str) -> tuple[Decimal, Decimal]:
    """Tick and lot as the data's decimals suggest them, however small.

    The tick is the finest step among the closes. Volumes may be fillers or in the quote asset, so the lot is the finer
    of their step and a lot whose worth is sensible at this price; together they make no notional finer than the books.
    """
    if not len(candles):
        return SMALLEST, SMALLEST
    tick = _finest_step(candles.close)
    lot = min(_finest_step(candles.volume), sensible_lot(to_price(candles.close[-1]), quote))
    return tick, max(lot, SMALLEST / tick)


def _finest_step(values: Floats) -> Decimal:
    """The step of the most decimals among some of the values, as they were quoted: what only a float adds is none."""
    sample = values[:: max(1, len(values) // SAMPLE)]
    exponents = [Decimal(f"{value:.{FLOAT_DIGITS}g}").normalize().as_tuple().exponent for value in sample.tolist()]
    finest = min((exponent for exponent in exponents if isinstance(exponent, int)), default=0)
    return max(Decimal(1).scaleb(min(finest, 0)), SMALLEST)
