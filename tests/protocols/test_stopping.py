"""What a program stops stands aside behind no page, and neither does what has to be known before."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from kit.bodies import Receive, Scope, Send
from kit.crowding import IS_URGENT, STANDS_ASIDE
from moniqo.protocols.agui import asking
from moniqo.protocols.agui.asgi import _about
from moniqo.protocols.agui.commands import perform
from moniqo.protocols.agui.states import Subject
from moniqo.protocols.inside import Inside
from moniqo.protocols.mcp.calling import call
from moniqo.protocols.mcp.operations import operations

pytestmark = pytest.mark.offline

OUTER: Scope = {"type": "http", "headers": [(b"authorization", b"Bearer one")]}
AGENT = str(uuid4())
WALLET = str(uuid4())


class Door:
    """An API that notes what stands aside; `asks_first` is how it refuses a token that does."""

    def __init__(self, *, asks_first: bool = False) -> None:
        self.came: list[tuple[str, bool]] = []
        self._asks_first = asks_first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix("/api/v1").replace(AGENT, "A").replace(WALLET, "W")
        assert (STANDS_ASIDE in scope) is not (IS_URGENT in scope)
        self.came.append((f"{scope['method']} {path}", STANDS_ASIDE in scope))
        status, told = 200, _TOLD
        if self._asks_first and scope["method"] == "POST" and not path.startswith("/approvals"):
            status, told = 403, {"type": "urn:moniqo:asks_first"}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})


_NAMES = ("name", "status", "state", "side", "symbol", "quantity", "filled_quantity", "outcome", "title", "expires_at")
_TOLD: dict[str, Any] = dict.fromkeys((*_NAMES, "note", "result"), "") | {
    "id": AGENT, "wallet_id": WALLET, "base_asset": "USDT", "lines": [], "scopes": ["agent"], "asks_first": False,
}  # fmt: skip


def run(command: str) -> bytes:
    told = {"threadId": "t", "runId": "r", "messages": [], "forwardedProps": {"command": command}}
    return json.dumps(told).encode()


def came(command: str, *, asks_first: bool = False) -> list[tuple[str, bool]]:
    door = Door(asks_first=asks_first)

    async def whole() -> None:
        inside, subject, body = Inside(door), Subject("agents", uuid4()), run(command)
        about = await _about(inside, OUTER, subject, None, at_once=asking.stops(body))  # type: ignore[arg-type]
        await perform(inside, OUTER, subject, about, asking.read(body))

    asyncio.run(whole())
    return door.came


@pytest.mark.parametrize("asks_first", [False, True])
@pytest.mark.parametrize("command", ["pause", "halt"])
def test_a_command_that_stops_stands_aside_behind_nobody(command: str, asks_first: bool) -> None:
    asked = came(command, asks_first=asks_first)
    assert len(asked) == (3 if asks_first else 2)
    assert not any(aside for _, aside in asked), asked


@pytest.mark.parametrize("command", ["resume", "collect", "why"])
def test_any_other_command_stands_aside(command: str) -> None:
    asked = came(command)
    assert asked
    assert all(aside for _, aside in asked), asked


@pytest.mark.parametrize(
    ("tool", "given", "stands_aside"),
    [
        ("pause_agent", {"agent_id": AGENT}, False),
        ("propose_pause", {"agent_id": AGENT, "idempotency_key": "p"}, False),
        ("cancel_order", {"order_id": AGENT}, False),
        ("start_agent", {"agent_id": AGENT}, True),
    ],
)
def test_a_tool_that_stops_stands_aside_behind_nobody(tool: str, given: dict[str, Any], stands_aside: bool) -> None:
    door = Door()
    asyncio.run(call(Inside(door), operations()[tool], given, OUTER))
    assert [aside for _, aside in door.came] == [stands_aside]


def test_whose_token_it_is_is_asked_at_once() -> None:
    door = Door()
    asyncio.run(Inside(door).asker(OUTER))
    assert door.came == [("GET /tokens/current", False)]
