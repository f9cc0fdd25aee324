"""Recordings of real venues, which live outside of the project.

A test that uses one also runs on a recording that the tests make themselves, so that a clone without them leaves
nothing untested: it is parametrized over `MADE` and `RECORDED`, and skips only the latter.
"""

import os
from pathlib import Path
from typing import Final

import pytest

SHARED = Path(os.environ.get("MONIQO_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
MADE: Final = "made"
RECORDED: Final = "recorded"


def recording(name: str) -> Path:
    """The file or folder `name` under the folder of MONIQO_SHARED_DATA, or ../shared/data beside the project."""
    file = SHARED / name
    if not file.exists():
        pytest.skip(f"The recording {name} is not in {SHARED}: set MONIQO_SHARED_DATA to where it is.")
    return file
