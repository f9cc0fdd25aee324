"""Logs of what we start never fill the disk: a log that has grown is kept once as `NAME.log.1`, and begun anew.

Every process appends to a file that it holds open, so the file stays and its content moves: what was written between
the two is lost, which a second file per process, held open by another one, would not be worth.
"""

import shutil
from pathlib import Path
from typing import Final

from kit.files import private

MOST_BYTES: Final = 16 * 1024 * 1024


def rotate(log: Path, *, most: int = MOST_BYTES) -> bool:
    """Move what is in `log` aside where it is more than `most` bytes; whether it was. Raises OSError."""
    if not log.exists() or log.stat().st_size <= most:
        return False
    aside = log.with_name(f"{log.name}.1")
    with log.open("rb") as full, open(aside, "wb", opener=private) as file:
        shutil.copyfileobj(full, file)
    with log.open("r+b") as full:
        full.truncate(0)
    return True
