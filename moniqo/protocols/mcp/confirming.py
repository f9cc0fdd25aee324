"""A client that can ask the person in front of it is asked first, before a tool that may undo what is there or lets
trading go on.

Since revision 2026-07-28 that needs no stream: the call is answered with a question, and the client calls again with
the answer and with a state that is bound to what was asked about: a yes to one order is none to another. It is the
client's word, as the call is, and takes nobody's place: scopes, limits, the gate, and what the owner answers on
Approvals stay what they are.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import mcp_types as types
from django.core import signing
from mcp_types.version import is_version_at_least

from moniqo.protocols.mcp.tools import Tool

SINCE: Final = "2026-07-28"
QUESTION: Final = "go_ahead"
DECLINED: Final = "The person in front of your program did not say yes, so nothing was done."
_MOST: Final = 600
_SALT: Final = "moniqo.mcp.confirming"
_SECONDS: Final = 600
_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {QUESTION: {"type": "boolean", "title": "Go ahead", "default": False}},
    "required": [QUESTION],
}


def question(
    context: Any, tool: Tool, asked: types.CallToolRequestParams, token_id: UUID
) -> types.InputRequiredResult | None:
    """What the client is to ask before the call; None where nothing is to be asked, or this has been."""
    if not tool.asks_first or not _can_ask(context.session):
        return None
    arguments = asked.arguments or {}
    call = json.dumps([str(token_id), tool.name, arguments], sort_keys=True)
    digest = sha256(call.encode()).hexdigest()
    if QUESTION in (asked.input_responses or {}) and _stated(asked.request_state) == digest:
        return None
    told = types.ElicitRequestFormParams(message=_in_words(tool, arguments), requested_schema=_SCHEMA)
    state = signing.dumps(digest, salt=_SALT)
    return types.InputRequiredResult(input_requests={QUESTION: types.ElicitRequest(params=told)}, request_state=state)


def _stated(state: str | None) -> str:
    """What was asked about when the state was given; "" for one that is not ours, or too old."""
    try:
        return str(signing.loads(state or "", salt=_SALT, max_age=_SECONDS))
    except signing.BadSignature:
        return ""


def is_declined(tool: Tool, asked: types.CallToolRequestParams) -> bool:
    """Whether the client brings an answer that is no yes."""
    answer = (asked.input_responses or {}).get(QUESTION)
    if answer is None or not tool.asks_first:
        return False
    content = getattr(answer, "content", None)
    return (
        getattr(answer, "action", "") != "accept" or not isinstance(content, dict) or content.get(QUESTION) is not True
    )


def _can_ask(session: Any) -> bool:
    can = session.client_capabilities
    is_new = is_version_at_least(session.protocol_version or "", SINCE)
    return is_new and can is not None and can.elicitation is not None and can.elicitation.form is not None


def _in_words(tool: Tool, arguments: Mapping[str, Any]) -> str:
    what, _, _ = tool.description.partition(". ")
    with_what = ", ".join(f"{name} {value}" for name, value in arguments.items() if name != "idempotency_key")
    return f"{what}? {with_what}"[:_MOST]
