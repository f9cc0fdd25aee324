"""Candle files as people have them: the one reader of every command that takes candles.

A file is opened whatever it is packed and encoded in (`opening`), its dialect and columns are found (`table`), its
times are read by the unit that each value shows (`moments`), and what its rows say is judged (`judging`): turned round
where the newest bar comes first, refused in one sentence where it cannot be known, and what cannot be true is named by
its line. What was repaired stands in `notes`; nothing is repaired in silence, and nothing is guessed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.errors import InvalidInputError
from markets.candles.files import judging, table
from markets.candles.files.judging import BadRow
from markets.candles.files.opening import text_of
from quant.candles import Candles

__all__ = ("MOST_SKIPPED", "BadRow", "CandleFile", "read_file")

# As many of a file's rows may be left out where bad ones may be left out at all: more is no accident any more.
MOST_SKIPPED: Final = 0.01


@dataclass(frozen=True)
class CandleFile:
    """What a file says. `candles` are its good rows, oldest first; `rows` counts all, `bad` names the others by line.

    `notes` are sentences about what was repaired.
    """

    path: Path
    candles: Candles
    rows: int
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...]

    def refusal(self, skip: float) -> str | None:
        """Why its bad rows may not be left out when at most `skip` (a fraction) of its rows may; else None."""
        if len(self.bad) <= skip * self.rows:
            return None
        tenths = -(-1000 * len(self.bad) // self.rows)
        first = self.bad[0]
        if len(self.bad) > self.rows / 2:
            return (
                f"Check what {self.path.name} is: {len(self.bad)} of the {self.rows} rows of it are no candles, the "
                f"first in line {first.line} ({first.reason})."
            )
        return (
            f"Correct {len(self.bad)} of the {self.rows} rows of {self.path.name}, the first in line {first.line} "
            f"({first.reason}); import_candles and backtest leave out so many with --skip-bad {tenths / 10:g}."
        )


def read_file(path: Path, *, length_ms: int | None = None) -> CandleFile:
    """The candles of a CSV file, plain, gzipped or zipped.

    `length_ms` is the length of a bar where it is known; otherwise it is the most common distance between two. Raises
    InvalidInputError, whose sentence names the fault and the way out, when the file cannot be understood as a whole.
    """
    parsed = table.parse(path.name, text_of(path))
    if not parsed.rows:
        raise InvalidInputError(f"Give a file with at least one candle: {path.name} has none.")
    judged = judging.judge(path.name, parsed, length_ms)
    return CandleFile(path, judged.candles, parsed.rows, judged.bad, (*parsed.notes, *judged.notes))
