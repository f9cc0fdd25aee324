"""`GET /live`: the stream of server-sent events, served in front of Django.

Django's handler would keep a thread and a pooled connection for every open page; here an open page costs one small
task. It is opened by the session's cookie, which the database is asked about once, and lasts as long as the session
(`kit.live.hub`). The browser reconnects by itself and names the last event it saw (`Last-Event-ID`); what it missed is
replayed, or it is told to `resync`. Without a session the answer is 401, and 429 where too many streams are open.
"""

import asyncio
import contextlib
import re
from collections.abc import Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import Error
from django.http.cookie import parse_cookie

from kit.bodies import Application, Receive, Scope, Send
from kit.live.hub import EndedError, Hub, Stream, TooManyError

PATH = "/live"
PING_SECONDS = 15.0
RETRY_MILLISECONDS = 3000
STREAM_SECONDS = 3600.0
RETRY_AFTER_SECONDS = 30

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect events otherwise
]
_SESSION = re.compile(r"[a-z0-9]{8,64}")
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
    session = _session(scope)
    if not session:
        await _refuse(send, 401, "Sign in: there is no session.")
        return
    hub = the_hub()
    try:
        with hub.place(session):
            owner_id = await hub.owner_of(session)
            if owner_id is None:
                await _refuse(send, 401, "The session is over: reload the page.")
                return
            stream = Stream(session)
            async with hub.open(owner_id, stream, after=_last_event_id(scope)):
                await _stream(stream, receive, send)
    except TooManyError:
        await _refuse(send, 429, "Too many pages are open: close some.", RETRY_AFTER_SECONDS)
    except Error:
        await _refuse(send, 503, "The database does not answer: try again in a moment.", RETRY_AFTER_SECONDS)


async def _stream(stream: Stream, receive: Receive, send: Send) -> None:
    """Send events until the browser leaves, the session is over or the stream is old."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await _body(send, f"retry: {RETRY_MILLISECONDS}\n\n".encode())
    if not await until_gone(_pump(stream, send), asyncio.create_task(gone(receive)), STREAM_SECONDS):
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def until_gone(pump: Coroutine[Any, Any, None], left: asyncio.Task[None], seconds: float) -> bool:
    """Run `pump` until it ends, its client has `left`, or that long; whether the client has."""
    tasks = {asyncio.create_task(pump), left}
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return left.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(stream: Stream, send: Send) -> None:
    while True:
        try:
            async with asyncio.timeout(PING_SECONDS):
                events = await stream.take()
        except TimeoutError:
            await _body(send, b": ping\n\n")
        except EndedError:
            return
        else:
            await _body(send, b"".join(event.encode() for event in events))


async def gone(receive: Receive) -> None:
    """Ends once the client has left; its body has been read."""
    while (await receive())["type"] != "http.disconnect":
        continue


async def _body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _refuse(send: Send, status: int, sentence: str, wait_seconds: int = 0) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    if wait_seconds:
        headers.append((b"retry-after", str(wait_seconds).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def _session(scope: Scope) -> str:
    """The key that the browser's cookie names, or ''."""
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, "")
    return key if _SESSION.fullmatch(key) else ""


def _last_event_id(scope: Scope) -> str:
    """The id the browser saw last, or '' for a new page; anything else but an id of ours counts as none."""
    value = next((value for name, value in scope["headers"] if name == b"last-event-id"), b"").decode("latin-1")
    return value if _EVENT_ID.fullmatch(value) else ""


def the_hub() -> Hub:
    """The one of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.REDIS_URL)
    return _hubs[loop]
