"""`GET /live?token=…`: the stream of server-sent events, served in front of Django.

Django's handler would keep a thread and a pooled connection for every open page; here an open page costs one small
task. The browser reconnects by itself and names the last event it saw (`Last-Event-ID`); what it missed is replayed,
or it is told to `resync`. When the token has expired the answer is 401, and the page fetches a new one from
`/live/token`.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings

from kit.live.hub import Hub, Stream
from kit.live.tokens import TokenError, read_token

PATH = "/live"
PING_SECONDS = 15.0
RETRY_MILLISECONDS = 3000
STREAM_SECONDS = 3600.0  # whoever has signed out elsewhere loses the stream after an hour at the latest

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect events otherwise
]
_EVENT_ID = re.compile(r"\d{1,20}-\d{1,20}")

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def dispatch(django_application: Application) -> Application:
    """The ASGI application that serves live streams itself and leaves everything else to Django."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"] == PATH:
            await _live(scope, receive, send)
        else:
            await django_application(scope, receive, send)

    return application


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            if (hub := _hubs.pop(asyncio.get_running_loop(), None)) is not None:
                await hub.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "lifespan.startup.complete"})


async def _live(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] != "GET":
        await _refuse(send, 405, "Open the stream with GET.")
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    try:
        owner_id = read_token(query.get("token", [""])[0])
    except TokenError as error:
        await _refuse(send, error.status, str(error))
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await _body(send, f"retry: {RETRY_MILLISECONDS}\n\n".encode())
    await _stream(owner_id, _last_event_id(scope), receive, send)


async def _stream(owner_id: UUID, after: str, receive: Receive, send: Send) -> None:
    """Send events until the browser leaves or the stream is old."""
    async with _hub().open(owner_id, after=after) as stream:
        tasks = {asyncio.create_task(_pump(stream, send)), asyncio.create_task(_until_gone(receive))}
        done, pending = await asyncio.wait(tasks, timeout=STREAM_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if not done:
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _pump(stream: Stream, send: Send) -> None:
    while True:
        try:
            events = await asyncio.wait_for(stream.take(), PING_SECONDS)
        except TimeoutError:
            await _body(send, b": ping\n\n")
        else:
            await _body(send, b"".join(event.encode() for event in events))


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _refuse(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def _last_event_id(scope: Scope) -> str:
    """The id the browser saw last, or '' for a new page; anything else but an id of ours counts as none."""
    value = next((value for name, value in scope["headers"] if name == b"last-event-id"), b"").decode("latin-1")
    return value if _EVENT_ID.fullmatch(value) else ""


def _hub() -> Hub:
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.REDIS_URL)
    return _hubs[loop]
