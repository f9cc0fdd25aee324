"""`make run`, whole: a page answers, the demo login is there, everything stops together, and nothing is lost."""

import json
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from kit.embedded import hosts, probe
from kit.embedded.process import free_port
from tests.kit.embedded.conftest import as_root, eventually, manage, mounted, processes_of

Start = Callable[..., subprocess.Popen[str]]


class Running:
    """One `manage.py up` whose first page has answered."""

    def __init__(self, start: Start, directory: Path, **changes: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = hosts.url_of(changes.get("MONIQO_HOST", "127.0.0.1"), self.port)
        self.process = start("manage.py", "up", MONIQO_PORT=str(self.port), **changes)
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
        process = psutil.Process(running.pids[part])
        family = [process, *process.children(recursive=True)]
        assert all(member.uids().effective for member in family), f"{part} does not run as root"

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
        eventually(lambda part=part, before=before: running.pids[part] != before, f"{part} is started again")  # type: ignore[misc]  # a default in a lambda has no type
    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "everything is ready again")
    assert psutil.pid_exists(running.process.pid)

    down = manage(environment, "down")
    assert down.returncode == 0, down.stderr
    assert f"process {running.process.pid}" in down.stdout
    assert running.process.wait(timeout=10) == 0
    assert processes_of(directory) == []
    assert "Nothing runs" in manage(environment, "down").stdout


@pytest.mark.slow
@pytest.mark.parametrize("part", ["web", "worker", "redis", "postgres"])
def test_what_stands_still_is_started_again_and_operators_are_told(running: Running, part: str) -> None:
    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "everything is ready")
    before = psutil.Process(running.pids[part])
    for process in [before, *before.children(recursive=True)]:
        process.suspend()
    eventually(lambda: running.pids[part] not in {None, before.pid}, f"{part} is started again")
    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "everything is ready again")
    system = json.loads((running.directory / "services.json").read_text())["addresses"]["DATABASE_SYSTEM_URL"]

    def told() -> bool:
        with psycopg.connect(system) as connection:
            found = connection.execute("SELECT key FROM alerts_platformalert").fetchall()
        return (f"restart:{part}",) in found

    eventually(told, "operators are told")
    assert f"{part} gave no sign of life for" in running.stop()


@pytest.mark.slow
def test_a_child_that_cannot_stay_up_takes_nothing_with_it(running: Running) -> None:
    web, postgres = running.pids["web"], running.pids["postgres"]
    for _ in range(6):
        before = running.pids["beat"]
        os.kill(before, signal.SIGKILL)
        eventually(lambda before=before: running.pids["beat"] not in {None, before}, "beat is started again")  # type: ignore[misc]  # a default in a lambda has no type
    assert (running.pids["web"], running.pids["postgres"]) == (web, postgres)
    assert probe.get(f"{running.url}/healthz")[0] == 200
    assert "beat was killed (SIGKILL" in running.stop()


@pytest.mark.slow
@as_root
def test_on_a_full_disk_what_ended_waits_for_room_and_nothing_else_ends(start: Start, directory: Path) -> None:
    with mounted(directory, "size=600m"):
        run = Running(start, directory)
        try:
            free = shutil.disk_usage(directory).free
            (directory / "filler").write_bytes(bytes(free - 8 * 1024 * 1024))
            before = {part: run.pids[part] for part in ("postgres", "web")}
            for pid in before.values():
                os.kill(pid, signal.SIGKILL)
            time.sleep(15)
            assert run.process.poll() is None
            assert not any(psutil.pid_exists(pid) for pid in before.values()), "they wait"
            assert probe.get(f"{run.url}/healthz")[0] == 0
            (directory / "filler").unlink()
            eventually(lambda: probe.get(f"{run.url}/readyz")[0] == 200, "everything is ready again")
        finally:
            said = run.stop()
        assert said.count(f"The disk of {directory} is full") == 1
        assert said.count("There is room on the disk again") == 1


@pytest.mark.slow
def test_a_path_with_spaces_and_a_long_one_and_ipv6_work(start: Start, directory: Path) -> None:
    folder = directory / "a folder, with spaces" / ("long " * 30).strip() / ("and longer " * 15).strip()
    folder.mkdir(parents=True)
    run = Running(start, folder, MONIQO_DATA=str(folder), MONIQO_HOST="::1")
    eventually(lambda: probe.get(f"{run.url}/readyz")[0] == 200, "everything is ready")
    assert run.url in run.stop()


@pytest.mark.slow
def test_a_damaged_login_of_the_demo_is_a_sentence(running: Running, start: Start, directory: Path) -> None:
    running.stop()
    (directory / "demo.json").write_text("{")
    again = Running(start, directory)
    assert f"{directory / 'demo.json'} cannot be read: delete it" in again.stop()


@pytest.mark.slow
def test_a_beat_without_a_fresh_sign_of_life_is_started_again(running: Running) -> None:
    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "worker and beat are ready")
    before = running.pids["beat"]
    os.kill(before, signal.SIGSTOP)  # it is there, and sends nothing
    eventually(lambda: running.pids["beat"] != before, "beat is started again")
    eventually(lambda: probe.get(f"{running.url}/readyz")[0] == 200, "everything is ready again")
