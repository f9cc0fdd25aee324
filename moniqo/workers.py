"""`python -m moniqo.workers`: the workers of every queue, forked from one loaded program.

Each queue has a Celery worker of its own, so that orders never wait behind a slow venue. Started one by one they would
load Django, the exchanges and the kernel five times over; here one process loads them, freezes what is loaded, and
forks, so that the system keeps most of it once. The process that listens to venues (`moniqo.streams`) is forked like
them: it costs next to nothing while nobody has an account to listen to. Whoever ends or hangs is forked anew
(`moniqo.crew`); only a worker that cannot even start ends all.

MONIQO_WORKERS says which queues, and how many processes each, like
`orders=2-6,protection=1,prices=1-2,sync=2-6,rest=1-4,streams=1`. With two numbers there are as many as the first, and
up to the second while all of them are busy: what waits for a venue that hangs costs memory and no time, and those
behind it get processes of their own. Another machine that is to help with syncs alone sets `sync=8`.
"""

import os
import re
import sys
from functools import partial
from importlib import import_module
from typing import Final, NoReturn

from kit import garbage
from kit.offspring import call_process, die_with_parent
from moniqo import schedule
from moniqo.crew import Crew, Member, Sign

STREAMS: Final = "streams"
DEFAULT: Final = f"orders=2-6,protection=1,prices=1-2,sync=2-6,rest=1-4,{STREAMS}=1"
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
    """Load, fork, and keep everybody up until SIGTERM. Returns the exit code."""
    numbers = wanted(os.environ.get("MONIQO_WORKERS") or DEFAULT)
    _load()
    parent = os.getpid()
    return Crew({queue: _member(queue, *number, parent) for queue, number in numbers.items()}, _tell).run()


def _member(queue: str, least: int, most: int, parent: int) -> Member:
    if queue == STREAMS:
        return Member(queue, partial(_be_listener, parent))
    sign = Sign()
    return Member(queue, partial(_be_worker, queue, least, most, parent, sign), sign=sign)


def _tell(queue: str, sentence: str) -> None:
    """Tell operators that workers started again, or with no sentence that they have stayed up since."""
    from kit.alerts.models import PlatformAlert
    from kit.alerts.services import raise_platform_alert, resolve_platform_alert

    key = f"restart:{queue}"
    if not sentence:
        resolve_platform_alert(key=key)
        return
    title = f"Started again: {'what listens to venues' if queue == STREAMS else f'the workers of {queue}'}"
    raise_platform_alert(key=key, level=PlatformAlert.Level.WARNING, title=title, body=sentence)


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
    garbage.settle()  # a collection in a worker would touch, and so copy, every page


def _has_exchanges() -> bool:
    """Whether somebody has an account at an exchange. Whoever connects the first one later pays for loading it then."""
    from django.db import connections

    from kit import tenancy
    from wallets.models import Connection

    with tenancy.system():
        found = Connection.objects.filter(platform__adapter="ccxt").exists()
    connections.close_all()  # no process may inherit one
    return found


def _be_listener(parent: int) -> NoReturn:
    """Listen to venues in this forked process, to its end."""
    from moniqo import streams

    _be_one_of_us(parent, STREAMS)
    code = 1
    try:
        code = streams.run()
    finally:
        _end(code)


def _be_worker(queue: str, least: int, most: int, parent: int, sign: Sign) -> NoReturn:
    """Run the queue's Celery worker in this forked process, to its end."""
    from moniqo.celery import app

    _be_one_of_us(parent, queue)
    app.steps["consumer"].add(sign.step())
    processes = ["-c", str(least)] if least == most else ["--autoscale", f"{most},{least}"]
    arguments = ["worker", "-Q", queue, *processes, "-n", f"{queue}@%h"]
    code = 1
    try:
        app.worker_main([*arguments, "--without-mingle", "--without-gossip"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        _end(code)


def _be_one_of_us(parent: int, name: str) -> None:
    call_process(name)
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
