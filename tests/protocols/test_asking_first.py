"""A token whose owner wants to be asked first: through every door it reads and asks, whatever its scopes."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kit import tenancy
from kit.approvals.services import answer
from kit.users import tokens
from kit.users.models import Token
from tests.protocols.conftest import Stage
from tests.protocols.test_agui import RUN, opened
from tests.protocols.test_mcp import ask as mcp
from tests.protocols.test_proposals import api, call, of
from trading.models import EmergencyStop
from trading.services import call_off
from wallets.models import Wallet


@pytest.fixture
def token(stage: Stage) -> Token:
    return tokens.open_token(
        stage.world.owner, kind=Token.Kind.PERSONAL, name="Asks", scopes=tokens.EVERYTHING,
        lifetime=timedelta(hours=1), asks_first=True,
    )  # fmt: skip


def test_its_tools_read_and_propose_and_what_acts_names_the_tool_that_asks(stage: Stage, token: Token) -> None:
    listed = mcp(stage, of(token), lambda client: client.list_tools()).tools
    writing = {tool.name for tool in listed if not (tool.annotations and tool.annotations.read_only_hint)}
    assert writing == {"propose_order", "propose_pause", "propose_allocation", "propose_goal"}
    order = {"wallet_id": str(stage.world.quiet.wallet_id), "symbol": "ETH/USDT", "side": "buy", "quantity": "0.05"}
    for tool, given, said in (
        ("place_order", {"idempotency_key": "k", **order}, "call propose_order"),
        ("cancel_order", {"order_id": str(uuid4())}, "no tool asks for that"),
        ("pause_agent", {"agent_id": str(stage.world.quiet.pk)}, "call propose_pause"),
        ("start_agent", {"agent_id": str(stage.world.quiet.pk)}, "no tool asks for that"),
    ):
        result = mcp(stage, of(token), lambda client, tool=tool, given=given: client.call_tool(tool, given))
        assert result.is_error, tool
        assert said in result.content[0].text
    asked = call(stage, of(token), "propose_pause", idempotency_key="p", agent_id=str(stage.world.quiet.pk))
    assert asked["status"] == "open"
    status, told = api(stage, "POST", "/orders", of(token), order, Idempotency_Key="k")
    assert (status, told["type"].rpartition(":")[2]) == (403, "asks_first")
    assert "/approvals/" in told["detail"]


@pytest.mark.parametrize(("command", "done"), [("pause", "paused"), ("halt", "running")])
def test_a_front_end_that_stops_something_asks_first(stage: Stage, token: Token, command: str, done: str) -> None:
    world = stage.world
    body = {**RUN, "runId": uuid4().hex, "forwardedProps": {"command": command, "reason": "It falls"}}
    with tenancy.tenant(world.owner.pk):
        before = Wallet.objects.get(pk=world.quiet.wallet_id).trading_state
    with opened(stage, f"/agui/agents/{world.quiet.pk}", of(token), body) as run:
        (interrupt,) = run.end()[-1]["outcome"]["interrupts"]
    assert interrupt["message"].startswith(command.capitalize())
    with opened(stage, f"/agui/agents/{world.quiet.pk}", of(token), {**body, "runId": uuid4().hex}) as run:
        assert run.end()[-1]["outcome"]["interrupts"][0]["id"] == interrupt["id"]  # no second question
    with tenancy.tenant(world.owner.pk):
        assert Wallet.objects.get(pk=world.quiet.wallet_id).trading_state == before
        answered = answer(owner_id=world.owner.pk, approval_id=interrupt["id"], is_approved=True)
        assert answered.result["status"] == done, json.dumps(answered.result)
        for begun in EmergencyStop.objects.filter(wallet=world.quiet.wallet_id, status="running"):
            call_off(owner_id=world.owner.pk, stop_id=begun.pk)
        Wallet.objects.filter(pk=world.quiet.wallet_id).update(trading_state=before)  # others trade there


def test_its_owner_lets_it_act_and_has_it_ask_again(stage: Stage, token: Token) -> None:
    def pause() -> Any:
        agent_id = str(stage.world.quiet.pk)
        done = mcp(stage, of(token), lambda client: client.call_tool("pause_agent", {"agent_id": agent_id}))
        status = api(stage, "POST", f"/agents/{agent_id}/pause", of(token))[0]
        assert done.is_error == (status == 403), "a tool hears it at once, as the API does"
        return status

    assert pause() == 403
    for asks_first, status in ((False, 200), (True, 403)):
        with tenancy.tenant(stage.world.owner.pk):
            tokens.let_ask_first(owner_id=stage.world.owner.pk, token_id=token.pk, asks_first=asks_first)
        assert pause() == status
