"""How large an answer of MCP is as it is sent: the whole protocol in-process, before an API that says what it is told.

The API's words may be as long as they like; so may what a client sends, within the size of a body.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest

from moniqo.protocols.calls import CALLS
from moniqo.protocols.inside import Inside
from moniqo.protocols.mcp.asgi import Protocol
from moniqo.protocols.mcp.fitting import MOST_BYTES
from moniqo.protocols.mcp.operations import Operation, operations
from moniqo.protocols.mcp.server import ARGUMENT, PROMPTS
from moniqo.protocols.mcp.shortening import LONG, NO_MESSAGE, TEXT

Known = dict[str, Operation]
ROWS = 300
SERVING: list[tuple[Protocol, asyncio.Runner]] = []
VERSIONS = ("2025-06-18", "2025-11-25")
CURSOR = "eyJhdCI6IjIwMjYtMTEtMjhUMDQ6MDU6MDAuMTIzNDU2KzAwOjAwIiwiaWQiOiI5OTk5OTk5OTk5In0"


@pytest.fixture(scope="module")
def known() -> Known:
    return operations()


@pytest.fixture(scope="module", autouse=True)
def _serving() -> Iterator[None]:
    """One protocol for all: its description takes half a second to write."""
    with asyncio.Runner() as runner:
        SERVING.append((Protocol(Inside(Api())), runner))
        yield
        SERVING.clear()


@pytest.fixture(autouse=True)
def _not_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CALLS, "note", lambda *_, **__: None)


class Api:
    """Answers whoever asks with `status`, and `rows` of a list or the first of them."""

    def __init__(self, status: int = 200, rows: Any = (), *, is_paged: bool = False, is_list: bool = False) -> None:
        self.status, self.rows, self.is_paged, self.is_list = status, rows, is_paged, is_list

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status = self.status
        if scope["path"].endswith("/tokens/current"):
            scopes = ["read", "trade", "move", "manage", "agent"]
            status, told = 200, {"id": str(uuid4()), "scopes": scopes, "asks_first": False}
        elif status >= 400:
            told = self.rows
        elif self.is_paged:
            limit = int(parse_qs(scope["query_string"].decode()).get("limit", ["20"])[0])
            told = {"items": self.rows[:limit], "next": CURSOR}
        else:
            told = self.rows if self.is_list else self.rows[0]
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"x/json")]})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def sent(api: Api, method: str, params: Any, version: str = VERSIONS[0], number: Any = 1) -> tuple[int, bytes]:
    """Status and body of the answer to one message."""
    return posted(api, {"jsonrpc": "2.0", "id": number, "method": method, "params": params}, version)


def posted(api: Api, message: object, version: str = VERSIONS[0]) -> tuple[int, bytes]:
    """The same, of whatever is sent."""
    body = json.dumps(message).encode()
    headers = {
        "host": "localhost", "authorization": "Bearer x", "content-type": "application/json",
        "accept": "application/json, text/event-stream", "mcp-protocol-version": version,
        "content-length": str(len(body)),
    }  # fmt: skip
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/mcp", "raw_path": b"/mcp", "scheme": "http",
        "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("localhost", 80),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    told: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    protocol, runner = SERVING[0]
    protocol._inside._application = api
    protocol._inside._believed.clear()
    runner.run(protocol.answer(scope, receive, send))
    return told[0]["status"], b"".join(part.get("body", b"") for part in told[1:])


def called(api: Api, operation: Operation, version: str = VERSIONS[0], **more: Any) -> tuple[dict[str, Any], int]:
    """The result of a call, and its size as it was sent."""
    needed = {name: "x" for name, argument in operation.arguments.items() if argument.is_required}
    limit = {"limit": 200} if operation.is_paged else {}
    given = {"name": operation.tool.name, "arguments": needed | limit | more}
    status, body = sent(api, "tools/call", given, version)
    assert status == 200, body[:300]
    result: dict[str, Any] = json.loads(body)["result"]
    return result, len(body)


def row_of(operation: Operation, text: str) -> dict[str, Any]:
    tool = operation.tool
    return {
        name: [dict.fromkeys(tool.inner[name].split(), text)] * 40 if name in tool.inner else text
        for name in tool.gives.split()
    }


def readers(known: Known) -> Iterator[Operation]:
    return (operation for operation in known.values() if operation.tool.method == "GET")


@pytest.mark.parametrize("text", ["64123.5", "2026-11-28T04:05:00.123456Z", 'a "word"', "ä\n€\\", ""])
@pytest.mark.parametrize("version", VERSIONS)
def test_many_short_rows_fit_as_they_are_sent(known: Known, text: str, version: str) -> None:
    for operation in readers(known):
        rows = [row_of(operation, text)] * ROWS
        api = Api(rows=rows, is_paged=operation.is_paged, is_list=operation.is_list)
        result, size = called(api, operation, version)
        assert size <= MOST_BYTES, (operation.tool.name, size)
        found = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == found
        if operation.is_list:
            assert len(found["items"]) > 1
            assert found["next"]
            assert "left_out" not in found
            assert size > MOST_BYTES * 0.7 or len(found["items"]) == 200, (operation.tool.name, size)


@pytest.mark.parametrize("letter", ["x", '"', "€", "\x1b"])
def test_a_long_text_gives_way_and_the_answer_says_so(known: Known, letter: str) -> None:
    """As the first of many rows, and as all there is; whatever else the row says stays as it is."""
    for operation in readers(known):
        tool = operation.tool
        *others, last = [name for name in tool.gives.split() if name not in tool.inner] or [""]
        if not last:
            continue  # of nothing but rows
        row = row_of(operation, "64123.5") | {last: letter * 30_000}
        rows = [row, *[row_of(operation, "64123.5")] * 5]
        result, size = called(Api(rows=rows, is_paged=operation.is_paged, is_list=operation.is_list), operation)
        assert size <= MOST_BYTES, (tool.name, size)
        found = result["structuredContent"]
        if operation.is_list:
            assert found["next"]
            (found,) = found["items"]
        assert f"the end of {last}" in found["left_out"]
        assert found[last].startswith(letter * 100)
        assert {name: found[name] for name in others} == dict.fromkeys(others, "64123.5")


@pytest.mark.parametrize(
    "refusal",
    [
        {"detail": "It is wrong. " * 5_000},
        {"detail": "It is wrong.", "fields": {f"field_{number}": "Give it. " * 10 for number in range(500)}},
        {"detail": "It is wrong.", "fields": {"x" * 100_000: "\x1b" * 100_000}},
    ],
)
def test_a_refusal_is_short_whatever_the_api_says(known: Known, refusal: Any) -> None:
    for operation in known.values():
        result, size = called(Api(status=422, rows=refusal), operation)
        assert size <= MOST_BYTES, (operation.tool.name, size)
        assert result["isError"]
        assert result["content"][0]["text"].startswith("It is wrong.")


def test_what_a_client_made_up_is_not_said_back_at_length(known: Known) -> None:
    for more in ({"y" * 100_000: 1}, {f"name_{number}": 1 for number in range(2_000)}):
        result, size = called(Api(), known["list_orders"], **more)
        assert size <= MOST_BYTES
        assert "list_orders takes no " in result["content"][0]["text"]
        assert "it takes wallet_id, symbol" in result["content"][0]["text"]
    for method, params in (
        ("tools/call", {"name": "z" * 100_000, "arguments": {}}),
        ("prompts/get", {"name": "z" * 100_000}),
        ("resources/read", {"uri": "moniqo://" + "z" * 100_000}),
        ("tools/call", {"name": ["z" * 100_000]}),
    ):
        _, body = sent(Api(), method, params)
        assert len(body) <= MOST_BYTES, (method[:20], len(body))


@pytest.mark.parametrize("version", [*VERSIONS, "2026-07-28", "3" * 5_000])
def test_neither_a_method_nor_a_revision_nor_an_id_that_a_client_made_up_is_said_back_whole(version: str) -> None:
    long = "z" * 40_000
    meta = {
        "io.modelcontextprotocol/protocolVersion": long, "io.modelcontextprotocol/clientCapabilities": {long: long},
    }  # fmt: skip
    for method, params, number in (
        (long, {}, 1), ("tools/list", {"_meta": meta}, 1), (long, {"_meta": meta}, 1), ("ping", {}, long),
        ("tools/call", {"name": "get_portfolio", "arguments": {}}, long), (long, {long: long}, [long]),
    ):  # fmt: skip
        status, body = sent(Api(), method, params, version, number)
        assert b"z" * (TEXT + 1) not in body, (method[:20], status, len(body))
        assert len(body) <= LONG or "result" in json.loads(body)


@pytest.mark.parametrize("version", [*VERSIONS, "2026-07-28"])
@pytest.mark.parametrize(
    "params",
    [{"a": float("nan")}, {"a": "\ud83d"}, {"a": 10**4_000}, {}],
    ids=["NaN", "half a letter", "long number", "nothing"],
)
def test_nor_is_an_id_where_something_else_in_the_message_is_no_json(version: str, params: dict[str, Any]) -> None:
    """Some of which the protocol's package reads all the same."""
    for number in ("z" * 40_000, 10**4_000):
        status, body = sent(Api(), "ping", params, version, number)
        assert (status, len(body) <= LONG) == (400, True), body[:200]


@pytest.mark.parametrize("name", PROMPTS)
def test_an_argument_of_a_prompt_is_bounded(name: str) -> None:
    arguments = PROMPTS[name].arguments
    fits, not_fits = (dict.fromkeys(arguments, "p" * (ARGUMENT + more)) for more in (0, 1))
    _, body = sent(Api(), "prompts/get", {"name": name, "arguments": fits})
    assert "messages" in json.loads(body)["result"]
    if arguments:
        _, body = sent(Api(), "prompts/get", {"name": name, "arguments": not_fits})
        assert json.loads(body)["error"]["message"] == f"Give {arguments[0]} with at most {ARGUMENT} characters."


@pytest.mark.parametrize("number", [None, True, 1.5, [1], {}])
def test_a_question_whose_id_is_none_is_no_notification_that_nobody_answers(number: Any) -> None:
    status, body = sent(Api(), "tools/list", {}, number=number)
    assert (status, json.loads(body)["error"]["message"]) == (400, NO_MESSAGE)


@pytest.mark.parametrize("message", [[], [{"jsonrpc": "2.0", "id": 1, "method": "ping"}], 7, {"id": 1}, {}, "tools"])
def test_what_is_no_message_is_told_so_in_our_words(message: object) -> None:
    status, body = posted(Api(), message)
    assert (status, json.loads(body)["error"]["message"]) == (400, NO_MESSAGE)


def test_a_notification_and_what_a_client_answers_are_taken_silently() -> None:
    for message in (
        {"method": "notifications/initialized"},
        {"id": 1, "result": {}},
        {"id": None, "error": {"code": 1, "message": "no"}},
    ):
        assert posted(Api(), {"jsonrpc": "2.0", **message}) == (202, b"")
