"""`/mcp`: the protocol over HTTP, served in front of Django, without sessions and with JSON answers.

Everything is said to a token, never to a browser's session. What stands before the protocol is plain HTTP: another host
421, a page of somebody else 403, no token or one that does not count 401 with where to read how to get one
(RFC 9728), a body that is too large 413.
"""

import asyncio
import importlib
import json
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from kit.api import problem
from kit.bodies import JSON_BYTES, Application, Receive, Scope, Send, bounded
from kit.users.models import Token
from moniqo.protocols.inside import Answer, Inside

PATH: Final = "/mcp"
METADATA: Final = "/.well-known/oauth-protected-resource/mcp"
# No tool is about limits.
_SCOPES: Final = [scope.value for scope in Token.Scope if scope != Token.Scope.LIMITS]


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
        self._managers: dict[asyncio.AbstractEventLoop, asyncio.Task[Any]] = {}
        self._held: set[asyncio.Task[None]] = set()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = _origin(scope)
        if origin is None:
            return await _refuse(send, HTTPStatus.MISDIRECTED_REQUEST, "Ask by the host that this is served at.")
        if not _is_from_here(scope, origin):
            return await _refuse(send, HTTPStatus.FORBIDDEN, "A page of another site may not ask.")
        if scope["method"] != "POST":
            return await _refuse(send, HTTPStatus.METHOD_NOT_ALLOWED, "Send messages with POST.", allow="POST")
        granted = await self._inside.scopes(scope)
        if isinstance(granted, Answer):
            return await _hand_on(send, granted, origin)
        manager = await self._manager()
        await manager.handle_request(scope, receive, send)
        return None

    async def describe(self, scope: Scope, send: Send) -> None:
        """Where a token comes from: the settings, or signing in through the API."""
        origin = _origin(scope)
        if origin is None:
            return await _refuse(send, HTTPStatus.MISDIRECTED_REQUEST, "Ask by the host that this is served at.")
        told = {
            "resource": origin + PATH,
            "bearer_methods_supported": ["header"],
            "scopes_supported": _SCOPES,
            "resource_documentation": f"{origin}/api/v1/docs",
        }
        return await _say(send, HTTPStatus.OK, json.dumps(told).encode(), "application/json")

    async def _manager(self) -> Any:
        loop = asyncio.get_running_loop()
        task = self._managers.get(loop)
        if task is None or (task.done() and task.exception() is not None):
            task = self._managers[loop] = asyncio.create_task(self._start())
        return await asyncio.shield(task)

    async def _start(self) -> Any:
        server = await asyncio.to_thread(self._loaded)
        manager_of = importlib.import_module("mcp.server.streamable_http_manager").StreamableHTTPSessionManager
        manager = manager_of(server, json_response=True, stateless=True, max_request_body_size=JSON_BYTES)
        is_ready = asyncio.Event()

        async def hold() -> None:  # Django has no lifespan that could
            async with manager.run():
                is_ready.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hold())
        self._held.add(task)
        await is_ready.wait()
        return manager

    def _loaded(self) -> Any:
        server = importlib.import_module("moniqo.protocols.mcp.server")
        return server.build(self._inside, lambda context: context.request.scope)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for known, value in scope["headers"] if known == name), "")


def _origin(scope: Scope) -> str | None:
    """Under what this is served, if the host is one of ours."""
    host = _header(scope, b"host")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return None
    name, value = getattr(settings, "SECURE_PROXY_SSL_HEADER", None) or ("", "")
    forwarded = _header(scope, name.removeprefix("HTTP_").replace("_", "-").lower().encode())
    scheme = "https" if value and forwarded == value else scope.get("scheme", "http")
    return f"{scheme}://{host}"


def _is_from_here(scope: Scope, origin: str) -> bool:
    """Whether no browser sent it from a page of somebody else."""
    told = _header(scope, b"origin")
    return not told or told == origin or told in settings.CSRF_TRUSTED_ORIGINS


async def _hand_on(send: Send, answer: Answer, origin: str) -> None:
    """The API's refusal of the token; who has none is told where to read of them."""
    headers = {
        name: answer.headers[name]
        for name in ("retry-after", "ratelimit", "ratelimit-policy")
        if name in answer.headers
    }
    if answer.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = f'Bearer resource_metadata="{origin}{METADATA}"'
    kind = answer.headers.get("content-type", "application/problem+json")
    await _say(send, answer.status, json.dumps(answer.body).encode(), kind, **headers)


async def _refuse(send: Send, status: HTTPStatus, sentence: str, **headers: str) -> None:
    answer = problem(status, sentence)
    await _say(send, status, answer.content, answer["Content-Type"], **headers)


async def _say(send: Send, status: int, body: bytes, kind: str, **headers: str) -> None:
    told = {"content-type": kind, "content-length": str(len(body)), "cache-control": "no-store", **headers}
    sent = [(name.encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": sent})
    await send({"type": "http.response.body", "body": body})
