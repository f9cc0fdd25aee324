"""Servers and supervisors of their own: nothing here shares the stage that the other tests stand on."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
SERVICE_VARIABLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL", "REDIS_URL")
SECRET_VARIABLES = ("MONIQO_SECRET_KEY", "MONIQO_CREDENTIAL_KEYS")
PATIENCE_SECONDS = 150.0  # ends at once when all is well; a busy machine needs it


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory that the services' account may enter also when the tests run as root, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory(prefix="moniqo-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def directory() -> Iterator[Path]:
    """The test's own."""
    with temporary_directory() as path:
        yield path


@pytest.fixture
def environment(directory: Path) -> dict[str, str]:
    """The environment of a developer who has set nothing but the data directory."""
    kept = {k: v for k, v in os.environ.items() if k not in SERVICE_VARIABLES and k not in SECRET_VARIABLES}
    return kept | {"MONIQO_DATA": str(directory), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a Python process in that environment; what is left at the end of the test is killed with its children."""
    started: list[subprocess.Popen[str]] = []

    def start_process(*arguments: str, **changes: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment | changes,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start_process
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def manage(environment: dict[str, str], *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a management command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=environment | changes,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"In vain: {what}."
        time.sleep(0.05)


def processes_of(directory: Path) -> list[psutil.Process]:
    """Everything alive that has the data directory in its command line or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("MONIQO_DATA", "")]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(directory) in word for word in words):
            found.append(process)
    return found


@contextmanager
def mounted(directory: Path, options: str) -> Iterator[None]:
    """A small disk of its own at the directory; skips the test where nobody may mount one."""
    command = ["mount", "-t", "tmpfs", "-o", f"mode=0755,{options}", "tmpfs", str(directory)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


without_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every directory")
as_root = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("sh") is None, reason="only root changes its account")
