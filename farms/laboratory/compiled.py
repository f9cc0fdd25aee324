"""Where what numba compiles is kept: said before numba is imported for the first time, inside the first backtest."""

import os
from pathlib import Path

from django.conf import settings


def keep_compiled() -> None:
    """Keep compiled code in the data folder, unless somebody has chosen a place."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(settings.DATA_DIR) / "numba"))
