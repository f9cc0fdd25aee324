"""Bodies are bounded in size and time before the application keeps anything of them."""

import asyncio
from typing import Any

import pytest

from kit import bodies
from kit.bodies import JSON_BYTES, bounded, limit

FORM = 2_621_440
pytestmark = pytest.mark.offline


class Client:
    """The client's end: what it sends, and what it is answered."""

    def __init__(self, *pieces: bytes, pause: float = 0, silent: bool = False) -> None:
        self.pieces, self.pause, self.silent = list(pieces), pause, silent
        self.status, self.body, self.headers = 0, b"", {}

    async def receive(self) -> dict[str, Any]:
        if not self.pieces:
            await asyncio.sleep(30)
        await asyncio.sleep(self.pause)
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces) or self.silent}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]


def ask(client: Client, *, path: str = "/login/", query: bytes = b"", **headers: str) -> int:
    """The bytes that the application kept of what the client sent."""
    kept = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal kept
        more = True
        while more:
            message = await receive()
            kept += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "query_string": query, "http_version": "1.1", "headers": sent}
    asyncio.run(bounded(application)(scope, client.receive, client.send))
    return kept


def test_what_is_declared_too_large_is_not_read() -> None:
    client = Client(b"x")
    assert ask(client, content_length=str(FORM + 1)) == 0
    assert (client.status, client.headers[b"connection"]) == (413, b"close")
    assert "at most 2,621,440 bytes" in client.body.decode()
    assert client.pieces == [b"x"]


def test_what_grows_too_large_is_refused_when_it_does() -> None:
    client = Client(*[b"x" * 1_000_000] * 9)
    assert ask(client) == 2_000_000
    assert client.status == 413
    assert len(client.pieces) == 6


def test_a_body_that_is_just_small_enough_arrives_whole() -> None:
    for path, most in (("/login/", FORM), ("/api/v1/orders", JSON_BYTES)):
        client = Client(b"x" * most)
        assert ask(client, path=path, content_length=str(most)) == most
        assert (client.status, client.body) == (200, b"done")


def test_programs_get_a_problem_and_may_send_less() -> None:
    client = Client(b"x" * (JSON_BYTES + 1))
    assert ask(client, path="/api/v1/orders") == 0
    assert client.status == 413
    assert client.headers[b"content-type"] == b"application/problem+json"
    assert limit("/somewhere/", "application/json") == JSON_BYTES
    assert limit("/somewhere/", "multipart/form-data; boundary=x") == FORM


def test_who_sends_too_slowly_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PIECE_SECONDS", 0.05)
    silent = Client(b"a", silent=True)
    assert ask(silent) == 1
    assert silent.status == 408
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    dripping = Client(*[b"a"] * 50, pause=0.02)
    assert 1 < ask(dripping) < 15
    assert dripping.status == 408


def test_an_address_of_more_parameters_than_may_be_is_refused_and_one_of_as_many_is_not() -> None:
    for count, status in ((1000, 200), (1001, 400)):
        client = Client(b"")
        ask(client, query=b"&".join(b"a=1" for _ in range(count)))
        assert client.status == status
