"""What numba compiles: where it is kept, and that it is compiled in a process of its own.

Compiling takes some 250 MB, which whoever does it never gives back; loading what was compiled takes a third of that. So
nobody who works compiles: before numba is imported for the first time, a process that ends does, unless one has already
on this machine for these very files.
"""

import fcntl
import logging
import os
import platform
import subprocess
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Final

from django.conf import settings

logger = logging.getLogger(__name__)

KERNEL: Final = Path(settings.BASE_DIR) / "quant" / "backtest"
# Importing them compiles them, and keeps it.
COMPILES: Final = "import quant.backtest.figures, quant.backtest.kernel"
SECONDS: Final = 300.0
# How often who waits for its turn looks.
PAUSE: Final = 0.05


@cache
def keep_compiled() -> None:
    """Keep compiled code in the data folder, unless somebody has chosen a place, and see to it that it is there.

    Workers that come at the same moment wait for the first. Where compiling fails, whoever needs it will say why;
    where it takes longer than `SECONDS`, waiting included, it is ended or waited for no longer, and whoever needs it
    compiles.
    """
    folder = Path(os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(settings.DATA_DIR) / "numba")))
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"compiled-{_of_what()}"
    if done.exists():
        return
    until = monotonic() + SECONDS
    with (folder / "compiling").open("w") as turn:
        if _is_our_turn(turn, until) and not done.exists():
            left = max(until - monotonic(), 0)
            with suppress(subprocess.TimeoutExpired, subprocess.CalledProcessError):
                subprocess.run([sys.executable, "-c", COMPILES], cwd=settings.BASE_DIR, check=True, timeout=left)
                done.touch()


def _is_our_turn(turn: IO[str], until: float) -> bool:
    """Wait for it; False where somebody else, who may have been stopped, still has it then."""
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if monotonic() >= until:
            logger.warning("Another process has been compiling for %.0f s: it is waited for no longer.", SECONDS)
            return False
        sleep(PAUSE)


def _of_what() -> str:
    """What numba looks at before it takes what it has compiled: the files, itself, Python and the machine."""
    files = [(str(file), (found := file.stat()).st_mtime_ns, found.st_size) for file in sorted(KERNEL.glob("*.py"))]
    told = (files, version("numba"), version("llvmlite"), sys.version, platform.node(), platform.machine())
    return sha256(repr(told).encode()).hexdigest()[:16]
