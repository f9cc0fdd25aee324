"""A small disk of its own for the scratch instance, where one may be mounted: only such a disk is ever filled."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SIZE: Final = "1g"


@contextmanager
def own(directory: Path) -> Iterator[bool]:
    """Whether a disk could be mounted at the directory; it is gone after the block."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0755", "tmpfs", str(directory)]
    try:
        is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(directory)], check=False, capture_output=True)
