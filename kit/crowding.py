"""How many requests are worked on at once: each keeps a thread and a connection, and there are only so many of those.

The others wait in front of the door, without either, for their turn; who has waited too long, or finds too many
waiting, is told at once to come again. So a crowd makes answers late or few, never wrong, and what is under way ends.
Who leaves while waiting gives the place up, and nothing of theirs is begun.
A body is read before its request comes to the door: who sends slowly keeps nobody out.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from kit.frames import roomy
from kit.outages import BUSY, answer
from kit.threads import Lending

# Of those who stand aside, where nobody else comes: one waits for the database while the next one computes.
ASIDE: Final = 3
# For so many seconds after somebody else was there it is one at a time: so the next page finds no more before it.
RECENTLY_SECONDS: Final = 2.0
# Seconds for which they let others go first; longer than a page takes, so that they fill the time between pages.
GIVES_WAY_SECONDS: Final = 0.25
# In the scope of a request that does.
STANDS_ASIDE: Final = "moniqo.aside"
# In the scope of one that a program asks and that does not, and behind which no program stands aside either.
IS_URGENT: Final = "moniqo.urgent"
# In the scope of one that is asked on somebody's behalf: a future that is done once they have left.
LEFT: Final = "moniqo.left"
# As web servers write it down: nobody is there to be answered, and nothing was begun.
NOBODY_THERE: Final = 499
# Whether the process lives has to be answered most of all when it has much to do.
_ALWAYS: Final = ("/healthz", "/readyz")


# A timer of the loop may go off that much early.
_TICK: Final = 0.001


class CrowdedError(Exception):
    """There is no room, and none in time."""


class LeftError(Exception):
    """Nobody waits any more."""


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """Of one who stands aside: a future that is done once it is called in, and until when others go first."""

    called: asyncio.Future[None]
    gives_way_until: float


class Door:
    """Lets `at_once` in, `waiting` more wait `seconds` at most. Of one event loop.

    Who stands `aside` shares the processor with those who look at pages: `ASIDE` of them are let in, one at a time
    where others have been `recently`, and none while others are inside, until the first of them has given way for
    `gives_way` seconds; then it comes in, alone. They wait beside the others, a quarter as many: what programs ask at
    once takes no page its place. What is `urgent` waits behind nobody aside, and nobody aside waits for it.
    """

    def __init__(
        self,
        at_once: int,
        waiting: int,
        seconds: float,
        *,
        gives_way: float = GIVES_WAY_SECONDS,
        recently: float = RECENTLY_SECONDS,
    ) -> None:
        self._inside = asyncio.Semaphore(at_once)
        self._waiting = {"aside": 0, "urgent": 0, "others": 0}
        self._most = {"aside": max(waiting // 4, 1), "urgent": waiting, "others": waiting}
        self._seconds, self._gives_way, self._recently = seconds, gives_way, recently
        self._others_left_at = -math.inf
        self._here = {"aside": 0, "urgent": 0, "others": 0}
        self._queue: deque[_Turn] = deque()

    async def come(
        self, *, aside: bool = False, urgent: bool = False, left: asyncio.Future[Any] | None = None
    ) -> Callable[[], None]:
        """Wait for one's turn, until one has `left`; call what it returns to leave. Raises CrowdedError, LeftError."""
        kind = "aside" if aside else "urgent" if urgent else "others"
        if left is not None and left.done():
            raise LeftError
        if self._waiting[kind] >= self._most[kind]:
            raise CrowdedError
        self._waiting[kind] += 1
        try:
            async with asyncio.timeout(self._seconds) as patience:
                with _ending(patience, left):
                    await self._come(kind)
        except TimeoutError as error:
            raise LeftError if left is not None and left.done() else CrowdedError from error
        finally:
            self._waiting[kind] -= 1
        return partial(self._go, kind)

    def _go(self, kind: str) -> None:
        self._inside.release()
        self._leave(kind)

    async def _come(self, kind: str) -> None:
        if kind == "aside" and (self._queue or not self._has_room_aside):
            await self._queued()
        else:
            self._here[kind] += 1
        try:
            await self._inside.acquire()
        except BaseException:
            self._leave(kind)
            raise

    async def _queued(self) -> None:
        """Wait to be called in, in the order of coming."""
        loop = asyncio.get_running_loop()
        mine = _Turn(loop.create_future(), loop.time() + self._gives_way)
        self._queue.append(mine)
        later = loop.call_at(mine.gives_way_until + _TICK, self._call_in)
        try:
            await mine.called
        except asyncio.CancelledError:
            if mine in self._queue:
                self._queue.remove(mine)
            else:  # called in at the moment it left
                self._leave("aside")
            raise
        finally:
            later.cancel()

    def _leave(self, kind: str) -> None:
        self._here[kind] -= 1
        if kind == "others":
            loop = asyncio.get_running_loop()
            self._others_left_at = loop.time()
            if not self._here["others"]:  # by then there is room for more, though nobody may come or go
                loop.call_later(self._recently + _TICK, self._call_in)
        self._call_in()

    def _call_in(self) -> None:
        while self._queue and (self._has_room_aside or self._is_owed_to_first):
            self._here["aside"] += 1
            called = self._queue.popleft().called
            if not called.cancelled():
                called.set_result(None)

    @property
    def _has_room_aside(self) -> bool:
        were_others = asyncio.get_running_loop().time() < self._others_left_at + self._recently
        return not self._here["others"] and self._here["aside"] < (1 if were_others else ASIDE)

    @property
    def _is_owed_to_first(self) -> bool:
        first = self._queue[0]
        return not self._here["aside"] and asyncio.get_running_loop().time() >= first.gives_way_until


@contextmanager
def _ending(patience: asyncio.Timeout, left: asyncio.Future[Any] | None) -> Iterator[None]:
    """In the block, who has left has no patience any more."""

    def over(_: object) -> None:
        with suppress(RuntimeError):  # the waiting ended at that very moment
            patience.reschedule(0)  # long ago

    if left is not None:
        left.add_done_callback(over)
    try:
        yield
    finally:
        if left is not None:
            left.remove_done_callback(over)


class Handler(ASGIHandler):
    """Django behind such a door.

    All of a request runs in its thread at one go, from the signal that it began to that of its end, middleware and
    view in between: none of ours is asynchronous. Django would go to the thread three times and more, and wait for the
    interpreter each time, which is felt when many ask at once. So its connection is free before the answer is sent.
    """

    def __init__(self) -> None:
        super().__init__()
        self._doors: dict[asyncio.AbstractEventLoop, Door] = {}
        self._under_way: set[asyncio.Task[HttpResponseBase]] = set()
        self._threads = Lending()
        self._answer = sync_to_async(roomy(self._whole), thread_sensitive=True)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As Django does it, in a thread that others had before."""
        if scope["type"] != "http":
            raise ValueError(f"Only HTTP is answered here, not {scope['type']}.")
        async with self._threads.lent():
            await self.handle(scope, receive, send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, unless whoever asks leaves before."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            request, refused = self.create_request(scope, body)
            if refused is not None:
                await self.send_response(refused, send)
            if request is None:
                return
            left = asyncio.ensure_future(receive())
            answered = asyncio.create_task(self._answered(request, send))
            try:
                await asyncio.wait({left, answered}, return_when=asyncio.FIRST_COMPLETED)
                if answered.done():
                    await answered
            finally:
                left.cancel()
                answered.cancel()
                await asyncio.wait({left, answered})

    async def _answered(self, request: HttpRequest, send: Any) -> None:
        response = await self.get_response_async(request)
        try:
            await self.send_response(response, send)
        finally:
            if response.streaming:
                await sync_to_async(response.close)()

    def _whole(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, in the thread. What is read while it is sent ends with the sending, all else here."""
        request_started.send(sender=type(self), scope=getattr(request, "scope", {}))
        response = self.get_response(request)
        response._handler_class = type(self)  # type: ignore[attr-defined]  # who says that it ended
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            response.close()
        return response

    def load_middleware(self, is_async: bool = False) -> None:
        """As a synchronous handler has it, whatever is asked for."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Django's answer, or 503 when it is nobody's turn in time, or 499 to whoever asked for somebody who left."""
        if request.path in _ALWAYS:
            return await self._answer(request)
        scope = getattr(request, "scope", {})
        try:
            ways = {"aside": STANDS_ASIDE in scope, "urgent": IS_URGENT in scope}
            leave = await self._door().come(**ways, left=scope.get(LEFT))
        except CrowdedError:
            return answer(request, BUSY)
        except LeftError:
            return HttpResponse(status=NOBODY_THERE)
        # Who asks may go away; the thread works on, and the place is its until it is done.
        task = asyncio.create_task(self._answer(request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(lambda _: leave())
        return await asyncio.shield(task)

    def _door(self) -> Door:
        loop = asyncio.get_running_loop()
        if loop not in self._doors:
            limits = settings.REQUESTS_AT_ONCE, settings.REQUESTS_WAITING, settings.REQUEST_WAIT_SECONDS
            self._doors[loop] = Door(*limits)
        return self._doors[loop]
