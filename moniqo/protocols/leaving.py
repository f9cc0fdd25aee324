"""Whoever asks may leave before it is their turn: what they wait for is not begun then; what is under way ends.

So the body is read before anything is asked in their name, and from then on somebody listens for their leaving.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kit.bodies import Receive, Scope
from kit.crowding import LEFT
from kit.live.asgi import gone


async def read(receive: Receive) -> bytes | None:
    """The whole body; None where its sender has left meanwhile."""
    parts, is_more = [], True
    while is_more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        is_more = message.get("more_body", False)
    return b"".join(parts)


@contextmanager
def noticed(scope: Scope, receive: Receive) -> Iterator[asyncio.Task[None]]:
    """In the block, what is asked for `scope` knows once its sender has left; their body has been read. A task that
    ends then."""
    left = scope[LEFT] = asyncio.create_task(gone(receive))
    try:
        yield left
    finally:
        left.cancel()


def again(body: bytes, left: asyncio.Task[None]) -> Receive:
    """The same messages once more, for whoever reads a request from its beginning."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asyncio.wait({left})
        return {"type": "http.disconnect"}

    return receive
