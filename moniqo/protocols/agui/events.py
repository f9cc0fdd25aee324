"""The events of the protocol as they go over the wire: `data: {…}` and an empty line, lines ending in LF alone.

Written with orjson from plain dictionaries: tests hold every kind to the models of PyPI's `ag-ui-protocol`, whose own
encoder takes twenty times as long.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from moniqo.protocols.inside import written

VERSION: Final = "1.0"
PING: Final = b": ping\n\n"
FEED: Final = "feed"  # the type of the activity that holds what happened

Event = Mapping[str, Any]


def encode(*events: Event) -> bytes:
    return b"".join(b"data: %b\n\n" % written(event) for event in events)


def run_started(thread: str, run: str) -> Event:
    return {"type": "RUN_STARTED", "threadId": thread, "runId": run, "protocolVersion": VERSION}


def run_finished(
    thread: str, run: str, result: Mapping[str, Any], interrupts: Iterable[Mapping[str, Any]] = ()
) -> Event:
    """With `interrupts` the run waits for answers to them, and has no result."""
    ended = {"type": "RUN_FINISHED", "threadId": thread, "runId": run}
    if waiting := list(interrupts):
        return {**ended, "outcome": {"type": "interrupt", "interrupts": waiting}}
    return {**ended, "result": result, "outcome": {"type": "success"}}


def run_error(code: str, sentence: str) -> Event:
    return {"type": "RUN_ERROR", "code": code, "message": sentence}


def snapshot(state: Any) -> Event:
    return {"type": "STATE_SNAPSHOT", "snapshot": state}


def delta(operations: list[dict[str, Any]]) -> Event:
    return {"type": "STATE_DELTA", "delta": operations}


def activity(message: str, content: Mapping[str, Any]) -> Event:
    return {"type": "ACTIVITY_SNAPSHOT", "messageId": message, "activityType": FEED, "content": content}


def activity_delta(message: str, operations: list[dict[str, Any]]) -> Event:
    return {"type": "ACTIVITY_DELTA", "messageId": message, "activityType": FEED, "patch": operations}


def step(name: str, *inner: Event) -> list[Event]:
    """The events around `inner`, with them."""
    return [{"type": "STEP_STARTED", "stepName": name}, *inner, {"type": "STEP_FINISHED", "stepName": name}]


def said(message: str, text: str) -> list[Event]:
    """A whole message of the agent; one without text is none, since no client takes an empty part."""
    if not text:
        return []
    return [
        {"type": "TEXT_MESSAGE_START", "messageId": message, "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": message, "delta": text},
        {"type": "TEXT_MESSAGE_END", "messageId": message},
    ]


def called(call: str, tool: str, arguments: Mapping[str, Any]) -> list[Event]:
    """A call of a tool, without its result."""
    return [
        {"type": "TOOL_CALL_START", "toolCallId": call, "toolCallName": tool},
        {"type": "TOOL_CALL_ARGS", "toolCallId": call, "delta": written(arguments).decode()},
        {"type": "TOOL_CALL_END", "toolCallId": call},
    ]


def brought(call: str, result: Mapping[str, Any]) -> Event:
    """What the call brought."""
    content = written(result).decode()
    return {"type": "TOOL_CALL_RESULT", "messageId": f"{call}-result", "toolCallId": call, "content": content}
