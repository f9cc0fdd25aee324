"""`python -m moniqo.workers`: the workers of every queue, forked from one loaded program.

Each queue has a Celery worker of its own, so that orders never wait behind a slow venue. Started one by one they would
load Django, the exchanges and the kernel three times over; here one process loads them, freezes what is loaded, and
forks, so that the system keeps most of it once. When one worker ends, all end, and whoever runs us starts us again.
The process that listens to venues (`moniqo.streams`) is forked like them: it costs next to nothing while nobody has an
account to listen to. It alone is forked anew when it ends, because orders and syncs need none of it.

MONIQO_WORKERS says which queues, and how many processes each: `orders=2,prices=1,sync=2-6,streams=1`. With two numbers
there are as many as the first, and up to the second while all of them are busy: what waits for a venue that hangs costs
memory and no time, and those behind it get processes of their own. Another machine that is to help with syncs alone
sets `sync=8`.
"""

import gc
import os
import re
import signal
import sys
import time
from importlib import import_module
from types import FrameType
from typing import Final, NoReturn

from kit.offspring import die_with_parent
from moniqo import schedule

STREAMS: Final = "streams"
DEFAULT: Final = f"orders=2,prices=1,sync=2-6,{STREAMS}=1"
# How long the process that listens waits before it begins again after its end.
PAUSE_SECONDS: Final = 2.0
_PART: Final = re.compile(r"\s*(?P<queue>\w+)=(?P<least>\d+)(-(?P<most>\d+))?\s*")


def wanted(text: str) -> dict[str, tuple[int, int]]:
    """The fewest and the most processes by queue, from `orders=2,sync=2-6`. Raises ValueError with one sentence."""
    found = {}
    for part in map(_PART.fullmatch, text.split(",")):
        least, most = (int(part["least"]), int(part["most"] or part["least"])) if part else (0, 0)
        named = {**dict.fromkeys(schedule.QUEUES, sys.maxsize), STREAMS: 1}  # the most that there may be
        if part is None or not 1 <= least <= most <= named.get(part["queue"], 0):
            raise ValueError(f"MONIQO_WORKERS is {text!r}: write it like {DEFAULT}.")
        found[part["queue"]] = least, most
    return found


def main() -> int:
    """Load, fork, wait. Returns the exit code of the worker that ended first."""
    numbers = wanted(os.environ.get("MONIQO_WORKERS") or DEFAULT)
    _load()
    workers: dict[int, str] = {}
    ends = False

    def forward(number: int, frame: FrameType | None) -> None:
        nonlocal ends
        ends = True
        for pid in workers:
            os.kill(pid, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, forward)
    parent = os.getpid()
    for queue, (least, most) in numbers.items():
        pid = os.fork()
        if pid == 0:
            _be_listener(parent) if queue == STREAMS else _be_worker(queue, least, most, parent)
        workers[pid] = queue
    code = 0
    while workers:
        pid, status = os.wait()
        queue = workers.pop(pid)
        if queue == STREAMS and not ends:
            print("What listens to venues has ended: it begins again.", file=sys.stderr, flush=True)
            pid = os.fork()
            if pid == 0:
                _be_listener(parent, PAUSE_SECONDS)
            workers[pid] = queue
            continue
        if workers and not code:
            print(f"The workers of {queue} have ended: the others end with them.", file=sys.stderr, flush=True)
        code = code or os.waitstatus_to_exitcode(status)
        forward(signal.SIGTERM, None)
    return abs(code)


def _load() -> None:
    """Everything that the workers need, into memory that they share."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
    from django.conf import settings

    from moniqo.celery import app  # Django is set up by what comes next

    app.loader.import_default_modules()
    app.finalize()
    if settings.FEED.startswith("ccxt:") or _has_exchanges():
        import_module("ccxt")  # 70 MB and seconds, which every process would take for itself
    os.environ["CELERY_SKIP_CHECKS"] = "1"  # once is enough
    gc.collect()
    gc.freeze()  # a collection in a worker would touch, and so copy, every page


def _has_exchanges() -> bool:
    """Whether somebody has an account at an exchange. Whoever connects the first one later pays for loading it then."""
    from django.db import connections

    from kit import tenancy
    from wallets.models import Connection

    with tenancy.system():
        found = Connection.objects.filter(platform__adapter="ccxt").exists()
    connections.close_all()  # no process may inherit one
    return found


def _be_listener(parent: int, pause: float = 0) -> NoReturn:
    """Listen to venues in this forked process, after `pause` seconds and to its end."""
    from moniqo import streams

    _be_one_of_us(parent)
    time.sleep(pause)
    code = 1
    try:
        code = streams.run()
    finally:
        _end(code)


def _be_worker(queue: str, least: int, most: int, parent: int) -> NoReturn:
    """Run the queue's Celery worker in this forked process, to its end."""
    from moniqo.celery import app

    _be_one_of_us(parent)
    processes = ["-c", str(least)] if least == most else ["--autoscale", f"{most},{least}"]
    arguments = ["worker", "-Q", queue, *processes, "-n", f"{queue}@%h"]
    code = 1
    try:
        app.worker_main([*arguments, "--without-mingle", "--without-gossip"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        _end(code)


def _be_one_of_us(parent: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent(parent)


def _end(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ValueError as error:
        sys.exit(f"moniqo: {error}")
