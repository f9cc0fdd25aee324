"""What is sent to us is bounded before anything of it is kept: how large it may be, and how long it may take.

Stands in front of Django, which would write a body of any size to the disk and wait for it as long as it takes. What
is declared too large is refused at once (413), what grows too large is refused when it does, and who sends too slowly
is cut (408). A request costs no thread and no connection of the database until its body is here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.template.loader import render_to_string

from kit.api import PREFIX, problem

# What programs ask, which send JSON and are told problems, not pages.
PROGRAMS: Final = (PREFIX, "/mcp", "/agui/")
JSON_BYTES: Final = 256 * 1024
# Seconds for the whole body, and until the next piece of it.
BODY_SECONDS: Final = 30.0
PIECE_SECONDS: Final = 10.0

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class _RefusedError(Exception):
    """Not read any further."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def bounded(application: Application) -> Application:
    """The ASGI application, which gets no body that is too large or too slow."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        most = limit(scope["path"], headers.get(b"content-type", b"").decode("latin-1"))
        try:
            if scope["query_string"].count(b"&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
                # Django raises wherever such a query is read first; the page of an error that reads it takes a minute.
                raise _RefusedError(HTTPStatus.BAD_REQUEST, "The address has too many parameters.")
            if (declared := headers.get(b"content-length", b"")).isdigit() and int(declared) > most:
                raise _too_large(most)
            await application(scope, _bounded(receive, most), send)
        except _RefusedError as error:  # Django reads the whole body before it answers: nothing was sent yet
            await _refuse(scope, send, error)

    return answer


def limit(path: str, content_type: str) -> int:
    """The bytes that a body of that kind may have there: forms may be larger than what programs send."""
    is_json = path.startswith(PROGRAMS) or "json" in content_type
    most: int = JSON_BYTES if is_json else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return most


def _bounded(receive: Receive, most: int) -> Receive:
    """The same messages, as long as their body is neither larger nor slower than it may be."""
    got, over, until = 0, False, time.monotonic() + BODY_SECONDS

    async def take() -> dict[str, Any]:
        nonlocal got, over
        if over:  # what comes now is that the client has left, whenever it does
            return await receive()
        try:
            async with asyncio.timeout(max(min(PIECE_SECONDS, until - time.monotonic()), 0)):
                message = await receive()
        except TimeoutError as error:
            raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT, "What you send arrives too slowly: try again.") from error
        got += len(message.get("body", b""))
        if got > most:
            raise _too_large(most)
        over = not message.get("more_body", False)
        return message

    return take


def _too_large(most: int) -> _RefusedError:
    return _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send at most {most:,} bytes.")


async def _refuse(scope: Scope, send: Send, error: _RefusedError) -> None:
    if scope["path"].startswith(PROGRAMS):
        answer = problem(error.status, error.sentence)
        body, kind = answer.content, answer["Content-Type"]
    else:
        page = render_to_string("refused.html", {"status": error.status.value, "sentence": error.sentence})
        body, kind = page.encode(), "text/html; charset=utf-8"
    headers = {"content-type": kind, "content-length": str(len(body)), "cache-control": "no-store"}
    if scope.get("http_version") in {"1.0", "1.1"}:
        headers["connection"] = "close"  # the rest of the body is never read
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status.value, "headers": sent})
    await send({"type": "http.response.body", "body": body})
