"""A question in a revision with a handshake, answered without the streams that the package opens for each.

Its transport makes a group of tasks and six streams for every request, lets the event loop go round twenty times and
takes longer than all else that the protocol costs. A question with one answer needs none of that, so the package's
runner is asked at once, as the package does it itself since revision 2026-07-28. Only what is plain goes this way;
whatever is anything else, the transport reads, refuses or answers.
"""

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import anyio
import mcp_types as types
import pydantic_core
from mcp.server.connection import Connection
from mcp.server.lowlevel import Server
from mcp.server.runner import serve_one
from mcp.server.streamable_http import check_accept_headers
from mcp.shared.exceptions import NoBackChannelError
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp.shared.jsonrpc_dispatcher import handler_exception_to_error_data
from mcp.shared.message import ServerMessageMetadata
from mcp.shared.transport_context import TransportContext
from mcp_types.jsonrpc import jsonrpc_message_adapter
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError
from starlette.requests import Request

from kit.bodies import Scope, Send
from moniqo.protocols import doors
from moniqo.protocols.inside import written
from moniqo.protocols.mcp.calling import FAILED

logger = logging.getLogger(__name__)

_TRANSPORT: Final = TransportContext(kind="streamable-http", can_send_request=False)


@dataclass(slots=True)
class _Exchange:
    """What the runner is told of a question that has one answer: nothing else is sent to who asked."""

    request_id: str | int
    message_metadata: ServerMessageMetadata
    transport: TransportContext = _TRANSPORT
    can_send_request: bool = False
    cancel_requested: anyio.Event = field(default_factory=anyio.Event)

    async def send_raw_request(self, method: str, *_: object) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(self, *_: object) -> None:
        """Nobody hears it."""

    async def progress(self, *_: object) -> None:
        """Nobody hears it."""


class NoMessageError(Exception):
    """What was sent is JSON, and no message of the protocol."""


def question(scope: Scope, body: bytes) -> types.JSONRPCRequest | None:
    """The question, if that is what was sent, and plainly. Raises NoMessageError, where the package would say what it
    reads messages with, or take a question whose id is none for a notification and answer nothing."""
    try:
        read = pydantic_core.from_json(body)
    except ValueError:
        return None
    try:
        if isinstance(read, dict) and {"id", "method"} <= read.keys():
            asked = types.JSONRPCRequest.model_validate(read, by_name=False)
        else:
            jsonrpc_message_adapter.validate_python(read, by_name=False)
            return None
    except ValidationError as error:
        raise NoMessageError from error
    return asked if asked.method != "initialize" and _is_plain(Request(scope)) else None


def _is_plain(request: Request) -> bool:
    version = request.headers.get(MCP_PROTOCOL_VERSION_HEADER)
    has_json, _ = check_accept_headers(request)
    is_json = request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"
    return has_json and is_json and (version is None or version in HANDSHAKE_PROTOCOL_VERSIONS)


async def answer(server: Server[Any], lifespan: Any, asked: types.JSONRPCRequest, scope: Scope, send: Send) -> None:
    """Answer it, or say what is wrong with it."""
    request = Request(scope)
    version = request.headers.get(MCP_PROTOCOL_VERSION_HEADER, types.DEFAULT_NEGOTIATED_VERSION)
    exchange = _Exchange(asked.id, ServerMessageMetadata(request_context=request))
    told: dict[str, Any] = {"jsonrpc": "2.0", "id": asked.id}
    try:
        told["result"] = await serve_one(
            server, exchange, asked.method, asked.params,
            connection=Connection.from_envelope(version, None, None), lifespan_state=lifespan,
        )  # fmt: skip
    except Exception as error:  # whatever it is, its words are not for outside
        known = handler_exception_to_error_data(error)
        if known is None:
            logger.exception("A question of %s broke", asked.method[:200])
            known = types.ErrorData(code=types.INTERNAL_ERROR, message=FAILED)
        told["error"] = known.model_dump(mode="json", exclude_unset=True)
    await doors.say(send, HTTPStatus.OK, written(told), "application/json")
