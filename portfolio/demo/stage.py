"""Where the demo plays: the market, its candles, and the span of time.

Simulated markets are generated up to now. Recorded candles keep their own times; after their end the simulator goes
on from the last recorded prices, labelled as what it is, so that something moves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from markets.importing import import_candles
from markets.models import Instrument
from markets.selectors import SIMULATED, TIMEFRAME_MS, last_closed_bar, load_candles, milliseconds, moment
from markets.services import continue_simulated, generate_history, store_candles
from moniqo.lib import clock
from moniqo.lib.errors import MoniqoError
from portfolio.demo import recordings
from portfolio.demo.cast import FARMS, AgentRole
from portfolio.demo.recordings import CandleFolderError, Recording, Selection
from quant.candles import DAY_MS, MINUTE_MS, aggregate

DAYS: Final = 90
# So that slow averages have settled when the history begins.
WARM_UP_DAYS: Final = 30
# Candles longer than four hours get a longer history, so that there is something to see.
LEAST_BARS: Final = 500
INSTRUMENTS: Final = 3
# Those that people know first.
_WELL_KNOWN: Final = ("BTC", "ETH", "SOL", "BNB")
# An agent on shorter bars than this would run too often over the whole history.
QUICK_MS: Final = TIMEFRAME_MS["1h"]
SNAPSHOT_MS: Final = TIMEFRAME_MS["4h"]
WANTED: Final = frozenset(agent.timeframe for farm in FARMS for agent in farm.agents)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scene:
    """A venue's instruments over a span of time, with the timeframes that all of them have, shortest first."""

    venue: str
    instruments: tuple[Instrument, ...]
    timeframes: tuple[str, ...]
    start: datetime
    end: datetime

    @property
    def quote(self) -> str:
        return self.instruments[0].quote

    @property
    def finest_ms(self) -> int:
        return TIMEFRAME_MS[self.timeframes[0]]

    @property
    def snapshot_every_ms(self) -> int:
        return max(SNAPSHOT_MS, self.finest_ms)

    @property
    def last_midnight_ms(self) -> int:
        return milliseconds(self.end) // DAY_MS * DAY_MS

    def timeframe_of(self, role: AgentRole) -> str:
        """The role's own timeframe, or the next longer one that there is."""
        wanted = TIMEFRAME_MS[role.timeframe]
        return next((name for name in self.timeframes if TIMEFRAME_MS[name] >= wanted), self.timeframes[-1])

    def is_quick(self, role: AgentRole) -> bool:
        return TIMEFRAME_MS[self.timeframe_of(role)] < QUICK_MS


def set_up(candles: Path | None, say: Say) -> Scene:
    """The scene of a new demo: simulated, or recorded in the folder `candles`."""
    return _simulated(say) if candles is None else _recorded(candles, say)


def resume(venue: str, start: datetime) -> Scene:
    """The scene of a demo that was begun at `start` and not finished."""
    instruments = _cast_instruments(list(Instrument.objects.filter(venue=venue, is_active=True)))
    end = clock.now() if venue == SIMULATED else _end_of(instruments)
    if venue == SIMULATED:
        generate_history(until=end)
    return Scene(venue, instruments, _timeframes(instruments), start, end)


def go_live(venue: str) -> None:
    """Let the simulator go on from recorded prices, once; a simulated market plays by itself."""
    if venue != SIMULATED:
        continue_simulated(venue=venue)


# --- simulated -----------------------------------------------------------------------------------------------------


def _simulated(say: Say) -> Scene:
    end = clock.now()
    history = generate_history(days=DAYS + WARM_UP_DAYS, until=end)
    say(f"Simulated market: {history.candles_written:,} new candles from {history.since:%Y-%m-%d} on.")
    instruments = _cast_instruments(list(Instrument.objects.filter(venue=SIMULATED, is_active=True)))
    midnight = moment(milliseconds(end) // DAY_MS * DAY_MS)
    start = max(midnight - timedelta(days=DAYS), history.since)
    return Scene(SIMULATED, instruments, _timeframes(instruments), start, end)


# --- recorded ------------------------------------------------------------------------------------------------------


def _recorded(folder: Path, say: Say) -> Scene:
    selection = recordings.select(folder)
    for name, reason in selection.skipped:
        say(f"Skipped {name}: {reason}.")
    instruments = _import(selection, say)
    for instrument in instruments:
        _add_longer_bars(instrument)
    timeframes = _timeframes(instruments)
    end = _end_of(instruments)
    span = max(timedelta(days=DAYS), LEAST_BARS * timedelta(milliseconds=TIMEFRAME_MS[timeframes[0]]))
    begin = max(end - span, _first_bar(instruments, timeframes[0]))
    chosen = _cast_instruments([instrument for instrument in instruments if _end_of((instrument,)) > begin])
    say(
        f"{', '.join(instrument.symbol for instrument in chosen)} at {selection.venue} from {begin:%Y-%m-%d} to "
        f"{end:%Y-%m-%d}, bars of {', '.join(timeframes)}."
    )
    return Scene(selection.venue, chosen, _timeframes(chosen), begin, end)


def _import(selection: Selection, say: Say) -> tuple[Instrument, ...]:
    """Import the used files; one that is refused is skipped with its reason."""
    instruments: dict[int, Instrument] = {}
    for recording in selection.used:
        try:
            instrument = _import_one(recording, say)
        except MoniqoError as error:
            say(f"Skipped {recording.path.name}: {error}")
            continue
        instruments[instrument.pk] = instrument
    if not instruments:
        raise CandleFolderError("None of the files could be read: correct them or name another folder.")
    return tuple(instruments.values())


def _import_one(recording: Recording, say: Say) -> Instrument:
    report = import_candles(
        file=recording.path,
        venue=recording.venue,
        symbol=recording.symbol,
        timeframe=recording.timeframe,
        skip_bad=True,
    )
    bad = f", {report.bad} bad rows left out" if report.bad else ""
    missing = f", {report.missing} bars missing" if report.missing else ""
    say(f"Using {recording.path.name}: {report.accepted:,} candles{bad}{missing}.")
    return Instrument.objects.get(venue=recording.venue, symbol=recording.symbol)


def _add_longer_bars(instrument: Instrument) -> None:
    """Build the bars that the cast would like to have from the shortest recorded ones."""
    shortest = next((name for name in TIMEFRAME_MS if _has(instrument, name)), None)
    if shortest is None:
        return
    candles = load_candles(instrument_id=instrument.pk, timeframe=shortest)
    for name in WANTED:
        length = TIMEFRAME_MS[name]
        if length <= TIMEFRAME_MS[shortest] or length % TIMEFRAME_MS[shortest] or _has(instrument, name):
            continue
        bars = aggregate(candles, length // MINUTE_MS)
        store_candles(
            instrument=instrument,
            timeframe=name,
            ts=bars.ts,
            open=bars.open,
            high=bars.high,
            low=bars.low,
            close=bars.close,
            volume=bars.volume,
        )


# --- both ----------------------------------------------------------------------------------------------------------


def _cast_instruments(instruments: list[Instrument]) -> tuple[Instrument, ...]:
    """The instruments that agents trade: well-known ones first."""

    def rank(instrument: Instrument) -> tuple[int, str]:
        known = instrument.base in _WELL_KNOWN
        return _WELL_KNOWN.index(instrument.base) if known else len(_WELL_KNOWN), instrument.symbol

    return tuple(sorted(instruments, key=rank)[:INSTRUMENTS])


def _timeframes(instruments: tuple[Instrument, ...]) -> tuple[str, ...]:
    """The timeframes that all of them have, shortest first; those of the first one when nothing is common."""
    common = tuple(name for name in TIMEFRAME_MS if all(_has(instrument, name) for instrument in instruments))
    return common or tuple(name for name in TIMEFRAME_MS if _has(instruments[0], name))


def _has(instrument: Instrument, timeframe: str) -> bool:
    return last_closed_bar(instrument_id=instrument.pk, timeframe=timeframe) is not None


def _first_bar(instruments: tuple[Instrument, ...], timeframe: str) -> datetime:
    """The opening of the first bar of any of them."""
    series = (load_candles(instrument_id=instrument.pk, timeframe=timeframe) for instrument in instruments)
    return moment(min(int(candles.ts[0]) for candles in series if len(candles)))


def _end_of(instruments: tuple[Instrument, ...]) -> datetime:
    """The close of the last bar of any of them."""
    closes = (
        bar + length
        for instrument in instruments
        for name, length in TIMEFRAME_MS.items()
        if (bar := last_closed_bar(instrument_id=instrument.pk, timeframe=name)) is not None
    )
    return moment(max(closes))
