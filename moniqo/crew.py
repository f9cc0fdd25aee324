"""The forked workers as one crew: who ends is forked anew, who hangs is ended first, and the others go on.

Two things say that a worker of Celery hangs. Its own loop leaves a sign every five seconds in memory that it shares
with us: a process that stands still leaves none. And what comes through its queue is carried out, or something else
was going on there: a loop that runs before a pool that stands still, or that has lost its queue, shows in that. Both
are judged only while Redis answers, and some time after it does again: who waits for Redis does not hang.
"""

import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

import psutil
import redis
from celery import bootsteps
from celery.worker import state

from kit import heartbeat
from kit.offspring import in_words
from kit.pauses import MANY, Record

SIGN_SECONDS: Final = 5.0
HANGS_SECONDS: Final = 45.0
_LOOK_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.1
_FORMAT: Final = "dd"
_ENDS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

# Raise, or with no sentence resolve, what operators are told of a member; called in a process of its own.
Tell = Callable[[str, str], None]


class Sign:
    """When a worker's loop last ran and when it last had something in hand, shared with the process that forked it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, struct.calcsize(_FORMAT))

    def leave(self, *, is_busy: bool) -> None:
        """Called in the worker."""
        now = time.monotonic()
        busy_at = now if is_busy else self.read()[1]
        struct.pack_into(_FORMAT, self._memory, 0, now, busy_at)

    def read(self) -> tuple[float, float]:
        """Both moments, 0 for never."""
        alive_at, busy_at = struct.unpack_from(_FORMAT, self._memory, 0)
        return alive_at, busy_at

    def clear(self) -> None:
        """Before another worker begins."""
        struct.pack_into(_FORMAT, self._memory, 0, 0.0, 0.0)

    def step(self) -> type[bootsteps.StartStopStep]:
        """The part of a Celery worker that leaves it, as long as its loop runs."""
        sign = self

        class LeaveSigns(bootsteps.StartStopStep):
            requires = ("celery.worker.consumer.connection:Connection",)

            def start(self, parent: Any) -> None:
                self.timer = parent.timer.call_repeatedly(SIGN_SECONDS, _leave, (sign,))
                _leave(sign)

            def stop(self, parent: Any) -> None:
                self.timer.cancel()

        return LeaveSigns


def _leave(sign: Sign) -> None:
    sign.leave(is_busy=bool(state.active_requests))


@dataclass
class Member:
    """One worker; `be` is what its forked process does, to its end. `queue` is what its sign of life is called."""

    queue: str
    be: Callable[[], None]
    record: Record = field(default_factory=lambda: Record(started_at=0.0))
    sign: Sign | None = None
    pid: int | None = None
    is_told: bool = False


class Crew:
    """All members of this process. `run` returns when it was asked to end, or when one could not even start."""

    def __init__(self, members: Mapping[str, Member], tell: Tell) -> None:
        self._members = members
        self._tell = tell
        self._ends = False
        self._code = 0
        self._looked_at = 0.0
        self._answers_since: float | None = None
        self._ticks_since: float | None = None
        self._tellers: set[int] = set()

    def run(self) -> int:
        """Fork everybody and keep them up. Returns the exit code."""
        for number in _ENDS:
            signal.signal(number, self._forward)
        for member in self._members.values():
            self._fork(member)
        while any(member.pid for member in self._members.values()) or not self._ends:
            self._tend(time.monotonic())
            time.sleep(_POLL_SECONDS)
        return abs(self._code)

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self._ends = True
        for member in self._members.values():
            if member.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(member.pid, number)

    def _tend(self, now: float) -> None:
        self._reap(now)
        if self._ends:
            return
        for member in self._members.values():
            if member.record.is_due(now):
                self._fork(member)
            elif member.is_told and member.record.is_steady(now):
                member.is_told = False
                self._tell_of(member, "")
        if now > self._looked_at + _LOOK_SECONDS:
            self._looked_at = now
            self._look(now)

    # --- who ends --------------------------------------------------------------------------------------------------

    def _fork(self, member: Member) -> None:
        if member.sign is not None:
            member.sign.clear()
        # What arrives in between waits: our answer to it is not the child's.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
        pid = os.fork()
        if pid == 0:
            for number in _ENDS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
            member.be()
            os._exit(1)
        member.pid = pid
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        member.record.start(time.monotonic())

    def _reap(self, now: float) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._tellers:
                self._tellers.discard(pid)
                continue
            member = next((member for member in self._members.values() if member.pid == pid), None)
            if member is not None:
                self._lose(member, os.waitstatus_to_exitcode(status), now)

    def _lose(self, member: Member, code: int, now: float) -> None:
        member.pid = None
        if self._ends:
            self._code = self._code or code
            return
        if member.sign is not None and code > 0 and member.sign.read()[0] == 0 and not member.record.failures:
            # Its first start: what is wrong (a wrong database, a dangerous role) has to be seen, not tried again.
            _say(f"The workers of {member.queue} could not start: the others end with them.")
            self._code = code
            self._forward(signal.SIGTERM, None)
            return
        pause = member.record.fail(now)
        sentence = f"{_who(member)}: the process {in_words(code)} and starts again in {pause:.0f} s."
        _say(sentence)
        if member.record.failures >= MANY:
            self._tell_of(member, sentence)

    # --- who hangs -------------------------------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        """End who hangs, as far as that can be known now."""
        beat = heartbeat.age("beat")
        answers = beat is not None or heartbeat.answers()
        if answers:
            with suppress(redis.RedisError):
                heartbeat.beat_once(heartbeat.CREW.format(os.getpid()))
        self._answers_since = (self._answers_since or now) if answers else None
        self._ticks_since = (self._ticks_since or now) if heartbeat.is_fresh("beat", beat) else None
        for member in self._members.values():
            if member.pid is not None and (reason := self._hangs(member, now)):
                _say(f"{_who(member)}: {reason}. It is ended and starts again.")
                self._tell_of(member, f"{_who(member)} hung and started again: {reason}.")
                _kill_family(member.pid)

    def _hangs(self, member: Member, now: float) -> str:
        """Why a member counts as hanging; nothing while it does not."""
        if self._answers_since is None:
            return ""
        alive_at, busy_at = (0.0, 0.0) if member.sign is None else member.sign.read()
        since = max(member.record.started_at, self._answers_since)
        if member.sign is not None and now - max(since, alive_at) > HANGS_SECONDS:
            return f"its loop stands still for {now - max(since, alive_at):.0f} s"
        if self._ticks_since is None:
            return ""
        allowed = heartbeat.FRESH_SECONDS[member.queue]
        waited = now - max(since, self._ticks_since, busy_at)
        if waited > allowed and not heartbeat.is_fresh(member.queue, heartbeat.age(member.queue)):
            return f"nothing is carried out for {waited:.0f} s"
        return ""

    # --- words -----------------------------------------------------------------------------------------------------

    def _tell_of(self, member: Member, sentence: str) -> None:
        """In a process of its own: it opens connections, which no member may inherit."""
        member.is_told = member.is_told or bool(sentence)
        pid = os.fork()
        if pid == 0:
            try:
                self._tell(member.queue, sentence)
            finally:
                os._exit(0)
        self._tellers.add(pid)


def _who(member: Member) -> str:
    return "What listens to venues" if member.queue == "streams" else f"The workers of {member.queue}"


def _kill_family(pid: int) -> None:
    """End a process and its offspring, whatever state they are in."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for relative in [*process.children(recursive=True), process]:
            with suppress(psutil.Error):
                relative.kill()


def _say(sentence: str) -> None:
    with suppress(OSError):  # the disk of the log may be full
        print(sentence, file=sys.stderr, flush=True)
