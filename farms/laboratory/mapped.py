"""Candles of a sweep as files that workers of one machine map into their memory, so that all of them hold one copy.

A worker that has no file of a sweep makes it from the database, in its own data folder: machines share nothing else.
A file says the same as long as nobody corrects candles; every block says on which it was tried, and they are compared.
"""

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import numpy as np
from django.conf import settings

from farms.laboratory.packing import hash_of_candles
from farms.models import Sweep
from markets.candles.known import load_between
from quant.candles import Candles
from quant.errors import CandleError

COLUMNS: Final = ("open", "high", "low", "close", "volume")
# A file that nobody has made or needed for a day is of a sweep that is over.
KEPT_SECONDS: Final = 86_400


def mapped_candles(sweep: Sweep) -> tuple[Candles, str]:
    """The candles of the sweep's market, and their hash.

    Raises CandleError where there are none.
    """
    folder = Path(settings.DATA_DIR) / "candles"
    file = folder / f"{sweep.pk}.npy"
    if not file.exists():
        _make(sweep, file)
    return _opened(sweep.pk, str(file))


@lru_cache(maxsize=1)
def _opened(pk: UUID, file: str) -> tuple[Candles, str]:
    """Once per process and sweep: reading all of it for its hash takes as long as some trials."""
    rows = np.load(file, mmap_mode="c")
    os.utime(file)
    candles = Candles(rows[0].view(np.int64), *rows[1:])
    return candles, hash_of_candles([candles])


def _make(sweep: Sweep, file: Path) -> None:
    """Written beside it and renamed: whoever is killed, or comes second, leaves a whole file or none."""
    candles = load_between(
        instrument_id=sweep.instruments[0], timeframe=sweep.timeframe, since=sweep.since, until=sweep.until
    )
    if not len(candles):
        raise CandleError("Its candles are not there any more: import or collect them, and run it again.")
    file.parent.mkdir(parents=True, exist_ok=True)
    _forget(file.parent)
    rows = np.empty((1 + len(COLUMNS), len(candles)))
    rows[0].view(np.int64)[:] = candles.ts
    for number, name in enumerate(COLUMNS, start=1):
        rows[number] = getattr(candles, name)
    beside = file.with_name(f"{uuid4()}.part")
    with beside.open("wb") as stream:
        np.save(stream, rows)
    beside.replace(file)


def _forget(folder: Path) -> None:
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            old.unlink(missing_ok=True)
