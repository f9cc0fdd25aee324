"""What a client sent comes back short, whatever the protocol's package would say again of it.

It repeats an unknown method, a revision that is not spoken and the id of every message whole, each of which may be as
long as a body may be.
"""

import json
from http import HTTPStatus
from typing import Any, Final

from kit.bodies import Send
from moniqo.protocols.inside import written
from moniqo.protocols.mcp.fitting import clipped

# Of an answer that says no.
LONG: Final = 2 * 1024
# Of each text in it, and of the id that a client makes up for a message.
TEXT: Final = 200
ID_TOO_LONG: Final = f"Give the message an id of at most {TEXT} characters."

NO_MESSAGE: Final = "Send one message of JSON-RPC 2.0: a question has a method, and an id: a text or a whole number."


def has_long_id(body: bytes) -> bool:
    """Whether the message cannot be answered with its id. Read is what the protocol's package reads, NaN too."""
    if len(body) <= TEXT:
        return False
    try:
        message = json.loads(body)
        told = message.get("id") if isinstance(message, dict) else None
        return len(written(told)) > TEXT + 2
    except (ValueError, RecursionError):  # the protocol says so
        return False


def shortly(send: Send) -> Send:
    """The same, but of a long refusal every text has an end. Answers come in one piece."""
    begun: list[dict[str, Any]] = []

    async def tell(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            begun.append(message)
            return
        body = message.get("body", b"")
        if begun and not message.get("more_body", False) and len(body) > LONG and (short := _short(body)) is not None:
            start, message = begun[0], {**message, "body": short}
            kept = [header for header in start["headers"] if header[0].lower() != b"content-length"]
            begun[0] = {**start, "headers": [*kept, (b"content-length", str(len(short)).encode())]}
        while begun:
            await send(begun.pop())
        await send(message)

    return tell


def _short(body: bytes) -> bytes | None:
    try:
        message = json.loads(body)
    except ValueError:
        return None
    if not isinstance(message, dict) or "error" not in message:
        return None
    return json.dumps({**message, "error": _cut(message["error"])}).encode()


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return clipped(value, TEXT)
    if isinstance(value, list):
        return [_cut(one) for one in value]
    return {clipped(name, TEXT): _cut(one) for name, one in value.items()} if isinstance(value, dict) else value


def refusal(sentence: str) -> tuple[HTTPStatus, bytes]:
    """The answer to a message with an id that cannot be said again."""
    told = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": sentence}}
    return HTTPStatus.BAD_REQUEST, json.dumps(told).encode()
