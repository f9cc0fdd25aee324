"""A crew of real forked processes: who ends or hangs is forked anew, and the others are not touched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
from django.conf import settings

from kit import heartbeat

SECONDS = 60.0
# Two members that leave signs as workers do, and one that fails at its first start when it is told to.
SCRIPT = """
import os, sys, time
from moniqo import crew
from kit.offspring import call_process, die_with_parent

crew.HANGS_SECONDS = 3.0
crew._LOOK_SECONDS = 0.3
parent = os.getpid()

def be(name, sign):
    die_with_parent(parent)
    call_process(name)
    if name in sys.argv[1:]:
        os._exit(3)
    while True:
        sign.leave(is_busy=True)
        time.sleep(0.2)

def tell(name, sentence):
    print(f"told {name}: {sentence}", flush=True)

members = {}
for name in ("orders", "sync"):
    sign = crew.Sign()
    members[name] = crew.Member(name, lambda name=name, sign=sign: be(name, sign), sign=sign)
sys.exit(crew.Crew(members, tell).run())
"""


@contextmanager
def crew(*broken: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *broken],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PYTHONPATH": str(settings.BASE_DIR)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=20)


def members(process: subprocess.Popen[str]) -> dict[str, psutil.Process]:
    """The forked processes by name, once both are there."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = {}
        for child in psutil.Process(process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                found[child.name()] = child
        if {"orders", "sync"} <= set(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def another(process: subprocess.Popen[str], before: psutil.Process) -> psutil.Process:
    """The process that took the place of `before`."""
    deadline = time.monotonic() + SECONDS
    while (found := members(process)["orders"]).pid == before.pid:
        assert time.monotonic() < deadline, "nobody took its place"
        time.sleep(0.05)
    return found


def test_who_is_killed_or_stands_still_is_forked_anew_and_the_other_goes_on() -> None:
    with crew() as process:
        first = members(process)
        first["orders"].kill()
        second = another(process, first["orders"])
        time.sleep(1)  # it has left a sign
        os.kill(second.pid, signal.SIGSTOP)
        third = another(process, second)
        assert third.is_running()
        assert members(process)["sync"] == first["sync"], "the other was not touched"
        assert process.poll() is None
        age = heartbeat.age(heartbeat.CREW.format(process.pid))
        assert age is not None, "whoever keeps the crew up can see that it lives"
        assert age < heartbeat.CREW_SECONDS
        process.terminate()
        said = process.communicate(timeout=20)[0]
    assert process.returncode in {0, signal.SIGTERM}
    assert "The workers of orders: the process was killed (SIGKILL" in said
    assert "stands still for" in said
    assert "told orders: The workers of orders hung and started again" in said
    assert "told sync" not in said


def test_who_cannot_even_start_ends_all() -> None:
    with crew("orders") as process:
        said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 3
    assert "The workers of orders could not start: the others end with them." in said
