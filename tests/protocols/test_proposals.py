"""What programs ask for through MCP, AG-UI and the API is done once its owner says so, and not before."""

import json
import time
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client

from kit import tenancy
from kit.approvals.models import Approval
from kit.approvals.services import answer
from kit.audit.models import Call
from kit.users import tokens
from kit.users.models import Token
from tests.programs import bearer, make_token
from tests.protocols.conftest import Stage
from tests.protocols.front_end import front_end
from tests.protocols.test_agui import RUN, opened
from tests.protocols.test_mcp import ask as mcp
from trading.models import Order, RiskLimit
from wallets.models import FundAllocation, Wallet


def of(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.access_text(token)}"}


def api(
    stage: Stage, method: str, path: str, headers: dict[str, str], body: Any = None, **more: str
) -> tuple[int, Any]:
    sent = {"Content_Type": "application/json", **more, **headers}
    told = stage.site.ask(method, f"/api/v1{path}", None if body is None else json.dumps(body).encode(), **sent)
    return told.status, json.loads(told.body)


def call(stage: Stage, headers: dict[str, str], tool: str, **given: Any) -> Any:
    result = mcp(stage, headers, lambda client: client.call_tool(tool, given))
    assert not result.is_error, result.content[0].text
    return result.structured_content


def test_a_model_proposes_an_order_which_is_placed_once_when_it_is_approved(stage: Stage) -> None:
    model, owner = of(make_token(stage.world.owner, "agent", name="A model")), bearer(stage.world.owner)
    order = {
        "idempotency_key": "buy-a-little", "wallet_id": str(stage.world.quiet.wallet_id), "quantity": "0.05",
        "symbol": stage.world.ether.symbol, "side": "buy", "reason": "ETH turns up",
    }  # fmt: skip
    stage.price_now()
    body = order | {"quantity": "0.050000001"}
    key = body.pop("idempotency_key")
    status, told = api(stage, "POST", "/approvals/orders", model, body, Idempotency_Key=f"{key}-1")
    assert status == 422
    assert told["fields"] == {"quantity": "Must be a multiple of the lot."}
    asked = call(stage, model, "propose_order", **order)
    assert asked["status"] == "open"
    assert "Buy 0.05 ETH" in asked["title"]
    assert any("worth" in line for line in asked["lines"])
    with tenancy.tenant(stage.world.owner.pk):
        placed = Order.objects.filter(client_order_id__isnull=False).count()
    assert api(stage, "POST", f"/approvals/{asked['id']}/answer", model, {"approved": True})[0] == 403
    for _ in range(2):
        status, told = api(stage, "POST", f"/approvals/{asked['id']}/answer", owner, {"approved": True, "note": "Go"})
        assert (status, told["status"]) == (200, "approved")
    with tenancy.tenant(stage.world.owner.pk):
        assert Order.objects.filter(client_order_id__isnull=False).count() == placed + 1
        assert Order.objects.filter(pk=told["result"]["order_id"], wallet=stage.world.quiet.wallet).exists()
    later = call(stage, model, "propose_order", **order)
    assert (later["id"], later["status"], later["note"]) == (asked["id"], "approved", "Go")
    assert later["result"]["order_id"] == told["result"]["order_id"]


def test_a_pause_an_allocation_and_a_goal_are_proposed_and_done(stage: Stage) -> None:
    world, everything, other = stage.world, bearer(stage.world.owner), bearer(stage.world.owner)
    proposals: dict[str, dict[str, Any]] = {
        "propose_pause": {"idempotency_key": "p", "farm_id": str(world.farm.pk)},
        "propose_allocation": {
            "idempotency_key": "a", "wallet_id": str(world.master.pk), "target_id": str(world.farm.wallet_id),
            "asset": "USDT", "amount": "12.5",
        },
        "propose_goal": {"idempotency_key": "g", "name": "More", "kind": "profit_target", "target": "999999"},
    }  # fmt: skip
    results = {}
    for tool, given in proposals.items():
        asked = call(stage, everything, tool, **given)
        assert api(stage, "POST", f"/approvals/{asked['id']}/answer", everything, {"approved": True})[0] == 403
        status, told = api(stage, "POST", f"/approvals/{asked['id']}/answer", other, {"approved": True})
        assert (status, told["status"]) == (200, "approved"), told
        assert "refused" not in told["result"], told
        results[tool] = told["result"]
    assert results["propose_pause"] == {"status": "paused"}
    assert api(stage, "GET", f"/goals/{results['propose_goal']['goal_id']}", everything)[1]["name"] == "More"
    with tenancy.tenant(world.owner.pk):
        moved = FundAllocation.objects.get(pk=results["propose_allocation"]["allocation_id"])
    assert str(moved.amount.normalize()) == "12.5"
    asked = api(stage, "POST", "/approvals/starts", everything, {"farm_id": str(world.farm.pk)}, Idempotency_Key="s")[1]
    told = api(stage, "POST", f"/approvals/{asked['id']}/answer", other, {"approved": True})[1]
    assert told["result"] == {"status": "running"}


@pytest.mark.slow
def test_a_collection_interrupts_the_run_until_a_later_run_answers(stage: Stage) -> None:
    """Asked by a program that may only ask, answered by one that may manage, with the protocol's own client."""
    world = stage.world
    agent, manager = of(make_token(world.owner, "agent")), bearer(world.owner)
    url, path = f"{stage.url}/agui/agents/{world.agent.pk}", f"/agui/agents/{world.agent.pk}"
    props = {"command": "collect", "asset": "USDT", "amount": "1.25", "reason": "Enough"}
    with front_end() as client:
        client.start(url, agent, run="r-1", props=props)
        seen, _ = client.end()
        outcome = seen[-1]["outcome"]
        (interrupt,) = outcome["interrupts"]
        assert outcome["type"] == "interrupt"
        assert "Free in" in interrupt["message"]
        assert interrupt["responseSchema"]["required"] == ["approved"]
        assert interrupt["toolCallId"] == next(
            event["toolCallId"] for event in seen if event["type"] == "TOOL_CALL_START"
        )
        client.start(url, agent, run="r-1", props=props)
        assert client.end()[0][-1]["outcome"]["interrupts"][0]["id"] == interrupt["id"]
    with tenancy.tenant(world.owner.pk):
        before = FundAllocation.objects.count()

    def resume(headers: dict[str, str], **entry: Any) -> Any:
        body = {**RUN, "runId": "r-2", "resume": [{"interruptId": interrupt["id"], "status": "resolved", **entry}]}
        with opened(stage, path, headers, body) as run:
            return run.end()[-1] if run.status == 200 else run.problem

    assert resume(agent, payload={"approved": True})["status"] == 403
    assert resume(bearer(stage.stranger), payload={"approved": True})["status"] == 404
    for payload in ({}, {"approved": "yes"}, None):
        assert resume(manager, payload=payload)["code"] == "invalid_answer"
    assert resume(manager, interruptId="0c0ffee0-0000-4000-8000-000000000000", payload={"approved": True})["code"] == (
        "unknown_interrupt"
    )
    for _ in range(2):
        ended = resume(manager, payload={"approved": True})
        assert (ended["type"], ended["result"]["status"]) == ("RUN_FINISHED", "approved")
    assert resume(manager, payload={"approved": False})["code"] == "answered_or_late"
    assert resume(manager, status="cancelled")["result"]["status"] == "approved"
    with tenancy.tenant(world.owner.pk):
        assert FundAllocation.objects.count() == before + 1


def test_what_stops_something_is_done_at_once(stage: Stage) -> None:
    world, trader = stage.world, bearer(stage.world.owner, "read", "trade")
    path = f"/agui/agents/{world.quiet.pk}"

    def run(command: str, headers: dict[str, str]) -> Any:
        with opened(stage, path, headers, {**RUN, "forwardedProps": {"command": command}}) as started:
            return started.end() if started.status == 200 else started.problem

    assert run("pause", bearer(world.owner, "read"))["status"] == 403
    seen = run("pause", trader)
    assert seen[-1]["result"] == {"command": "pause", "status": "paused"}
    assert seen[1]["snapshot"]["agent"]["status"] == "paused"
    assert [event["type"] for event in seen if "TOOL" in event["type"]][-1] == "TOOL_CALL_RESULT"
    assert run("halt", trader)[-1]["result"]["status"] == "running"
    with tenancy.tenant(world.owner.pk):
        assert Wallet.objects.get(pk=world.quiet.wallet_id).trading_state == Wallet.TradingState.REDUCING
    with opened(stage, "/agui/portfolio", trader, {**RUN, "forwardedProps": {"command": "halt"}}) as started:
        assert started.status == 422


@pytest.mark.parametrize("scopes", [("read",), ("trade", "read"), ("move", "read"), ("manage", "read"), ("agent",), ()])
def test_no_scope_changes_a_limit_by_asking_for_it(stage: Stage, scopes: tuple[str, ...]) -> None:
    """Not by answering its own question either: only the owner in the browser does."""
    world = stage.world
    headers = bearer(world.owner, *scopes)
    body = {"wallet_id": str(world.master.pk), "maximum_notional": "123456"}
    with tenancy.tenant(world.owner.pk):
        before = list(RiskLimit.objects.order_by("pk").values())
    api(stage, "POST", "/approvals/limits", headers, body, Idempotency_Key=f"l-{'-'.join(scopes)}")
    props = {"command": "propose_limit", "maximum_notional": "123456"}
    with opened(
        stage, f"/agui/agents/{world.agent.pk}", headers, {**RUN, "runId": str(scopes), "forwardedProps": props}
    ) as run:
        run.end() if run.status == 200 else run.problem
    with tenancy.tenant(world.owner.pk):
        asked = list(Approval.objects.filter(kind="limit", status="open"))
    for one in asked:
        status, told = api(stage, "POST", f"/approvals/{one.pk}/answer", headers, {"approved": True})
        assert (status, told["status"]) == (403, 403)
    with tenancy.tenant(world.owner.pk):
        assert list(RiskLimit.objects.order_by("pk").values()) == before


def test_the_owner_changes_a_limit_that_was_asked_for(stage: Stage) -> None:
    world = stage.world
    body = {"wallet_id": str(world.quiet.wallet_id), "maximum_notional": "777"}
    agent = of(make_token(world.owner, "agent"))
    _, asked = api(stage, "POST", "/approvals/limits", agent, body, Idempotency_Key="mine")
    assert asked["needs_owner"]
    with tenancy.tenant(world.owner.pk):
        answer(owner_id=world.owner.pk, approval_id=asked["id"], is_approved=True)
        assert RiskLimit.objects.get(wallet=world.quiet.wallet_id).maximum_notional == 777


@pytest.mark.slow
def test_every_call_is_written_down_and_stands_on_the_page_of_its_token(stage: Stage, client: Client) -> None:
    """Of both protocols, reading ones too, and of what was refused."""
    world, token = stage.world, make_token(stage.world.owner, "read", name="A reader")
    mcp(stage, of(token), lambda one: one.call_tool("list_agents", {"limit": 3}))
    mcp(stage, of(token), lambda one: one.call_tool("pause_agent", {"agent_id": str(world.agent.pk)}))
    for command in ("why", "pause"):
        body = {**RUN, "forwardedProps": {"command": command}}
        with opened(stage, f"/agui/agents/{world.agent.pk}", of(token), body):
            pass
    until = time.monotonic() + 10
    while True:
        with tenancy.tenant(world.owner.pk):
            found = {call.tool: call for call in Call.objects.filter(token_id=token.pk)}
        if len(found) == 4:
            break
        assert time.monotonic() < until, found
        time.sleep(0.1)
    assert {tool: call.status for tool, call in found.items()} == {
        "list_agents": 200, "pause_agent": 403, "agents why": 200, "agents pause": 403,
    }  # fmt: skip
    assert found["list_agents"].arguments == sha256(b'{"limit":3}').hexdigest()
    client.force_login(world.owner)
    page = client.get(f"/settings/tokens/{token.pk}/").content.decode()
    assert "4 of MCP and AG-UI" in page
    assert "2 refused" in page
    assert f"/settings/tokens/{token.pk}/revoke/" in page
    client.force_login(stage.stranger)
    assert client.get(f"/settings/tokens/{token.pk}/").status_code == 404
