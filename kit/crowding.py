"""How many requests are worked on at once: each keeps a thread and a connection, and there are only so many of those.

The others wait in front of the door, without either, for their turn; who has waited too long, or finds too many
waiting, is told at once to come again. So a crowd makes answers late or few, never wrong, and what is under way ends.
A body is read before its request comes to the door: who sends slowly keeps nobody out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kit.outages import BUSY, answer

# Whether the process lives has to be answered most of all when it has much to do.
_ALWAYS: Final = ("/healthz", "/readyz")


class CrowdedError(Exception):
    """There is no room, and none in time."""


class Door:
    """Lets `at_once` in, `waiting` more wait `seconds` at most. Of one event loop."""

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        self._inside = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._most = waiting
        self._seconds = seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Run the block when it is one's turn. Raises CrowdedError."""
        if self._waiting >= self._most:
            raise CrowdedError
        self._waiting += 1
        try:
            await asyncio.wait_for(self._inside.acquire(), self._seconds)
        except TimeoutError as error:
            raise CrowdedError from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._inside.release()


class Handler(ASGIHandler):
    """Django behind such a door."""

    def __init__(self) -> None:
        super().__init__()
        self._doors: dict[asyncio.AbstractEventLoop, Door] = {}

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Django's answer, or 503 when it is nobody's turn in time."""
        if request.path in _ALWAYS:
            return await super().get_response_async(request)
        try:
            async with self._door().turn():
                return await super().get_response_async(request)
        except CrowdedError:
            return answer(request, BUSY)

    def _door(self) -> Door:
        loop = asyncio.get_running_loop()
        if loop not in self._doors:
            limits = settings.REQUESTS_AT_ONCE, settings.REQUESTS_WAITING, settings.REQUEST_WAIT_SECONDS
            self._doors[loop] = Door(*limits)
        return self._doors[loop]
