"""Signs of life: beat, the workers of each queue and the process that listens to venues leave the time of their last
one in Redis; anybody may ask its age.

Every ten seconds beat sends `beat_tick` to each queue. Sending it is beat's sign of life, carrying it out is the
workers': the second proves the whole way from the schedule through the broker to a process with a free hand. Asking
needs neither Django nor the database, so container health checks are cheap.
"""

import os
import time
from typing import Any, Final

import redis
from celery import shared_task
from celery.signals import before_task_publish

from kit import impatient

PARTS: Final = ("orders", "protection", "prices", "sync", "rest", "streams", "beat")
# Six ticks: workers that are busy with a long task are not dead. All of `sync` may wait for slow venues until their
# time is up, and all of `rest` be busy with the work of a night; nothing urgent waits behind them.
FRESH_SECONDS: Final = {**dict.fromkeys(PARTS, 60.0), "sync": 150.0, "rest": 150.0}
# Two machines' clocks differ by a second or two. A sign from further in the future was left by a clock that was wrong,
# and says nothing about the present.
AHEAD_SECONDS: Final = 10.0
# Whoever keeps the workers of one machine up (`moniqo.crew`) leaves a sign under its process id every few seconds, for
# whoever keeps it up in turn.
CREW: Final = "crew:{}"
CREW_SECONDS: Final = 20.0

_KEY = "moniqo:heartbeat:{}"
_TIMEOUT_SECONDS = 1.0
_KEPT_SECONDS = 86_400


def beat_once(part: str) -> None:
    """Leave a sign of life of `part`, one of `PARTS` or a crew."""
    with _client() as client:
        client.set(_KEY.format(part), f"{time.time():.3f}", ex=_KEPT_SECONDS)


def age(part: str) -> float | None:
    """Seconds since the last sign of life of `part`, negative when it came from the future.

    None when there was none or Redis does not answer.
    """
    try:
        with _client() as client:
            moment = client.get(_KEY.format(part))
    except redis.RedisError:
        return None
    return None if moment is None else time.time() - float(moment)


def answers() -> bool:
    """Whether Redis answers at all."""
    try:
        with _client() as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def waiting(queue: str) -> int | None:
    """How many tasks wait in the queue; None when Redis, which is the broker too, does not answer."""
    try:
        with _client() as client:
            return int(client.llen(queue))
    except redis.RedisError:
        return None


def is_fresh(part: str, seconds: float | None) -> bool:
    """Whether an age means that the part is alive now."""
    return seconds is not None and -AHEAD_SECONDS < seconds < FRESH_SECONDS[part]


def in_words(seconds: float | None) -> str:
    """`12 s ago`, `300 s in the future: a clock was set`, `no sign of life yet`."""
    if seconds is None:
        return "no sign of life yet"
    if seconds < -AHEAD_SECONDS:
        return f"{-seconds:.0f} s in the future: a clock was set"
    return f"{max(0.0, seconds):.0f} s ago"


@shared_task(name="kit.heartbeat.beat_tick")
def beat_tick(queue: str) -> None:
    """The sign of life of the queue that it came through."""
    beat_once(queue)


def watch_beat() -> None:
    """Let this process leave beat's sign of life with every tick that it sends."""
    before_task_publish.connect(_on_publish, sender="kit.heartbeat.beat_tick", weak=False)


def _on_publish(**_: Any) -> None:
    beat_once("beat")


def _client() -> redis.Redis:
    return impatient.client(os.environ.get("REDIS_URL", "redis://127.0.0.1:1/0"), seconds=_TIMEOUT_SECONDS)
