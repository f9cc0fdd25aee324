"""A program that leaves while its call waits for its turn is not served; one whose call is under way is, to its end."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse

from kit.crowding import NOBODY_THERE, Handler
from moniqo.protocols.agui import asgi as agui
from moniqo.protocols.calls import CALLS
from moniqo.protocols.inside import Asker, Inside
from moniqo.protocols.mcp import asgi as mcp

pytestmark = pytest.mark.offline

RUN = b'{"threadId": "t", "runId": "r", "messages": []}'


class Api(Handler):
    """Works on whatever it is asked until it may end."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[str] = []
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def load_middleware(self, is_async: bool = False) -> None:
        """None."""

    def get_response(self, request: HttpRequest) -> HttpResponse:
        self.begun.append(request.headers["user-agent"])
        self.has_begun.set()
        assert self.may_end.wait(10)
        return JsonResponse({"items": [], "next": None})


@dataclass
class Program:
    """One request, and what it was told; named by its user agent."""

    name: str
    path: str
    body: bytes
    told: list[dict[str, Any]] = field(default_factory=list)
    has_left: asyncio.Event = field(default_factory=asyncio.Event)
    is_read: bool = False

    async def ask(self, application: Callable[..., Awaitable[None]]) -> None:
        sent = {
            "host": "localhost", "authorization": f"Bearer {self.name}", "user-agent": self.name,
            "accept": "application/json", "content-type": "application/json",
        }  # fmt: skip
        scope = {
            "type": "http", "method": "POST", "path": self.path, "raw_path": self.path.encode(), "query_string": b"",
            "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }  # fmt: skip
        await application(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if not self.is_read:
            self.is_read = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.told.append(message)


def a_call(name: str) -> Program:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_positions", "arguments": {}}}
    return Program(name, mcp.PATH, json.dumps(asked).encode())


def a_run(name: str) -> Program:
    return Program(name, f"{agui.PREFIX}agents/{uuid4()}", RUN)


@pytest.mark.parametrize(("serve", "ask"), [(mcp.serve, a_call), (agui.serve, a_run)], ids=["mcp", "agui"])
def test_who_leaves_while_waiting_is_not_served_and_who_is_under_way_is(
    serve: Any, ask: Callable[[str], Program], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REQUESTS_AT_ONCE, settings.REQUESTS_WAITING, settings.REQUEST_WAIT_SECONDS = 9, 40, 30
    settings.ALLOWED_HOSTS = ["localhost"]
    monkeypatch.setattr("kit.crowding.ASIDE", 1)
    noted: list[int] = []

    async def asker(*_: Any, **__: Any) -> Asker:
        return Asker(uuid4(), ("read",))

    monkeypatch.setattr(Inside, "asker", asker)
    monkeypatch.setattr(CALLS, "note", lambda *_, status, **__: noted.append(status))

    async def crowd() -> None:
        api = Api()
        application = serve(api, api)
        busy, leaves, stays = (ask(name) for name in ("busy", "leaves", "stays"))
        at_work = asyncio.create_task(busy.ask(application))
        assert await asyncio.to_thread(api.has_begun.wait, 30)  # the protocol's package is loaded by then
        waits = asyncio.create_task(leaves.ask(application))
        last = asyncio.create_task(stays.ask(application))
        await until(lambda: len(api._door()._queue) == 2)
        leaves.has_left.set()
        busy.has_left.set()
        await until(lambda: len(api._door()._queue) == 1)
        assert not at_work.done()
        api.may_end.set()
        await asyncio.wait_for(asyncio.gather(at_work, waits, last, return_exceptions=True), 10)
        assert api.begun == ["busy", "stays"]

    asyncio.run(crowd())
    assert max(noted) == NOBODY_THERE
    assert noted.count(NOBODY_THERE) == 1


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)
