"""Tell an owner's open pages that something changed.

Events go into a short Redis stream, which numbers them and replays what a page missed while it reconnected, and to
a channel, from which every web process fans them out. Both happen in one script, so an event is never announced
without its number. A live event is a hint: losing one costs a moment's delay, so a failing Redis never fails the
caller, and history that is built under a controlled clock is no news.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson
import redis
from django.conf import settings
from django.db import transaction

from kit import clock, impatient

CHANNEL = "moniqo:live:{}"
EVERYBODY = CHANNEL.format("everybody")
ENDED = CHANNEL.format("ended")
REPLAY_EVENTS = 256
REPLAY_SECONDS = 600

# KEYS: stream and channel in one; ARGV: event, data, length, seconds.
_PUBLISH = """
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'event', ARGV[1], 'data', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[1] .. ' ' .. ARGV[2])
return id
"""

logger = logging.getLogger(__name__)
_clients: dict[str, redis.Redis] = {}


def publish(*, owner_id: UUID, event: str, data: dict[str, Any]) -> None:
    """Send `event` (one word, such as "order") with JSON `data` to the owner's pages, after the current commit."""
    publish_each(owner_id=owner_id, event=event, data=[data])


def publish_each(*, owner_id: UUID, event: str, data: Iterable[dict[str, Any]]) -> None:
    """The same for each of many, in their order and in one message to Redis."""
    _check_name(event)
    if clock.is_controlled():
        return
    bodies = [orjson.dumps(one, default=str) for one in data]
    if bodies:
        transaction.on_commit(lambda: _send(owner_id, event, bodies), robust=True)


def broadcast(*, event: str, data: dict[str, Any]) -> None:
    """Send `event` to every open page, after the current commit, for what is shared by all, such as prices.

    It carries no number and is not replayed: the next one is only seconds away.
    """
    _check_name(event)
    if clock.is_controlled():
        return
    body = orjson.dumps(data, default=str)
    transaction.on_commit(lambda: _send_to_all(event, body), robust=True)


def end_streams(*, owner_id: UUID, using: str | None = None) -> None:
    """Have every web process look, after the commit, which streams of the owner's still have a session that stands."""
    transaction.on_commit(lambda: _send_to(ENDED, str(owner_id), b"{}"), using=using, robust=True)


def _check_name(event: str) -> None:
    if " " in event or "\n" in event:
        raise ValueError(f"An event's name is one word, not {event!r}.")


def _send(owner_id: UUID, event: str, bodies: Sequence[bytes]) -> None:
    channel = CHANNEL.format(owner_id)

    def send(client: redis.Redis) -> None:
        with client.pipeline(transaction=False) as pipe:
            for body in bodies:
                pipe.eval(_PUBLISH, 1, channel, event, body, REPLAY_EVENTS, REPLAY_SECONDS)
            pipe.execute()

    if not impatient.is_away():
        _try(event, send)


def _send_to_all(event: str, body: bytes) -> None:
    if not impatient.is_away():
        _send_to(EVERYBODY, event, body)


def _send_to(channel: str, event: str, body: bytes) -> None:
    _try(event, lambda client: client.publish(channel, b" %b %b" % (event.encode(), body)))


def _try(event: str, send: Callable[[redis.Redis], object]) -> None:
    try:
        with impatient.noticing():
            send(_client())
    except redis.RedisError as error:
        logger.warning("The live event %s was not sent: %s", event, error)


def _client() -> redis.Redis:
    """One client per address and process; it is safe for threads and reconnects by itself."""
    url = settings.REDIS_URL
    if url not in _clients:
        _clients[url] = impatient.client(url)
    return _clients[url]
