"""Recorded candles in a folder: which files are used, and why the others are not.

A file is called `<venue>_<BASE><QUOTE>_<timeframe>.csv.gz` (or .csv, .zip). One connection trades at one venue and a
fund counts in one asset, so of all files those of one venue and quote asset are used: the ones with most instruments,
then with most data.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.errors import MoniqoError
from markets.bounds import ASSET_LENGTH, VENUE_LENGTH
from markets.models import Timeframe
from markets.prices import SIMULATED

_NAME: Final = re.compile(
    r"(?P<venue>[a-z0-9-]+(?:_[a-z0-9-]+)*)_(?P<pair>[A-Z0-9]+)_(?P<timeframe>\d+[mhd])\.(csv|csv\.gz|zip)"
)
# Longest first, so that a name is split where people would: BTCUSDT is BTC in USDT, not BTCUS in DT or BTCUSD in T.
_QUOTES: Final = (
    "FDUSD",
    "USDT",
    "USDC",
    "BUSD",
    "TUSD",
    "DAI",
    "USD",
    "EUR",
    "GBP",
    "JPY",
    "TRY",
    "BTC",
    "ETH",
    "BNB",
)


class CandleFolderError(MoniqoError):
    """The folder has nothing to run the demo on."""

    code = "candle_folder"


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of candles and what its name says."""

    path: Path
    venue: str
    base: str
    quote: str
    timeframe: str

    @property
    def symbol(self) -> str:
        return f"{self.base}/{self.quote}"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is used, and for every other file the reason why not."""

    used: tuple[Recording, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def venue(self) -> str:
        return self.used[0].venue

    @property
    def quote(self) -> str:
        return self.used[0].quote


def select(folder: Path) -> Selection:
    """Choose among the files of `folder`. Raises CandleFolderError when none can be used."""
    if not folder.is_dir():
        raise CandleFolderError(f"Name a folder with candles: {folder} is none.")
    recordings: list[Recording] = []
    skipped: list[tuple[str, str]] = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        read = _read_name(path)
        if isinstance(read, Recording):
            recordings.append(read)
        else:
            skipped.append((path.name, read))
    if not recordings:
        raise CandleFolderError(f"Put files named like binance_BTCUSDT_4h.csv.gz into {folder}: it has none.")
    chosen = _largest_group(recordings)
    for recording in recordings:
        if (recording.venue, recording.quote) != chosen:
            reason = f"the demo trades at {chosen[0]} in {chosen[1]}, where there are most instruments"
            skipped.append((recording.path.name, reason))
    used = tuple(recording for recording in recordings if (recording.venue, recording.quote) == chosen)
    return Selection(used, tuple(skipped))


def _read_name(path: Path) -> Recording | str:
    """What the name says, or the reason why it cannot be used."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        return "its name is not <venue>_<BASE><QUOTE>_<timeframe>.csv.gz"
    venue, pair, timeframe = match["venue"], match["pair"], match["timeframe"]
    if timeframe not in Timeframe.values:
        return f"its timeframe is none of {', '.join(Timeframe.values)}"
    if venue == SIMULATED:
        return "the name simulated belongs to the market simulator"
    quote = next((quote for quote in _QUOTES if pair.endswith(quote) and pair != quote), None)
    if quote is None:
        return f"no quote asset such as USDT is at the end of {pair}"
    base = pair.removesuffix(quote)
    if len(venue) > VENUE_LENGTH or len(base) > ASSET_LENGTH:
        return f"its venue is longer than {VENUE_LENGTH} characters or its asset longer than {ASSET_LENGTH}"
    return Recording(path, venue, base, quote, timeframe)


def _largest_group(recordings: list[Recording]) -> tuple[str, str]:
    groups: dict[tuple[str, str], list[Recording]] = defaultdict(list)
    for recording in recordings:
        groups[recording.venue, recording.quote].append(recording)

    def size(key: tuple[str, str]) -> tuple[int, int]:
        members = groups[key]
        return len({member.base for member in members}), sum(member.path.stat().st_size for member in members)

    return max(sorted(groups), key=size)
