"""A part of the whole, with real processes: how it ended, in words, and when it counts as hanging."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from kit.embedded import parts, space
from kit.embedded.parts import HANGS_SECONDS, LOADS_SECONDS, Part, Process
from kit.embedded.process import spawn
from kit.pauses import Record
from tests.kit.embedded.conftest import as_root, eventually, mounted

pytestmark = pytest.mark.offline


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Callable[..., Part]]:
    made: list[Part] = []

    def make(script: str, lives: Callable[[], bool | None] = lambda: True) -> Part:
        log = tmp_path / "part.log"

        def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
            return spawn(command, log=log)

        runs = Process([sys.executable, "-c", script], start)
        made.append(Part("part", log, runs, lives, Record(time.monotonic())))
        return made[-1]

    yield make
    for one in made:
        one.runs.kill()


def test_the_reason_is_the_last_line_of_this_start_and_no_other(part: Callable[..., Part]) -> None:
    broken = part("import sys; print('Traceback'); sys.exit('The port is taken.')")
    broken.start(time.monotonic())
    eventually(lambda: broken.runs.code() is not None, "it ends")
    assert broken.why() == "ended with code 1 (The port is taken.)"

    silent = part("import sys; sys.exit(3)")
    silent.start(time.monotonic())
    eventually(lambda: silent.runs.code() is not None, "it ends")
    assert silent.why() == "ended with code 3", "what the last run wrote is no reason of this one"


def test_a_kill_is_called_one(part: Callable[..., Part]) -> None:
    sleeping = part("import time; print('all is well', flush=True); time.sleep(60)")
    sleeping.start(time.monotonic())
    assert sleeping.runs.code() is None
    os.kill(sleeping.runs.pid or 0, signal.SIGKILL)
    eventually(lambda: sleeping.runs.code() is not None, "it ends")
    assert "was killed (SIGKILL" in sleeping.why()
    assert "all is well" not in sleeping.why()


def test_a_part_that_stands_still_is_ended_with_its_offspring(part: Callable[..., Part]) -> None:
    script = "import subprocess, time; subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    parent = part(script)
    parent.start(time.monotonic())
    process = psutil.Process(parent.runs.pid)
    eventually(process.children, "it has a child")
    (child,) = process.children()
    for one in (process, child):
        one.suspend()
    parent.runs.kill()
    assert parent.runs.code() == -signal.SIGKILL
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "the child is gone too")


def test_it_hangs_after_it_has_lived_and_says_nothing_for_a_while(part: Callable[..., Part]) -> None:
    answers: list[bool | None] = [False]
    asked = part("import time; time.sleep(60)", lambda: answers[0])
    now = time.monotonic()
    asked.start(now)
    assert asked.hangs(now + HANGS_SECONDS + 1) is None, "it loads"
    assert asked.hangs(now + LOADS_SECONDS + 1) is not None
    answers[0] = True
    assert asked.hangs(now) is None
    answers[0] = None
    assert asked.hangs(now + 1000) is None, "nobody knows"
    answers[0] = False
    assert asked.hangs(time.monotonic() + HANGS_SECONDS - 1) is None
    assert asked.hangs(time.monotonic() + HANGS_SECONDS + 1) is not None


@pytest.mark.slow
def test_a_server_that_stands_still_greets_nobody(part: Callable[..., Part]) -> None:
    script = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
        "while True: line, _ = s.accept(); line.recv(1); line.send(b'N')"
    )
    server = part(script)
    server.start(time.monotonic())
    eventually(lambda: server.last_lines(1), "it listens")
    port = int(server.last_lines(1)[0])
    assert parts.greets(port, b"?")
    os.kill(server.runs.pid or 0, signal.SIGSTOP)
    assert not parts.greets(port, b"?")


@as_root
def test_a_full_disk_is_one_without_room_for_a_start(directory: Path) -> None:
    with mounted(directory, "size=64m"):
        assert not space.is_full(directory)
        (directory / "filler").write_bytes(bytes(32 * 1024 * 1024))
        assert space.is_full(directory)
        assert space.is_full(Path("/"), directory)
        (directory / "filler").unlink()
        assert not space.is_full(directory)
