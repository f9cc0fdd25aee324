"""`make run`, whole: a page answers, the demo login is there, everything stops together, and nothing is lost."""

import json
import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from kit.embedded import probe
from kit.embedded.process import free_port
from tests.kit.embedded.conftest import eventually, manage, processes_of

Start = Callable[..., subprocess.Popen[str]]


class Running:
    """One `manage.py up` whose first page has answered."""

    def __init__(self, start: Start, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = start("manage.py", "up", MONIQO_PORT=str(self.port))
        eventually(lambda: self.process.poll() is not None or "beat" in self.pids, "web, worker and beat are up")
        assert self.process.poll() is None, self.process.communicate()

    @property
    def pids(self) -> dict[str, int]:
        try:
            description = json.loads((self.directory / "services.json").read_text())
        except FileNotFoundError:
            return {}
        # A run that was killed leaves its description behind.
        return dict(description.get("processes", {})) if description["pid"] == self.process.pid else {}

    def stop(self) -> str:
        """Ctrl-C. Returns what was printed."""
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return output


@pytest.fixture
def running(start: Start, directory: Path) -> Iterator[Running]:
    run = Running(start, directory)
    yield run
    if run.process.poll() is None:
        run.stop()


@pytest.mark.slow
def test_a_first_run_serves_pages_prints_the_login_and_stops_as_a_whole(
    running: Running, directory: Path, environment: dict[str, str]
) -> None:
    status, page = probe.get(f"{running.url}/login/")
    assert status == 200
    assert "<form" in page

    demo = directory / "demo.json"
    login = json.loads(demo.read_text())
    assert stat.S_IMODE(demo.stat().st_mode) == 0o600
    assert set(login) == {"url", "email", "password"}
    assert login["url"] == running.url

    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "worker and beat are ready")
    report = manage(environment, "status")
    assert report.returncode == 0, report.stdout
    for part in ("postgres", "redis", "web", "worker", "beat"):
        assert f"{part:<10}process {running.pids[part]}" in report.stdout

    printed = running.stop()
    assert running.url in printed
    assert login["password"] in printed
    assert str(directory) in printed
    assert processes_of(directory) == []
    assert manage(environment, "status").returncode == 1


@pytest.mark.slow
def test_a_killed_run_takes_everything_along_and_the_next_one_finds_it_all(
    running: Running, start: Start, directory: Path
) -> None:
    login = json.loads((directory / "demo.json").read_text())
    running.process.kill()
    running.process.wait()
    eventually(lambda: processes_of(directory) == [], "no process outlives the supervisor")

    again = Running(start, directory)
    kept = json.loads((directory / "demo.json").read_text())
    assert (kept["email"], kept["password"]) == (login["email"], login["password"])
    assert kept["url"] == again.url, "the address follows the port"
    again.stop()


@pytest.mark.slow
def test_what_dies_is_started_again_and_down_stops_it_all(
    running: Running, directory: Path, environment: dict[str, str]
) -> None:
    for part in ("web", "redis", "postgres"):
        before = running.pids[part]
        os.kill(before, signal.SIGKILL)
        eventually(lambda part=part, before=before: running.pids[part] != before, f"{part} is started again")  # type: ignore[misc]
    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "everything is ready again")
    assert psutil.pid_exists(running.process.pid)

    down = manage(environment, "down")
    assert down.returncode == 0, down.stderr
    assert f"process {running.process.pid}" in down.stdout
    assert running.process.wait(timeout=10) == 0
    assert processes_of(directory) == []
    assert "Nothing runs" in manage(environment, "down").stdout


@pytest.mark.slow
def test_a_beat_without_a_fresh_sign_of_life_is_started_again(running: Running) -> None:
    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "worker and beat are ready")
    before = running.pids["beat"]
    os.kill(before, signal.SIGSTOP)  # it is there, and sends nothing
    eventually(lambda: running.pids["beat"] != before, "beat is started again")
    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "everything is ready again")
