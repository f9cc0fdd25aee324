"""What a model is told beside an answer, and when a call breaks: in-process, with an API that says what it is given."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from mcp_types import CallToolRequestParams

from moniqo.protocols.calls import CALLS
from moniqo.protocols.inside import Answer, Asker, Inside
from moniqo.protocols.mcp import confirming
from moniqo.protocols.mcp.calling import FAILED
from moniqo.protocols.mcp.calling import call as call_tool
from moniqo.protocols.mcp.operations import Operation, operations
from moniqo.protocols.mcp.tools import TOOLS

Known = dict[str, Operation]


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

        async def asker(self, outer: Any) -> Asker:
            return Asker(uuid4(), ("read",))

    monkeypatch.setattr(CALLS, "note", lambda *given, status, **_: noted.append((given[2], status)))
    tools = server._Tools(Broken(no_application), lambda _: {"headers": []}, operations())
    result = asyncio.run(tools.called(None, "list_agents", {}))
    assert (result.refusal, noted) == (FAILED, [("list_agents", 500)])


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
