"""Signs of life: worker and beat leave the time of their last one in Redis, and everybody may ask how old it is.

Every ten seconds beat sends `beat_tick`. Sending it is beat's sign of life, carrying it out is the worker's: the second
proves the whole way from the schedule through the broker to a process with a free hand. Asking needs neither Django
nor the database, so container health checks are cheap.
"""

import os
import time
from typing import Any

import redis
from celery import shared_task
from celery.signals import beat_init, before_task_publish

PARTS = ("worker", "beat")
FRESH_SECONDS = 60.0  # six ticks: a worker busy with one long task is not dead

_KEY = "moniqo:heartbeat:{}"
_TIMEOUT_SECONDS = 2.0


def beat_once(part: str) -> None:
    """Leave a sign of life of `part` ("worker" or "beat")."""
    with _client() as client:
        client.set(_KEY.format(part), f"{time.time():.3f}")


def age(part: str) -> float | None:
    """Seconds since the last sign of life of `part`; None when there was none or Redis does not answer."""
    try:
        with _client() as client:
            moment = client.get(_KEY.format(part))
    except redis.RedisError:
        return None
    return None if moment is None else max(0.0, time.time() - float(moment))


def is_fresh(seconds: float | None) -> bool:
    """Whether an age means that the part is alive."""
    return seconds is not None and seconds < FRESH_SECONDS


@shared_task(name="kit.heartbeat.beat_tick")
def beat_tick() -> None:
    """The worker's sign of life."""
    beat_once("worker")


@beat_init.connect
def _watch_beat(**_: Any) -> None:
    before_task_publish.connect(_on_publish, sender="kit.heartbeat.beat_tick", weak=False)


def _on_publish(**_: Any) -> None:
    beat_once("beat")


def _client() -> redis.Redis:
    return redis.Redis.from_url(
        os.environ.get("REDIS_URL", "redis://127.0.0.1:1/0"),
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
    )
