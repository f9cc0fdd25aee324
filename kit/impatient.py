"""Redis for whoever can do without it: it is asked for a moment only, and after it failed nobody asks for a while.

What a request asks of Redis is a courtesy: a live event, a wake-up for a worker, a count. Rows hold whatever must not
be lost. So a Redis that hangs may cost a request a second, once, and the requests after it nothing.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

SECONDS: Final = 0.7
PAUSE_SECONDS: Final = 5.0
# A connection that a restart has closed is opened anew, once; who did not answer is not asked a second time.
_ONCE: Final = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))

_FAILURES: Final[tuple[type[Exception], ...]] = (redis.ConnectionError, redis.TimeoutError)

_away_until = 0.0


def client(url: str, *, seconds: float = SECONDS, **options: Any) -> redis.Redis:
    """A client whose every call ends within about `seconds`."""
    return redis.Redis.from_url(url, **patience(seconds), **options)


def patience(seconds: float = SECONDS) -> dict[str, Any]:
    """The same as options of a client."""
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": _ONCE}


def is_away() -> bool:
    """Whether Redis failed this process a moment ago: whoever can, does without it."""
    return time.monotonic() < _away_until


@contextmanager
def noticing(*errors: type[Exception]) -> Iterator[None]:
    """Remember when one of `errors` ends the block: Redis is away for a while then."""
    global _away_until
    try:
        yield
    except _FAILURES + errors:
        _away_until = time.monotonic() + PAUSE_SECONDS
        raise
