"""How a drill reads in a terminal."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kit.drilling import Row
from moniqo.drills.instance import DrillError, Instance

_WIDTHS: Final = (36, 10, 8, 9, 6, 9, 10, 6)


def _columns(*texts: object) -> str:
    first, *others = map(str, texts)
    return first.ljust(_WIDTHS[0]) + "".join(text.rjust(width) for text, width in zip(others, _WIDTHS[1:], strict=True))


HEAD: Final = _columns("fault", "ready in", "orders", "expired", "lost", "doubled", "slowest", "500s")


def line(row: Row) -> str:
    """One row of the table."""
    ready = "never" if row.seconds is None else f"{row.seconds:.1f} s"
    lost = row.expired, row.lost, row.doubled
    return _columns(row.fault, ready, row.orders, *lost, f"{row.slowest:.1f} s", row.broken)


def proved(instance: Instance) -> str:
    """What the proof of the books says against them; nothing when they agree."""
    try:
        instance.manage("verify")
    except DrillError as error:
        return str(error)
    return ""


@contextmanager
def removed(directory: Path) -> Iterator[None]:
    """Remove the folder after the block."""
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)
