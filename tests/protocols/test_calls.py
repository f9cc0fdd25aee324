"""What is written down of a call, and what its token's page says of it."""

import json
import time
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from mcp_types import ElicitResult

from farms.models import Agent
from kit import tenancy
from kit.audit.models import Call
from kit.users.models import Token
from moniqo.protocols.calls import Calls
from tests.programs import bearer, make_token
from tests.protocols.conftest import Stage
from tests.protocols.test_mcp import ask
from tests.protocols.test_proposals import api, of

PATIENCE = 30.0  # seconds


def written(stage: Stage, token: Token) -> Call:
    """The only call of a token, once it is there."""
    until = time.monotonic() + PATIENCE
    while True:
        with tenancy.tenant(stage.world.owner.pk):
            if found := list(Call.objects.filter(token_id=token.pk)):
                (call,) = found
                return call
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_call_is_written_down_with_the_hash_of_its_arguments_and_how_long_it_took_and_its_token_as_used(
    stage: Stage, client: Client
) -> None:
    token = make_token(stage.world.owner, "read", name="Counted")
    client.force_login(stage.world.owner)
    page = f"/settings/tokens/{token.pk}/"
    assert "last used never" in client.get(page).content.decode()
    given = {"symbol": "BTC/USDT", "limit": 3}
    began = time.monotonic()
    ask(stage, of(token), lambda one: one.call_tool("list_orders", given))
    took = (time.monotonic() - began) * 1000
    call = written(stage, token)
    assert (call.tool, call.status, call.protocol) == ("list_orders", 200, Call.Protocol.MCP)
    assert call.arguments == sha256(json.dumps(given, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    assert 0 < call.milliseconds <= took
    with tenancy.tenant(stage.world.owner.pk):
        token.refresh_from_db()
    assert token.last_used_at is not None
    told = client.get(page).content.decode()
    assert "last used never" not in told
    assert "last used " in told
    assert "1 of MCP and AG-UI" in told
    assert "list_orders" in told


def test_milliseconds_are_counted_from_where_a_call_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moniqo.protocols.calls.monotonic", lambda: 100.0)
    monkeypatch.setattr("moniqo.protocols.calls.asyncio.create_task", lambda coroutine: coroutine.close())
    calls = Calls()
    calls.note(uuid4(), Call.Protocol.MCP, "why", {"b": 1, "a": "ä"}, status=200, began=98.7654)
    (row,) = calls._waiting
    assert row["milliseconds"] == 1235
    assert row["arguments"] == sha256('{"a":"ä","b":1}'.encode()).hexdigest()


@pytest.mark.parametrize(("action", "status"), [("decline", "paused"), ("accept", "running")])
def test_a_client_that_can_ask_asks_before_an_agent_is_started(stage: Stage, action: Any, status: str) -> None:
    agent = stage.world.quiet
    assert api(stage, "POST", f"/agents/{agent.pk}/pause", bearer(stage.world.owner))[0] == 200
    asked: list[str] = []

    async def person(_: Any, told: Any) -> ElicitResult:
        asked.append(told.message)
        return ElicitResult(action=action, content={"go_ahead": True} if action == "accept" else None)

    started = ask(
        stage, bearer(stage.world.owner, "read", "trade"),
        lambda client: client.call_tool("start_agent", {"agent_id": str(agent.pk)}), elicitation_callback=person,
    )  # fmt: skip
    assert len(asked) == 1
    assert str(agent.pk) in asked[0]
    assert started.is_error is (action == "decline"), started.content[0].text
    with tenancy.tenant(stage.world.owner.pk):
        assert Agent.objects.get(pk=agent.pk).status == status
