"""What a model is told beside an answer, and when a call breaks: in-process, with an API that says what it is given."""

import asyncio
import json
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper
from mcp_types import CallToolRequestParams

from kit.audit.models import Call
from moniqo.protocols.agui.events import brought, encode
from moniqo.protocols.calls import CALLS, Calls
from moniqo.protocols.inside import Answer, Asker, Inside, written
from moniqo.protocols.mcp import confirming
from moniqo.protocols.mcp.calling import FAILED, Result
from moniqo.protocols.mcp.calling import call as call_tool
from moniqo.protocols.mcp.operations import Operation, operations
from moniqo.protocols.mcp.tools import TOOLS

Known = dict[str, Operation]
HUGE = 99_999_999_999_999_999_999_999


@pytest.fixture(scope="module")
def known() -> Known:
    return operations()


async def no_application(*_: Any) -> None:
    raise AssertionError("nothing is asked of it")


@pytest.mark.parametrize(
    ("tool", "row", "said"),
    [
        ("place_order", {"outcome": "refused", "refusal": "Too much."}, "It was refused: Too much."),
        ("place_order", {"outcome": "submitted", "refusal": ""}, "not filled"),
        ("cancel_order", {"outcome": "rejected"}, "It was refused."),
        ("propose_order", {"status": "open"}, "waits for the owner"),
        ("propose_order", {"status": "declined"}, "It is over: declined."),
    ],
)
def test_what_is_over_is_not_called_under_way(known: Known, tool: str, row: dict[str, Any], said: str) -> None:
    operation = known[tool]
    given = {name: "x" for name, argument in operation.arguments.items() if argument.is_required}

    class Said(Inside):
        async def ask(self, *_: Any, **__: Any) -> Answer:
            return Answer(201, {}, dict.fromkeys(operation.tool.gives.split(), "x") | row)

    result = asyncio.run(call_tool(Said(no_application), operation, given, {"headers": []}))
    assert result.found is not None
    assert said in result.found["then"]


def test_a_call_that_breaks_says_nothing_of_its_inside_and_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    from moniqo.protocols.mcp import server  # takes a second, and the tests of its log want it unloaded

    noted = []

    class Broken(Inside):
        async def ask(self, *_: Any, **__: Any) -> Answer:
            raise ValueError("Exceeds the limit (4300 digits)")

        async def asker(self, outer: Any, *, anew: bool = False) -> Asker:
            return Asker(uuid4(), ("read",))

    monkeypatch.setattr(CALLS, "note", lambda *given, status, **_: noted.append((given[2], status)))
    tools = server._Tools(Broken(no_application), lambda _: {"headers": []}, operations())
    result = asyncio.run(tools.called(None, "list_agents", {}))
    assert (result.refusal, noted) == (FAILED, [("list_agents", 500)])


def test_a_number_that_no_column_holds_is_refused_in_words_whatever_it_is_and_the_call_is_written_down(
    known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API hears it as it was sent and says which field is wrong; a key that is no text does not come that far."""
    from moniqo.protocols.mcp import server  # takes a second, and the tests of its log want it unloaded

    heard: list[bytes] = []

    async def api(_: Any, receive: Any, send: Any) -> None:
        heard.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 422, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"detail": "It is wrong.", "fields": {"it": "why"}}'})

    class ByAToken(Inside):
        async def asker(self, outer: Any, *, anew: bool = False) -> Asker:
            return Asker(uuid4(), ("read",))

    calls = Calls()
    monkeypatch.setattr(server, "CALLS", calls)
    tools = server._Tools(ByAToken(api), lambda _: {"headers": []}, known)

    async def all_of_them() -> int:
        number = 0
        for tool, operation in known.items():
            needed = {name: "x" for name, argument in operation.arguments.items() if argument.is_required}
            for name, argument in operation.arguments.items():
                number += 1
                heard.clear()
                result = await tools.called(None, tool, needed | {name: HUGE})
                assert (result.found, result.status, FAILED in result.text) == (None, 422, False), (tool, name)
                if argument.place == "header":
                    assert heard == []
                    assert name in result.text
                elif argument.place == "body" and heard:
                    assert json.loads(heard[0])[name] == HUGE
        return number

    number = asyncio.run(all_of_them())
    assert [row["status"] for row in calls._waiting] == [422] * number


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), [{"share": float("nan")}]])
def test_what_is_no_number_is_refused_with_its_name_and_never_heard_as_nothing(known: Known, value: Any) -> None:
    given = {"idempotency_key": "k", "name": "Profit", "kind": "profit_target", "target": "500"}
    for name in ("ends_at", "actions", "reason", "name"):
        result = asyncio.run(call_tool(Inside(no_application), known["propose_goal"], given | {name: value}, {}))
        assert (result.found, result.status) == (None, 422)
        assert f"{name} holds" in result.refusal


def test_a_number_of_an_answer_keeps_every_digit() -> None:
    async def api(_: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"a": %d, "b": "\xc3\xa4"}' % HUGE})

    answer = asyncio.run(Inside(api).ask({"headers": []}, "GET", "/orders"))
    assert answer.body == {"a": HUGE, "b": "ä"}
    assert json.loads(Result(answer.body).text) == answer.body
    assert (
        json.loads(encode(brought("call", answer.body)).removeprefix(b"data: "))["content"]
        == written(answer.body).decode()
    )


def test_a_call_is_noted_whatever_its_arguments_are() -> None:
    """By the same mark for the same arguments in another order; what cannot be written has the mark of nothing."""
    endless: list[Any] = []
    endless.append(endless)

    async def marks(*given: Any) -> list[str]:
        calls = Calls()
        for arguments in given:
            calls.note(uuid4(), Call.Protocol.MCP, "why", arguments, status=200, began=0)
        return [row["arguments"] for row in calls._waiting]

    found = asyncio.run(marks({"b": HUGE, "a": 1}, {"a": 1, "b": HUGE}, {"a": "\ud800"}, {"a": endless}, b"{}"))
    assert found[0] == found[1] == sha256(b'{"a":1,"b":99999999999999999999999}').hexdigest()
    assert found[3:] == [sha256(b"").hexdigest(), sha256(b"{}").hexdigest()]
    assert len(set(found)) == 4


def test_a_yes_is_of_the_call_that_was_asked_about_and_of_no_other() -> None:
    """A state that was given for another quantity, another token, or by nobody, is asked about anew."""
    can = SimpleNamespace(elicitation=SimpleNamespace(form=object()))
    context = SimpleNamespace(session=SimpleNamespace(client_capabilities=can, protocol_version=confirming.SINCE))
    tool = next(tool for tool in TOOLS if tool.name == "place_order")
    token, yes = uuid4(), {confirming.QUESTION: {"action": "accept", "content": {confirming.QUESTION: True}}}

    def asked(quantity: str, **more: Any) -> CallToolRequestParams:
        return CallToolRequestParams(name=tool.name, arguments={"quantity": quantity}, **more)

    first = confirming.question(context, tool, asked("1"), token)
    assert first is not None
    again = {"input_responses": yes, "request_state": first.request_state}
    assert confirming.question(context, tool, asked("1", **again), token) is None
    assert confirming.question(context, tool, asked("2", **again), token) is not None
    assert confirming.question(context, tool, asked("1", **again), uuid4()) is not None
    for state in (None, "AAAA"):
        forged = asked("1", input_responses=yes, request_state=state)
        assert confirming.question(context, tool, forged, token) is not None


def test_calls_are_kept_when_the_connection_turns_out_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django says InterfaceError then, which is no DatabaseError."""

    def closed(_: Any) -> None:
        raise InterfaceError("connection already closed")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", closed)

    async def whole() -> list[str]:
        calls = Calls()
        for tool in ("why", "list_agents"):
            calls.note(uuid4(), Call.Protocol.MCP, tool, {}, status=200, began=0)
        with pytest.raises(InterfaceError):
            await calls.flush()
        return [row["tool"] for row in calls._waiting]

    assert asyncio.run(whole()) == ["why", "list_agents"]
