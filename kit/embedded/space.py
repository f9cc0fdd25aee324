"""Whether the disk of the data folder has room: nothing that ended is started again on one that is full."""

import shutil
from pathlib import Path
from typing import Final

# PostgreSQL writes its log in files of 16 MB, and needs the next one before it can recover.
LEAST_BYTES: Final = 48 * 1024 * 1024


def is_full(*directories: Path) -> bool:
    """Whether less is free than a start needs."""
    return any(shutil.disk_usage(directory).free < LEAST_BYTES for directory in directories if directory.exists())
