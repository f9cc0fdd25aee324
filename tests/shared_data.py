"""Recordings of real venues, which live outside of the project: tests that need them skip where they are not."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("MONIQO_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def recording(name: str) -> Path:
    """The file `name` under the folder of MONIQO_SHARED_DATA, or ../shared/data beside the project."""
    file = SHARED / name
    if not file.exists():
        pytest.skip(f"The recording {name} is not in {SHARED}: set MONIQO_SHARED_DATA to where it is.")
    return file
