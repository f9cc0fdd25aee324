"""Threads: that ask the database by themselves, for work that mostly waits for somebody else, and those of requests."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext
from django.db import connections

# So many threads wait for the next request at most; what a crowd needs beyond that ends with it.
IDLE_MOST: Final = 64


@contextmanager
def threads(number: int, name: str) -> Iterator[Executor]:
    """At most `number` threads, whose connections with the database are closed at the end, however it comes."""
    opened: list[Any] = []
    try:
        with ThreadPoolExecutor(number, name, initializer=lambda: opened.extend(connections.all())) as found:
            yield found
    finally:
        for connection in opened:
            if connection.connection is not None:
                connection.connection.close()


class Lending:
    """Each request has a thread to itself, and leaves it to the next one.

    Django makes and ends one for each, and asgiref another that waits for its end, which a busy machine feels.
    """

    def __init__(self) -> None:
        self._idle: deque[_Thread] = deque()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Inside, all that has to run in one thread runs in one that nobody else has."""
        thread = self._idle.pop() if self._idle else _Thread()
        try:
            async with ThreadSensitiveContext(executor=thread):
                yield
        finally:
            thread.when_idle(self._take_back)

    def _take_back(self, thread: "_Thread") -> None:
        if len(self._idle) < IDLE_MOST:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)


class _Thread(ThreadPoolExecutor):
    """One thread, which knows the last thing that it was asked to do."""

    def __init__(self) -> None:
        super().__init__(1, "request")
        self._last: Future[Any] | None = None

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        self._last = super().submit(call, *given, **named)
        return self._last

    def when_idle(self, act: Callable[["_Thread"], None]) -> None:
        """Do it now, or once all that it was asked to do is done: who asked for it may have left. One thing comes after
        the other, so the last one says it; but for one that was given up, which says nothing of those before."""
        last = self._last
        if last is None or (last.done() and not last.cancelled()):
            act(self)
        else:
            super().submit(int).add_done_callback(lambda _: act(self))
