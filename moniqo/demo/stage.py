"""Where the demo plays: the market, its candles, and the span of time.

Simulated markets are generated up to now. Recorded candles keep their own times; after their end the simulator goes
on from the last recorded prices, labelled as what it is, so that something moves.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from kit import clock, tenancy
from kit.errors import MoniqoError
from markets.candles.files import MOST_SKIPPED
from markets.candles.importing import import_candles
from markets.candles.reading import TIMEFRAME_MS, load_candles, milliseconds, moment
from markets.models import Instrument
from markets.prices import SIMULATED
from markets.services import continue_simulated, generate_history, store_candles, well_known_first
from moniqo.demo import recordings
from moniqo.demo.cast import FARMS, AgentRole
from moniqo.demo.recordings import CandleFolderError, Recording, Selection
from portfolio.models import PortfolioState
from quant.candles import DAY_MS, MINUTE_MS, aggregate

DAYS: Final = 90
# So that slow averages have settled when the history begins.
WARM_UP_DAYS: Final = 30
# Candles longer than four hours get a longer history, so that there is something to see.
LEAST_BARS: Final = 500
INSTRUMENTS: Final = 3
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

    def to_dict(self) -> dict[str, Any]:
        """JSON types only; `from_dict` gives back an equal scene."""
        return {
            "venue": self.venue,
            "instruments": [instrument.pk for instrument in self.instruments],
            "timeframes": list(self.timeframes),
            "start": milliseconds(self.start),
            "end": milliseconds(self.end),
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> "Scene":
        """The scene that `to_dict` wrote."""
        known = Instrument.objects.in_bulk(kept["instruments"])
        return cls(
            venue=kept["venue"],
            instruments=tuple(known[pk] for pk in kept["instruments"]),
            timeframes=tuple(kept["timeframes"]),
            start=moment(kept["start"]),
            end=moment(kept["end"]),
        )


def set_up(candles: Path | None, say: Say) -> Scene:
    """The scene of a new demo: simulated, or recorded in the folder `candles`."""
    return _simulated(say) if candles is None else _recorded(candles, say)


def remember(owner_id: UUID, scene: Scene) -> None:
    """Keep the scene, so that a build that is interrupted goes on with the same one."""
    PortfolioState.objects.filter(owner_id=owner_id).update(building_scene=scene.to_dict())


def recall(owner_id: UUID) -> Scene:
    """The scene of a demo that was begun and not finished; a simulated one reaches up to now again."""
    with tenancy.tenant(owner_id):
        scene = Scene.from_dict(PortfolioState.objects.get(owner_id=owner_id).building_scene or {})
    if scene.venue != SIMULATED:
        return scene
    end = clock.now()
    generate_history(until=end)
    return replace(scene, end=end)


def go_live(venue: str) -> None:
    """Let the simulator go on from recorded prices, once; a simulated market plays by itself."""
    if venue != SIMULATED:
        continue_simulated(venue=venue)


# --- simulated -----------------------------------------------------------------------------------------------------


def _simulated(say: Say) -> Scene:
    end = clock.now()
    history = generate_history(days=DAYS + WARM_UP_DAYS, until=end)
    say(f"Simulated market: {history.candles_written:,} new candles from {history.since:%Y-%m-%d} on.")
    instruments = _cast(list(Instrument.objects.filter(venue=SIMULATED, is_active=True, prices_of=None)))
    midnight = moment(milliseconds(end) // DAY_MS * DAY_MS)
    start = max(midnight - timedelta(days=DAYS), history.since)
    return Scene(SIMULATED, instruments, tuple(TIMEFRAME_MS), start, end)


# --- recorded ------------------------------------------------------------------------------------------------------


@dataclass
class _Tape:
    """The recorded candles of one instrument: their timeframes, and the span they cover together."""

    instrument: Instrument
    timeframes: set[str]
    start: datetime
    end: datetime


def _recorded(folder: Path, say: Say) -> Scene:
    selection = recordings.select(folder)
    for name, reason in selection.skipped:
        say(f"Skipped {name}: {reason}.")
    tapes = _import(selection, say)
    for tape in tapes:
        _add_longer_bars(tape)
    end = max(tape.end for tape in tapes)
    shortest = timedelta(milliseconds=min(TIMEFRAME_MS[name] for tape in tapes for name in tape.timeframes))
    start = max(end - max(timedelta(days=DAYS), LEAST_BARS * shortest), min(tape.start for tape in tapes))
    lasting = [tape for tape in tapes if tape.end > start]
    instruments = _cast([tape.instrument for tape in lasting])
    timeframes = _common([tape.timeframes for tape in lasting if tape.instrument in instruments])
    symbols = ", ".join(instrument.symbol for instrument in instruments)
    say(f"{symbols} at {selection.venue} from {start:%Y-%m-%d} to {end:%Y-%m-%d}, bars of {', '.join(timeframes)}.")
    return Scene(selection.venue, instruments, timeframes, start, end)


def _import(selection: Selection, say: Say) -> list[_Tape]:
    """Import the used files; one that is refused is skipped with its reason."""
    tapes: dict[str, _Tape] = {}
    for recording in selection.used:
        try:
            tape = _import_one(recording, say)
        except MoniqoError as error:
            say(f"Skipped {recording.path.name}: {error}")
            continue
        known = tapes.setdefault(recording.symbol, tape)
        known.timeframes |= tape.timeframes
        known.start, known.end = min(known.start, tape.start), max(known.end, tape.end)
    if not tapes:
        raise CandleFolderError("None of the files could be read: correct them or name another folder.")
    return list(tapes.values())


def _import_one(recording: Recording, say: Say) -> _Tape:
    report = import_candles(
        file=recording.path,
        venue=recording.venue,
        symbol=recording.symbol,
        timeframe=recording.timeframe,
        skip_bad=MOST_SKIPPED,
    )
    if report.first is None or report.last is None:
        raise CandleFolderError("it has no usable candle.")
    bad = f", {report.bad} bad rows left out" if report.bad else ""
    missing = f", {report.missing} bars missing" if report.missing else ""
    say(" ".join((f"Using {recording.path.name}: {report.accepted:,} candles{bad}{missing}.", *report.notes)))
    instrument = Instrument.objects.get(venue=recording.venue, symbol=recording.symbol)
    length = timedelta(milliseconds=TIMEFRAME_MS[recording.timeframe])
    return _Tape(instrument, {recording.timeframe}, report.first, report.last + length)


def _add_longer_bars(tape: _Tape) -> None:
    """Build the bars that the cast would like to have from the shortest recorded ones."""
    shortest = min(tape.timeframes, key=TIMEFRAME_MS.__getitem__)
    step = TIMEFRAME_MS[shortest]
    missing = [name for name in WANTED - tape.timeframes if TIMEFRAME_MS[name] > step]
    candles = load_candles(instrument_id=tape.instrument.pk, timeframe=shortest, until=tape.end)
    for name in missing:
        bars = aggregate(candles, TIMEFRAME_MS[name] // MINUTE_MS)
        store_candles(
            instrument=tape.instrument,
            timeframe=name,
            ts=bars.ts,
            open=bars.open,
            high=bars.high,
            low=bars.low,
            close=bars.close,
            volume=bars.volume,
        )
        tape.timeframes.add(name)


# --- both ----------------------------------------------------------------------------------------------------------


def _cast(instruments: list[Instrument]) -> tuple[Instrument, ...]:
    """The instruments that agents trade: well-known ones first."""
    return tuple(well_known_first(instruments)[:INSTRUMENTS])


def _common(timeframes: list[set[str]]) -> tuple[str, ...]:
    """The timeframes that all of them have, shortest first; those of the first when nothing is common."""
    shared = set.intersection(*timeframes) or timeframes[0]
    return tuple(name for name in TIMEFRAME_MS if name in shared)
