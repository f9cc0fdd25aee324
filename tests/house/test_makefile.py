"""What make says when it cannot go on names the reason, not a likely one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.embedded.process import run_as, unprivileged_account

pytestmark = pytest.mark.offline

ROOT = Path(__file__).resolve().parents[2]
# A Python that is new enough and can make no virtual environment.
PYTHON = """#!/bin/sh
[ "$1" = -c ]
"""


@pytest.fixture
def clone() -> Iterator[Path]:
    """A directory with the Makefile that also somebody else may enter, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory(prefix="moniqo-make-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        shutil.copy(ROOT / "Makefile", directory)
        (directory / "python").write_text(PYTHON)
        (directory / "python").chmod(0o755)
        yield directory


def make(directory: Path) -> str:
    """Make the virtual environment, as somebody whom permissions bind also when the tests run as root."""
    result = subprocess.run(
        ["make", ".venv/bin/python", f"PYTHON={directory}/python"],
        cwd=directory,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        **run_as(unprivileged_account()),
    )
    assert result.returncode != 0
    return result.stdout


def test_a_virtual_environment_that_cannot_be_entered_is_named(clone: Path) -> None:
    (clone / ".venv").mkdir(mode=0o700 if os.geteuid() == 0 else 0)
    said = make(clone)
    assert "moniqo: .venv is there and" in said
    assert "python3-venv" not in said
    (clone / ".venv").chmod(0o700)
    assert (clone / ".venv").is_dir(), "it is not ours to remove"


def test_a_python_without_its_venv_package_is_told_what_to_install(clone: Path) -> None:
    clone.chmod(0o777)
    assert "install its venv package (Debian: apt install python3-venv)" in make(clone)
