"""One Redis subscription per web process, fanned out to every open stream.

A stream is a bounded queue that drops its oldest events when the browser is too slow: whoever missed something, by
dropping or because Redis was away, is told to `resync`, which makes the page fetch everything once. So memory per
stream is bounded, and no page shows old figures without knowing.

A stream lasts as long as the session that opened it. When somebody signs out, changes the password or is switched off,
a message has every process look at the database at once; without a message it looks all the same every few seconds.
"""

import asyncio
import contextlib
import logging
import os
from abc import ABC, abstractmethod
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import redis.asyncio as redis
from django.db import Error
from redis.exceptions import RedisError

from kit.live.publish import CHANNEL, ENDED, EVERYBODY
from kit.live.sessions import owners_of

QUEUE_EVENTS = 64
# In each web process; a browser opens one for each tab.
STREAMS_OF_SESSION = 8
STREAMS_OF_OWNER = 64
LOOK_SECONDS = 20.0
# Look-ups of sessions at once, each with a connection, and how many may wait for one.
_LOOKS = 4
_OPENING_MOST = 512
_RECONNECT_SECONDS = 1.0
_SUBSCRIBE_SECONDS = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """What is sent to a page. `id` is Redis' stream id, `milliseconds-sequence`; empty for what is not replayed."""

    id: str
    name: str
    data: str

    def encode(self) -> bytes:
        """The event in the wire format of the HTML standard, section 9.2 (server-sent events)."""
        head = f"id: {self.id}\n" if self.id else ""
        return f"{head}event: {self.name}\ndata: {self.data}\n\n".encode()


RESYNC = Event(id="", name="resync", data="{}")


class TooManyError(Exception):
    """Of streams that are open, or being opened."""


class EndedError(Exception):
    """The session that opened the stream is over."""


class Listener(ABC):
    """Who is told what happens, as long as its `session` stands, or its token (`token_key`)."""

    def __init__(self, session: str) -> None:
        self.session = session

    @abstractmethod
    def put(self, event: Event) -> None:
        """Something has happened."""

    @abstractmethod
    def end(self) -> None:
        """The session is over."""


class Stream(Listener):
    """The events of one open page, oldest first."""

    def __init__(self, session: str) -> None:
        super().__init__(session)
        self.is_ended = False
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()

    def put(self, event: Event) -> None:
        if len(self._events) >= QUEUE_EVENTS:
            self._events.clear()
            event = RESYNC  # covers what was dropped and this one
        self._events.append(event)
        self._arrived.set()

    def end(self) -> None:
        self.is_ended = True
        self._arrived.set()

    async def take(self) -> list[Event]:
        """Everything that has arrived; waits for the first. Raises EndedError."""
        await self._arrived.wait()
        if self.is_ended:
            raise EndedError
        self._arrived.clear()
        events = list(self._events)
        self._events.clear()
        return events


def client_name() -> str:
    """What Redis calls this process' subscription (CLIENT LIST)."""
    return f"moniqo-live-{os.getpid()}"


class Hub:
    """The streams of one event loop."""

    def __init__(self, url: str) -> None:
        # No read timeout: a quiet subscription is a healthy one. Keep-alive finds out about dead peers.
        self._redis = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=None, socket_keepalive=True, client_name=client_name()
        )
        self._streams: dict[str, set[Listener]] = defaultdict(set)
        self._sessions = Counter[str]()  # open and being opened, by session
        self._opening = 0
        self._listener: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(_LOOKS, thread_name_prefix="live")
        self._subscribed = asyncio.Event()

    @contextlib.contextmanager
    def place(self, session: str) -> Iterator[None]:
        """A stream's place among those of its session. Raises TooManyError."""
        if self._sessions[session] >= STREAMS_OF_SESSION or self._opening >= _OPENING_MOST:
            raise TooManyError
        self._sessions[session] += 1
        try:
            yield
        finally:
            self._sessions[session] -= 1
            if not self._sessions[session]:
                del self._sessions[session]

    async def owner_of(self, session: str) -> UUID | None:
        """Whose session it is, if it stands. Raises TooManyError, Error of the database."""
        self._opening += 1
        try:
            return (await self._owners_of([session])).get(session)
        finally:
            self._opening -= 1

    @contextlib.asynccontextmanager
    async def open(self, owner_id: UUID, stream: Listener, *, after: str = "") -> AsyncIterator[None]:
        """Put the owner's events into `stream`, beginning with those since event id `after` (empty: only new ones).

        Raises TooManyError.
        """
        if len(self._streams.get(CHANNEL.format(owner_id), ())) >= STREAMS_OF_OWNER:
            raise TooManyError
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
            self._watcher = asyncio.create_task(self._watch())
        with contextlib.suppress(TimeoutError):  # without Redis the page is open all the same, and told to resync later
            await asyncio.wait_for(self._subscribed.wait(), _SUBSCRIBE_SECONDS)
        channel = CHANNEL.format(owner_id)
        self._streams[channel].add(stream)
        try:
            if after:
                await self._replay(stream, channel, after)
            yield
        finally:
            self._streams[channel].discard(stream)
            if not self._streams[channel]:
                del self._streams[channel]

    async def close(self) -> None:
        """Give the connections back."""
        tasks = {task for task in (self._listener, self._watcher, *self._looks) if task is not None}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener = self._watcher = None
        self._threads.shutdown(wait=False)
        await self._redis.aclose()

    async def look(self, owner_id: UUID | None = None) -> None:
        """End the streams, of the owner or of everybody, whose session does not stand any more."""
        channels = self._streams if owner_id is None else (CHANNEL.format(owner_id),)
        streams = {channel: tuple(self._streams.get(channel, ())) for channel in channels}
        sessions = {stream.session for of_owner in streams.values() for stream in of_owner}
        if not sessions:
            return
        try:
            owners = await self._owners_of(sessions)
        except Error as error:
            logger.warning("Whose streams may stay is asked again later: %s", type(error).__name__)
            return
        for channel, of_owner in streams.items():
            for stream in of_owner:
                if stream.session not in owners or CHANNEL.format(owners[stream.session]) != channel:
                    stream.end()

    async def _owners_of(self, sessions: Iterable[str]) -> dict[str, UUID]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, owners_of, list(sessions))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def _replay(self, stream: Listener, channel: str, after: str) -> None:
        """Send what was missed. An event that arrives meanwhile may come twice, which a hint may."""
        try:
            oldest = await self._recorded(channel, since="-", count=1)
            missed = await self._recorded(channel, since=f"({after}", count=QUEUE_EVENTS)
        except RedisError:
            stream.put(RESYNC)
            return
        forgotten = not oldest or _order(oldest[0].id) > _order(after)
        if forgotten or len(missed) == QUEUE_EVENTS:
            stream.put(RESYNC)
            return
        for event in missed:
            stream.put(event)

    async def _recorded(self, channel: str, *, since: str, count: int) -> list[Event]:
        rows = await self._redis.xrange(channel, min=since, count=count)
        entries = cast("list[tuple[str, dict[str, str]]]", rows)  # because of decode_responses
        return [Event(event_id, fields["event"], fields["data"]) for event_id, fields in entries]

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.psubscribe(CHANNEL.format("*"))
                    async for message in subscription.listen():
                        if message["type"] == "psubscribe":
                            self._on_subscribed()
                        elif message["type"] == "pmessage":
                            self._deliver(message["channel"], message["data"])
            except RedisError as error:
                logger.warning("Live events are interrupted: %s", error)
            self._subscribed.clear()
            await asyncio.sleep(_RECONNECT_SECONDS)

    def _on_subscribed(self) -> None:
        """From now on nothing is missed; streams that were open before may have missed something."""
        self._subscribed.set()
        for streams in self._streams.values():
            for stream in streams:
                stream.put(RESYNC)

    def _deliver(self, channel: str, message: str) -> None:
        event = Event(*message.split(" ", 2))
        if channel == ENDED:
            self._looks.add(task := asyncio.create_task(self.look(UUID(event.name))))
            task.add_done_callback(self._looks.discard)
            return
        owners = self._streams.values() if channel == EVERYBODY else [self._streams.get(channel, set())]
        for streams in owners:
            for stream in streams:
                stream.put(event)


def _order(event_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = event_id.partition("-")
    return int(milliseconds), int(sequence or 0)
