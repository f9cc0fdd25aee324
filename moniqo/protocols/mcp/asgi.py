"""`/mcp`: the protocol over HTTP, served in front of Django, without sessions and with JSON answers.

Everything is said to a token, never to a browser's session. What stands before the protocol is plain HTTP: another host
421, a page of somebody else 403, no token or one that does not count 401 with where to read how to get one
(RFC 9728), a body that is too large 413. Each request counts as one to the API does, whatever it asks for: 429 before
its body is understood.
"""

import asyncio
import importlib
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final

from kit.bodies import JSON_BYTES, Application, Receive, Scope, Send, bounded
from kit.users.models import Token
from moniqo.protocols import doors, leaving
from moniqo.protocols.inside import Answer, Inside
from moniqo.protocols.mcp import shortening

PATH: Final = "/mcp"
METADATA: Final = "/.well-known/oauth-protected-resource/mcp"
# No tool is about limits.
_SCOPES: Final = [scope.value for scope in Token.Scope if scope != Token.Scope.LIMITS]

# Answers a body whose sender may leave, by sending.
Speaker = Callable[[Scope, bytes, asyncio.Task[None], Send], Awaitable[None]]


def serve(django: Application, otherwise: Application) -> Application:
    """The application that answers `/mcp` itself, by what `django` says, and leaves everything else to `otherwise`."""
    protocol = Protocol(Inside(django))
    answering = bounded(protocol.answer)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await answering(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == METADATA:
            await protocol.describe(scope, send)
        else:
            await otherwise(scope, receive, send)

    return application


class Protocol:
    """The protocol's package, loaded by the first who asks for it, in a thread: others are served meanwhile."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._speakers: dict[asyncio.AbstractEventLoop, asyncio.Task[Speaker]] = {}
        self._held: set[asyncio.Task[None]] = set()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await doors.turned_away(scope, send, "POST") or (body := await leaving.read(receive)) is None:
            return
        with leaving.noticed(scope, receive) as left:
            asker = await self._inside.counted(scope)
            if isinstance(asker, Answer):
                await doors.hand_on(send, asker, f"{doors.origin_of(scope)}{METADATA}")
                return
            if shortening.has_long_id(body):
                await doors.say(send, *shortening.refusal(shortening.ID_TOO_LONG), "application/json")
                return
            answer = await self._speaker()
            await answer(scope, body, left, shortening.shortly(send))

    async def describe(self, scope: Scope, send: Send) -> None:
        """Where a token comes from: the settings, or signing in through the API."""
        origin = doors.origin_of(scope)
        if origin is None:
            await doors.refuse(send, *doors.MISDIRECTED)
            return
        told = {
            "resource": f"{origin}{PATH}",
            "bearer_methods_supported": ["header"],
            "scopes_supported": _SCOPES,
            "resource_documentation": f"{origin}/api/v1/docs",
        }
        await doors.say(send, HTTPStatus.OK, json.dumps(told).encode(), "application/json")

    async def _speaker(self) -> Speaker:
        loop = asyncio.get_running_loop()
        task = self._speakers.get(loop)
        if task is None or (task.done() and task.exception() is not None):
            task = self._speakers[loop] = asyncio.create_task(self._start())
        return await asyncio.shield(task)

    async def _start(self) -> Speaker:
        server, direct = await asyncio.to_thread(self._loaded)
        manager_of = importlib.import_module("mcp.server.streamable_http_manager").StreamableHTTPSessionManager
        manager = manager_of(server, json_response=True, stateless=True, max_request_body_size=JSON_BYTES)
        is_ready = asyncio.Event()
        lifespan: list[Any] = []

        async def hold() -> None:  # Django has no lifespan that could
            async with manager.run(), server.lifespan(server) as state:
                lifespan.append(state)
                is_ready.set()
                await asyncio.Event().wait()

        async def answer(scope: Scope, body: bytes, left: asyncio.Task[None], send: Send) -> None:
            try:
                asked = direct.question(scope, body)
            except direct.NoMessageError:
                await doors.say(send, *shortening.refusal(shortening.NO_MESSAGE), "application/json")
                return
            if asked is not None:
                await direct.answer(server, lifespan[0], asked, scope, send)
            else:
                await manager.handle_request(scope, leaving.again(body, left), send)

        task = asyncio.create_task(hold())
        self._held.add(task)
        await is_ready.wait()
        return answer

    def _loaded(self) -> tuple[Any, ModuleType]:
        server = importlib.import_module("moniqo.protocols.mcp.server")
        direct = importlib.import_module("moniqo.protocols.mcp.direct")
        return server.build(self._inside, lambda context: context.request.scope), direct
