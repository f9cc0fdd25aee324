"""A log that has grown is kept once and begun anew, while the process that writes it goes on."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from kit.embedded import logs
from kit.embedded.parts import Part, Process
from kit.embedded.process import spawn, stop
from kit.pauses import Record

pytestmark = pytest.mark.offline
WRITER = "import time\nfor n in range(10**6):\n    print(f'line {n}', flush=True)\n    time.sleep(0.001)"


def test_who_writes_goes_on_in_the_file_that_was_begun_anew(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    process: subprocess.Popen[bytes] = spawn([sys.executable, "-c", WRITER], log=log)
    try:
        sizes = []
        for _ in range(3):
            until(lambda: log.exists() and log.stat().st_size > 2000)
            assert logs.rotate(log, most=2000)
            sizes.append(log.stat().st_size)
        until(lambda: log.stat().st_size > 0)
    finally:
        stop(process)
    aside = log.with_name("web.log.1")
    assert max(sizes) < 2000
    assert aside.stat().st_mode & 0o077 == 0
    assert b"\0" not in log.read_bytes(), "what was written after it stands at the beginning"
    assert b"line " in aside.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["web.log", "web.log.1"]


def test_a_small_log_and_none_at_all_stay_as_they_are(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    assert not logs.rotate(log)
    log.write_text("one line")
    assert not logs.rotate(log)
    assert log.read_text() == "one line"


def test_the_supervisor_keeps_the_logs_of_its_parts_small(tmp_path: Path) -> None:
    log = tmp_path / "beat.log"
    log.write_bytes(b"x" * (logs.MOST_BYTES + 1))
    part = Part("beat", log, Process([sys.executable], lambda command: spawn(command, log=log)), bool, Record(0.0))
    part.keep_log_small()
    assert log.stat().st_size == 0
    log.write_text("why it ended\n")
    assert part.last_lines(1) == ["why it ended"]


def until(condition: object) -> None:
    ends = time.monotonic() + 20
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < ends
        time.sleep(0.01)
