"""A container whose health check fails again and again ends itself; nothing else is ever ended by one."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kit.embedded.conftest import ROOT, as_root

pytestmark = pytest.mark.offline
SHELL = shutil.which("sh") or "/bin/sh"


def container(directory: Path, first: str, *checks: bool) -> float:
    """Seconds until processes of their own end: a sleeper of ten seconds, and checks beside it that count to two."""
    shutil.copy(SHELL, directory / first)
    code = "import sys; from kit.embedded import containers; containers.count('web', 2, is_well=sys.argv[1] == 'True')"
    checked = "; ".join(f'{sys.executable} -c "{code}" {is_well}' for is_well in checks)
    script = f"sleep 10 & {checked}; wait"
    command = ["unshare", "--pid", "--fork", "--mount-proc", str(directory / first), "-c", script]
    environment = {"TMPDIR": str(directory), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    began = time.monotonic()
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if "unshare failed" in result.stderr:
        pytest.skip("no namespaces can be made here")
    return time.monotonic() - began


@as_root
def test_the_second_failure_in_a_row_ends_a_container_with_an_init(directory: Path) -> None:
    assert container(directory, "tini", False, False) < 10
    assert (directory / "moniqo-health-web").read_text() == "0"


@pytest.mark.slow
@as_root
@pytest.mark.parametrize(("first", "checks"), [("tini", (False, True, False)), ("bash", (False, False, False))])
def test_a_good_check_in_between_or_another_first_process_ends_nothing(
    directory: Path, first: str, checks: tuple[bool, ...]
) -> None:
    assert container(directory, first, *checks) >= 10
