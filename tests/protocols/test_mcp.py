"""The Model Context Protocol as its own client speaks it to the running web process, and as strangers do."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult

from kit import tenancy
from kit.embedded.environment import DATABASE_VARIABLES
from kit.users import tokens
from kit.users.models import User
from moniqo.protocols.inside import Answer, Asker, Inside
from moniqo.protocols.mcp.calling import FAILED
from moniqo.protocols.mcp.calling import call as call_tool
from moniqo.protocols.mcp.fitting import MOST_BYTES
from moniqo.protocols.mcp.operations import Operation, operations
from moniqo.protocols.mcp.server import _tool
from moniqo.protocols.mcp.tools import TOOLS
from tests.conftest import address
from tests.programs import bearer, make_token
from tests.protocols.conftest import Stage
from trading.models import Order, Position

Known = dict[str, Operation]
LISTED = [tool for tool in TOOLS if tool.is_listed]
ACCEPTS = "application/json, text/event-stream"
# What the operation of each scope's tools may need.
SCOPES = ("read", "trade", "move", "manage", "limits", "agent")


@pytest.fixture(scope="module")
def known() -> Known:
    """All tools, read from the API's description, which takes half a second to write."""
    return operations()


def ask(
    stage: Stage, headers: dict[str, str], story: Callable[[Client], Awaitable[Any]], mode: str = "auto", **more: Any
) -> Any:
    """What `story` finds out with a client that carries these headers."""

    async def whole() -> Any:
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"{stage.url}/mcp", http_client=http)
            async with Client(transport, mode=mode, **more) as client:
                return await story(client)

    return asyncio.run(whole())


def call(stage: Stage, tool: str, user: User | None = None, scopes: tuple[str, ...] = (), **arguments: Any) -> Any:
    """The result of one call by a program of the world's owner, or of `user`."""
    headers = bearer(user or stage.world.owner, *scopes)
    return ask(stage, headers, lambda client: client.call_tool(tool, arguments))


def post(stage: Stage, message: object, **headers: str) -> Any:
    """One message by plain HTTP."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    sent = {"Content_Type": "application/json", "Accept": ACCEPTS, **headers}
    return stage.site.ask("POST", "/mcp", body, **sent)


LISTING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_its_own_client_lists_and_calls_in_both_eras(stage: Stage, mode: str) -> None:
    async def story(client: Client) -> tuple[Any, Any, Any]:
        listed = await client.list_tools()
        return listed, await client.call_tool("get_portfolio", {"range": "All"}), client.protocol_version

    listed, answer, _ = ask(stage, bearer(stage.world.owner, "read"), story, mode)
    assert [tool.name for tool in listed.tools] == [tool.name for tool in LISTED if tool.method == "GET"]
    assert json.loads(answer.content[0].text) == answer.structured_content
    told = stage.site.get("/api/v1/portfolio/summary?range=All", **bearer(stage.world.owner, "read"))
    summary = json.loads(told.body)
    for name in ("base", "cash", "fees", "open_positions"):
        assert answer.structured_content[name] == summary[name]


def test_the_list_is_what_the_scopes_allow_and_small(stage: Stage, known: Known) -> None:
    for scope in SCOPES:
        listed = ask(stage, bearer(stage.world.owner, scope), lambda client: client.list_tools()).tools
        allowed = [
            name for name, one in known.items() if one.is_allowed(Asker(uuid4(), (scope,))) and one.tool.is_listed
        ]
        assert [tool.name for tool in listed] == allowed
    everything = ask(stage, bearer(stage.world.owner), lambda client: client.list_tools())
    told = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in everything.tools]
    assert len(told) == len(LISTED) <= 24
    assert len(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()) <= 16 * 1024
    assert all(tool["outputSchema"]["type"] == "object" and "\n" not in tool["description"] for tool in told)
    whole = post(stage, LISTING, **bearer(stage.world.owner))
    assert whole.status == 200
    assert len(whole.body) <= 16 * 1024
    writes = {tool["name"] for tool in told if not tool.get("annotations", {}).get("readOnlyHint")}
    assert writes == {tool.name for tool in LISTED if tool.method != "GET"}


def test_each_tool_says_what_it_does_to_what_is_there(known: Known) -> None:
    """As a client reads the hints, with what the protocol takes for granted where one is left out."""
    for operation in known.values():
        tool, hints = operation.tool, _tool(operation).annotations
        assert re.fullmatch(r"[^\n]+\. Example: \S[^\n]*", tool.description), tool.name
        assert hints is not None
        reads = tool.method == "GET"
        assert bool(hints.read_only_hint) is reads, tool.name
        if not reads:
            undoes = tool.name in {"place_order", "cancel_order", "allocate", "collect"}
            assert (hints.destructive_hint is not False) is undoes, tool.name
            assert bool(hints.idempotent_hint) is ("idempotency_key" in operation.arguments), tool.name
    asked = {tool.name for tool in TOOLS if tool.asks_first}
    assert asked == {"place_order", "cancel_order", "allocate", "collect", "start_agent"}


def test_no_tool_reaches_limits_keys_tokens_or_people(known: Known) -> None:
    for operation in known.values():
        assert "limits" not in operation.auth.scopes
        assert operation.tool.method == "GET" or not any(
            word in operation.tool.path
            for word in ("limits", "credentials", "tokens", "users", "operator", "protection")
        )


def test_each_tool_answers_in_its_own_shape_and_size(stage: Stage) -> None:
    """The client checks each structured answer against the schema that the tool was listed with."""
    world = stage.world
    with tenancy.tenant(world.owner.pk):
        order, position = Order.objects.latest("created_at"), Position.objects.latest("opened_at")
    known = {
        "position_id": position.pk, "order_id": order.pk, "agent_id": world.agent.pk,
        "instrument_id": world.bitcoin.pk, "wallet_id": world.master.pk, "timeframe": "1h",
    }  # fmt: skip

    async def story(client: Client) -> dict[str, Any]:
        listed = (await client.list_tools()).tools
        found = {}
        for tool in listed:
            if tool.annotations is None or not tool.annotations.read_only_hint:
                continue
            needed = tool.input_schema.get("required", [])
            found[tool.name] = await client.call_tool(tool.name, {name: _plain_value(known[name]) for name in needed})
        return found

    found = ask(stage, bearer(world.owner, "read"), story)
    assert len(found) == len([tool for tool in LISTED if tool.method == "GET"])
    for name, result in found.items():
        assert not result.is_error, (name, result.content[0].text)
        assert len(result.model_dump_json(by_alias=True).encode()) <= MOST_BYTES, name
    assert found["get_order"].structured_content["events"][0]["to_status"]
    assert found["why"].structured_content["items"][0]["explanation"]


def test_lists_go_on_with_their_cursor(stage: Stage) -> None:
    async def story(client: Client) -> list[list[str]]:
        pages = []
        for tool in ("list_agents", "get_candles", "list_fills"):
            given: dict[str, Any] = {} if tool == "list_agents" else {"limit": 12}
            if tool == "get_candles":
                given |= {"instrument_id": stage.world.bitcoin.pk, "timeframe": "1h"}
            seen, cursor = [], None
            while True:
                result = await client.call_tool(tool, given | ({"cursor": cursor} if cursor else {}))
                assert len(result.model_dump_json(by_alias=True).encode()) <= MOST_BYTES
                seen += [row.get("id") or row["opened_at"] for row in result.structured_content["items"]]
                if (cursor := result.structured_content["next"]) is None:
                    break
            pages.append(seen)
        return pages

    agents, candles, fills = ask(stage, bearer(stage.world.owner, "read"), story)
    headers = bearer(stage.world.owner, "read")
    told = json.loads(stage.site.get("/api/v1/agents", **headers).body)
    assert set(agents) == {row["id"] for row in told}
    assert len(agents) == len(told)
    bars = stage.site.get(f"/api/v1/instruments/{stage.world.bitcoin.pk}/candles?timeframe=1h&limit=200", **headers)
    assert candles == [row["opened_at"] for row in json.loads(bars.body)["items"]]
    assert len(candles) > 12
    executed = json.loads(stage.site.get("/api/v1/fills?limit=200", **headers).body)["items"]
    assert fills == [row["id"] for row in executed][: len(fills)]
    assert len(fills) == len(executed) > 0


def test_rows_that_do_not_fit_come_with_the_next_cursor(known: Known) -> None:
    """An API that would give 200 long rows at once, and only as many as it is asked for."""
    listing = known["list_orders"]
    rows = [dict.fromkeys(listing.tool.gives.split(), "x" * 60) for _ in range(200)]
    asked = []

    class Full(Inside):
        async def ask(self, outer: Any, method: str, path: str, *, query: Any = None, **_: Any) -> Answer:
            asked.append(query["limit"])
            return Answer(200, {}, {"items": rows[: query["limit"]], "next": f"after {query['limit']}"})

    found = asyncio.run(call_tool(Full(no_application), listing, {"limit": 200}, {"headers": []}))
    assert found.found is not None
    assert asked == [200, len(found.found["items"])]
    assert found.found["next"] == f"after {asked[1]}"
    assert 1 < len(found.text.encode()) * 2 <= MOST_BYTES


def test_how_many_rows_fit_is_learnt_so_that_nothing_is_asked_twice(known: Known) -> None:
    listing = known["list_positions"]
    asked: list[int] = []

    class Full(Inside):
        async def ask(self, outer: Any, method: str, path: str, *, query: Any = None, **_: Any) -> Answer:
            asked.append(query["limit"])
            row = dict.fromkeys(listing.tool.gives.split(), "x" * size)
            return Answer(200, {}, {"items": [row] * query["limit"], "next": "more"})

    async def calls(number: int) -> list[int]:
        asked.clear()
        found = [await call_tool(Full(no_application), listing, {}, {"headers": []}) for _ in range(number)]
        return [len(one.found["items"]) for one in found if one.found is not None]

    size = 40
    first = asyncio.run(calls(3))
    assert asked == [20, first[0], first[0], first[0]]
    assert first[0] < 20
    size = 400  # whoever asks next, has other rows: nobody is told less because somebody else's were long
    asyncio.run(calls(1))
    size = 1
    short = asyncio.run(calls(2))
    assert short[0] == short[1] > 2 * first[0]
    assert asked[1:] == [short[0], short[0]]


def test_a_long_story_says_what_of_it_is_left_out(known: Known) -> None:
    """An order with more events than one answer holds: the newest are told, and how many are not."""
    order = dict.fromkeys(known["get_order"].tool.gives.split(), "x") | {"decisions": [], "fills": []}
    events = [{"created_at": str(number), "to_status": "open", "detail": "y" * 90} for number in range(200)]

    class Long(Inside):
        async def ask(self, *_: Any, **__: Any) -> Answer:
            return Answer(200, {}, order | {"events": events})

    result = asyncio.run(call_tool(Long(no_application), known["get_order"], {"order_id": "o"}, {"headers": []}))
    assert result.found is not None
    told = result.found["events"]
    assert told == events[-len(told) :]
    assert result.found["left_out"] == f"the first {200 - len(told)} of events"
    assert len(result.text.encode()) * 2 <= MOST_BYTES


async def no_application(*_: Any) -> None:
    raise AssertionError("nothing is asked of it")


def test_an_order_goes_through_the_gate_once_and_is_not_called_filled(stage: Stage) -> None:
    wallet = str(stage.world.agent.wallet_id)
    order = {
        "idempotency_key": "mcp-1", "wallet_id": wallet, "symbol": stage.world.bitcoin.symbol, "side": "buy",
        "quantity": 0.05, "reason": "a model says so",
    }  # fmt: skip
    stage.price_now()
    refused = call(stage, "place_order", **order | {"idempotency_key": "mcp-2", "quantity": "5", "reason": "Too much"})
    told = refused.structured_content
    assert told["outcome"] == "refused"
    assert told["refusal"]
    assert told["then"] == f"It was refused: {told['refusal']}"
    assert len(re.findall(r"\d[\d,.]*", told["refusal"])) >= 2, "the limit's number and the order's"
    first, second = (call(stage, "place_order", **order) for _ in range(2))
    assert first.structured_content["id"] == second.structured_content["id"]
    assert first.structured_content["quantity"] == "0.05"
    assert first.structured_content["outcome"] != "filled"
    assert "get_order" in first.structured_content["then"]
    other = call(stage, "place_order", **order | {"quantity": "0.07"})
    assert other.is_error
    assert "mcp-1" not in other.content[0].text or "key" in other.content[0].text.lower()
    with tenancy.tenant(stage.world.owner.pk):
        assert Order.objects.filter(reason__contains="a model says so").count() == 1


@pytest.mark.parametrize(
    ("action", "content", "is_done"),
    [("accept", {"go_ahead": True}, True), ("accept", {"go_ahead": False}, False), ("accept", None, False),
     ("decline", None, False), ("cancel", None, False)],
)  # fmt: skip
def test_a_client_that_can_ask_its_person_does_so_before_money_or_orders_are_touched(
    stage: Stage, action: Any, content: Any, is_done: bool
) -> None:
    asked: list[str] = []

    async def person(_: Any, told: Any) -> ElicitResult:
        asked.append(told.message)
        return ElicitResult(action=action, content=content)

    async def story(client: Client) -> tuple[Any, Any]:
        given = {"wallet_id": str(stage.world.agent.wallet_id), "symbol": stage.world.bitcoin.symbol, "side": "buy"}
        key = f"asked-{action}-{content}"
        placed = await client.call_tool("place_order", {**given, "idempotency_key": key, "quantity": "900"})
        return placed, await client.call_tool("list_wallets", {})

    headers = bearer(stage.world.owner)
    stage.price_now()
    placed, _ = ask(stage, headers, story, elicitation_callback=person)
    assert len(asked) == 1, "nothing is asked before what only reads"
    assert "Place an order through the risk gate?" in asked[0]
    assert "quantity 900" in asked[0]
    assert placed.is_error is not is_done
    if is_done:
        assert placed.structured_content["outcome"] == "refused", "the gate says no, whatever the person says"
    else:
        assert "did not say yes" in placed.content[0].text
    asked.clear()
    refused, _ = ask(stage, bearer(stage.world.owner, "read"), story, elicitation_callback=person)
    assert (refused.is_error, asked) == (True, []), "nobody is asked about what the token may not do"


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("place_order", {"wallet_id": "x"}, "Give idempotency_key"),
        ("list_orders", {"colour": "red"}, "takes no colour"),
        ("list_orders", {"status": "asleep"}, "status"),
        ("list_orders", {"limit": "many"}, "limit"),
        ("get_order", {"order_id": "../../tokens"}, "order_id"),
        ("list_orders", {"limit": [1]}, "limit"),
        ("list_orders", {"status": ["filled", "open"]}, "status"),
        ("get_order", {"order_id": {"a": 1}}, "order_id"),
        ("place_order", {"idempotency_key": ["k"], "wallet_id": "w", "symbol": "s", "side": "buy", "quantity": "1"},
         "idempotency_key"),
        ("place_order", {"idempotency_key": 10**23, "wallet_id": "w", "symbol": "s", "side": "buy", "quantity": "1"},
         "idempotency_key"),
        ("list_agents", {"cursor": "-1"}, "cursor"),
        ("list_positions", {"cursor": "9" * 5000}, "cursor"),
        ("list_goals", {"cursor": "9" * 5000}, "cursor"),
        ("list_orders", {"cursor": "9" * 5000}, "cursor"),
        ("get_order", {"order_id": "0c0ffee0-0000-4000-8000-000000000000"}, "There is no such order"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_a_sentence(stage: Stage, tool: str, arguments: dict[str, Any], said: str) -> None:
    result = call(stage, tool, **arguments)
    assert result.is_error
    assert said in result.content[0].text
    assert result.content[0].text != FAILED
    assert len(result.content[0].text) < 500


@pytest.mark.parametrize("quantity", [0.12345678901234567, float("1e400"), True, [1], "1_000"])
def test_a_number_that_is_not_exact_is_refused(stage: Stage, quantity: Any) -> None:
    wallet = str(stage.world.agent.wallet_id)
    given = {
        "idempotency_key": "inexact", "wallet_id": wallet, "symbol": "BTC/USDT", "side": "buy", "quantity": quantity,
    }  # fmt: skip
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "place_order", "arguments": given},
    }
    answer = post(stage, message, **bearer(stage.world.owner))
    assert answer.status in (200, 400)
    told = json.loads(answer.body)
    assert "error" in told or told["result"]["isError"], told


def test_a_call_beyond_the_scopes_is_refused_by_the_api(stage: Stage) -> None:
    result = call(stage, "pause_agent", scopes=("read",), agent_id=str(stage.world.agent.pk))
    assert result.is_error
    assert "needs the scope trade" in result.content[0].text

    async def story(client: Client) -> None:
        with pytest.raises(MCPError, match="no such tool"):
            await client.call_tool("set_limits", {"maximum_notional": "1000000"})

    ask(stage, bearer(stage.world.owner), story)


def test_somebody_elses_things_are_not_there(stage: Stage) -> None:
    for tool, given in (
        ("why", {"agent_id": str(stage.world.agent.pk)}),
        ("pause_agent", {"agent_id": str(stage.world.agent.pk)}),
    ):
        result = call(stage, tool, stage.stranger, **given)
        assert result.is_error
        assert "no such" in result.content[0].text or "does not exist" in result.content[0].text
    assert call(stage, "list_agents", stage.stranger).structured_content == {"items": [], "next": None}


def test_resources_and_prompts(stage: Stage) -> None:
    async def story(client: Client) -> Any:
        resources = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        portfolio = await client.read_resource("moniqo://portfolio")
        diary = await client.read_resource(f"moniqo://agents/{stage.world.agent.pk}/diary")
        limits = await client.read_resource(f"moniqo://wallets/{stage.world.master.pk}/limits")
        assert json.loads(limits.contents[0].text)["path"]
        for place in ("fills", f"wallets/{stage.world.master.pk}/fills"):
            (fills,) = (await client.read_resource(f"moniqo://{place}")).contents
            assert json.loads(fills.text)["items"][0]["fee_asset"]
            assert len(fills.text.encode()) <= MOST_BYTES
        prompt = await client.get_prompt("explain_this_loss", {"position_id": "p-1"})
        prompts = (await client.list_prompts()).prompts
        with pytest.raises(MCPError, match="no such resource"):
            await client.read_resource("moniqo://agents/../tokens/diary")
        return resources, templates, portfolio, diary, prompt, prompts

    resources, templates, portfolio, diary, prompt, prompts = ask(stage, bearer(stage.world.owner, "read"), story)
    assert [str(one.uri) for one in resources] == ["moniqo://portfolio", "moniqo://fills"]
    assert len(templates) == 5
    assert json.loads(portfolio.contents[0].text)["base"] == "USDT"
    assert json.loads(diary.contents[0].text)["items"]
    assert "p-1" in prompt.messages[0].content.text
    assert [one.name for one in prompts] == ["review_my_day", "explain_this_loss"]


def test_who_has_no_token_that_counts_is_told_where_to_read_of_them(stage: Stage) -> None:
    revoked = make_token(stage.world.owner, "read")
    text = tokens.access_text(revoked)
    with tenancy.tenant(stage.world.owner.pk):
        tokens.revoke_token(owner_id=stage.world.owner.pk, token_id=revoked.pk)
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer {text}"}):
        answer = post(stage, LISTING, **headers)
        assert answer.status == 401
        address = answer.headers["www-authenticate"].split('"')[1]
        assert address.endswith("/.well-known/oauth-protected-resource/mcp")
        told = json.loads(stage.site.get(address.split(str(stage.site.port), 1)[1]).body)
        assert told["resource"] == f"{stage.url}/mcp"
        assert "limits" not in told["scopes_supported"]


def test_a_browsers_session_is_no_programs(stage: Stage) -> None:
    answer = post(stage, LISTING, Cookie="sessionid=abcdefgh12345678")
    assert answer.status == 401


def test_other_hosts_pages_methods_and_bodies_are_turned_away(stage: Stage) -> None:
    known = bearer(stage.world.owner, "read")
    for status, headers, body in (
        (421, {"Host": "evil.example.com"}, LISTING),
        (403, {"Origin": "https://evil.example.com"}, LISTING),
        (413, {}, b"[" + b" " * (300 * 1024) + b"]"),
        (400, {}, b"{not json"),
        (400, {}, b""),
        (400, {}, b"[]"),
        (400, {}, [LISTING]),
        (400, {}, b"7"),
    ):
        answer = post(stage, body, **known, **headers)
        assert answer.status == status, (status, answer.status, answer.body[:200])
    assert stage.site.ask("GET", "/mcp", **known).status == 405
    assert stage.site.ask("DELETE", "/mcp", **known).status == 405
    own = f"http://127.0.0.1:{stage.site.port}"
    assert post(stage, LISTING, **known, Origin=own).status == 200


def _plain_value(value: object) -> Any:
    return value if isinstance(value, int | str) else str(value)


@pytest.mark.slow
def test_a_program_of_a_desktop_speaks_it_over_standard_input(stage: Stage) -> None:
    environment = os.environ | {
        **{name: address(name, stage.name) for name in DATABASE_VARIABLES},
        "MONIQO_TOKEN": tokens.access_text(make_token(stage.world.owner, "read")),
    }
    command = StdioServerParameters(command=sys.executable, args=["-W", "ignore", "manage.py", "mcp"], env=environment)

    async def whole() -> Any:
        async with Client(command, read_timeout_seconds=60) as client:
            return (await client.list_tools()).tools, await client.call_tool("list_wallets", {})

    listed, answer = asyncio.run(whole())
    assert "place_order" not in {tool.name for tool in listed}
    assert stage.world.master.name in {row["name"] for row in answer.structured_content["items"]}
    environment["MONIQO_TOKEN"] = "nonsense"
    refused = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "mcp"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "The token does not count" in refused.stderr
