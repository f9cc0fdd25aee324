"""What the supervisor keeps up: each part is started, asked whether it lives, and ended, in the same three ways."""

import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

import psutil

from kit import heartbeat
from kit.embedded import logs, probe
from kit.embedded.postgres import Postgres
from kit.embedded.process import kill_group
from kit.embedded.redis import Redis
from kit.offspring import in_words
from kit.pauses import Record

# How long a part may give no answer: a busy one answers late, one that stands still never.
HANGS_SECONDS: Final = 30.0
# Before its first sign of life a part loads its program, on a slow machine for long.
LOADS_SECONDS: Final = 120.0
_BEAT_SECONDS: Final = 25.0  # it sends a tick every ten
_ASK_SECONDS: Final = 3.0
_LOG_LINES: Final = 8


class Runs(Protocol):
    """A process that can be started again."""

    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def code(self) -> int | None: ...
    def kill(self) -> None: ...


@dataclass
class Part:
    """One of them: `lives` says whether it does its work, None when that cannot be known now."""

    name: str
    log: Path
    runs: Runs
    lives: Callable[[], bool | None]
    record: Record
    is_told: bool = False
    _lived_at: float | None = None
    _log_begins: int = 0

    @property
    def is_up(self) -> bool:
        return self.runs.code() is None and self.record.again_at is None

    def start(self, now: float) -> None:
        """Start it. Raises ServiceError or OSError with the reason."""
        self._log_begins = self.log.stat().st_size if self.log.exists() else 0
        self.runs.start()
        self.record.start(now)
        self._lived_at = None

    def hangs(self, now: float) -> float | None:
        """Ask it: the seconds that it has given no sign of life, once they are too many."""
        lives = self.lives()
        if lives or (lives is None and self._lived_at is not None):
            self._lived_at = time.monotonic()
        since, allowed = (self._lived_at, HANGS_SECONDS) if self._lived_at else (self.record.started_at, LOADS_SECONDS)
        silent = now - since
        return silent if lives is False and silent > allowed else None

    def keep_log_small(self) -> None:
        """Begin the log anew where it has grown; another time where the disk has no room for that."""
        with suppress(OSError):
            if logs.rotate(self.log):
                self._log_begins = 0

    def why(self) -> str:
        """How it ended, with the last line of what it wrote since its start."""
        code = self.runs.code()
        lines = self.last_lines(1)
        said = f" ({lines[0].strip()[:200]})" if code is not None and code > 0 and lines else ""
        return f"{in_words(code or 0)}{said}"

    def last_lines(self, count: int = _LOG_LINES) -> list[str]:
        """The end of its log, nothing of an earlier start."""
        try:
            with self.log.open("rb") as file:
                file.seek(self._log_begins)
                return [line for line in file.read().decode(errors="replace").splitlines() if line.strip()][-count:]
        except OSError:
            return []


@dataclass
class Process:
    """A child of ours as something that runs."""

    command: Sequence[str]
    spawn: Callable[[Sequence[str]], subprocess.Popen[bytes]]
    child: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child is not None and self.child.poll() is None else None

    def start(self) -> None:
        self.child = self.spawn(self.command)

    def code(self) -> int | None:
        """How it ended; 0 when it was never started, None while it runs."""
        return 0 if self.child is None else self.child.poll()

    def kill(self) -> None:
        """End it with its offspring, whatever state they are in."""
        if self.child is not None:
            kill_family(self.child.pid)
            kill_group(self.child.pid)
            self.child.wait()


@dataclass
class Service:
    """PostgreSQL or Redis as something that runs."""

    service: Postgres | Redis

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def start(self) -> None:
        self.service.start()

    def code(self) -> int | None:
        """How it ended; 0 when a start failed, None while it runs."""
        return self.service.code()

    def kill(self) -> None:
        if (pid := self.service.pid) is not None:
            kill_family(pid)
            self.service.stop()


def kill_family(pid: int) -> None:
    """Kill a process and its offspring; some of them lead groups of their own."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return
    for member in family:
        try:
            member.kill()
        except psutil.Error:
            continue


# --- signs of life ----------------------------------------------------------------------------------------------------


def web_lives(url: str) -> bool:
    """Whether the web process answers at all."""
    return probe.get(f"{url}/healthz", seconds=_ASK_SECONDS)[0] == HTTPStatus.OK


def beat_lives() -> bool | None:
    """Whether beat has sent a tick a moment ago; nobody knows without Redis."""
    return _left_a_sign("beat", _BEAT_SECONDS)


def crew_lives(pid: int | None) -> bool | None:
    """The same of whoever keeps the workers up; that the workers live is seen to there."""
    return _left_a_sign(heartbeat.CREW.format(pid), heartbeat.CREW_SECONDS)


def _left_a_sign(part: str, within: float) -> bool | None:
    age = heartbeat.age(part)
    if age is None:
        return False if heartbeat.answers() else None
    return -heartbeat.AHEAD_SECONDS < age < within


def greets(port: int, hello: bytes, host: str = "127.0.0.1") -> bool:
    """Whether a server says anything at all in answer to `hello`."""
    try:
        with socket.create_connection((host, port), timeout=_ASK_SECONDS) as line:
            line.settimeout(_ASK_SECONDS)
            line.sendall(hello)
            return bool(line.recv(1))
    except OSError:
        return False
