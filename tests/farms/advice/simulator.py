"""A server that speaks the wire format of chat completions, and fifteen ways in which such servers go wrong.

The official client proves it (test_official_client.py): what it sends is what that client reads.
"""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROPOSAL: Mapping[str, Any] = {
    "action": "buy",
    "instrument": "TST/USDT",
    "size_percent": 50,
    "stop": 95,
    "target": 110.5,
    "horizon_candles": 4,
    "confidence": 0.7,
    "reasons": ["The fast average is above the slow one."],
    "exposure": None,
    "mood": 0.2,
}
FAULTS = (
    "401", "429", "quota", "500", "timeout", "reset", "html", "no choices", "garbage", "fence", "cut off", "refusal",
    "out of bounds", "nan", "markup",
)  # fmt: skip
STALL = 0.6  # longer than a test waits


def proposal(**changed: Any) -> str:
    """A valid answer, some of it changed."""
    return json.dumps({**PROPOSAL, **changed})


@dataclass
class Script:
    """What the next answers are: names of `FAULTS`, or the words of the model; the last goes on for ever."""

    answers: list[str] = field(default_factory=lambda: [proposal()])
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    knows_schemas: bool = True
    knows_max_tokens: bool = True
    counts_tokens: bool = True
    characters_of_a_token: int = 3
    retry_after: str = ""

    def next(self) -> str:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        script = self.server.script
        read = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(read)
        script.requests.append(asked)
        script.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.path != "/v1/chat/completions":
            return self._say(404, _error("Unknown request URL.", "invalid_request_error", None))
        if "response_format" in asked and not script.knows_schemas:
            told = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
            return self._say(400, _error(told, "invalid_request_error", None))
        if "max_tokens" in asked and not script.knows_max_tokens:
            told = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            return self._say(400, _error(told, "invalid_request_error", "unsupported_parameter"))
        return self._answer(script, script.next())

    def _answer(self, script: Script, answer: str) -> None:
        if answer in _REFUSALS:
            status, told = _REFUSALS[answer]
            wait = {"Retry-After": script.retry_after} if answer == "429" and script.retry_after else {}
            self._say(status, told, **wait)
        elif answer in _PAGES:
            self._send(200, *_PAGES[answer])
        elif answer == "no choices":
            self._say(200, _completion(script, [], ""))
        elif answer in ("timeout", "reset"):
            if answer == "timeout":
                time.sleep(STALL)
            # Closing sends RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            self._say(200, _said(script, **_WORDS.get(answer, {"content": answer})))

    def _say(self, status: int, told: Any, **headers: str) -> None:
        self._send(status, json.dumps(told).encode(), "application/json", **headers)

    def _send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing: tests read what they need."""


def _error(message: str, kind: str, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _said(script: Script, content: str | None, *, reason: str = "stop", refusal: str | None = None) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "refusal": refusal, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return _completion(script, [choice], content or refusal or "")


def _completion(script: Script, choices: list[Any], words: str) -> dict[str, Any]:
    asked = sum(len(message["content"]) for message in script.requests[-1]["messages"])
    told = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": script.requests[-1]["model"],
        "choices": choices,
    }
    if script.counts_tokens:
        each = script.characters_of_a_token
        counted = {"prompt_tokens": asked // each, "completion_tokens": len(words) // each}
        told["usage"] = {**counted, "total_tokens": sum(counted.values())}
    return told


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error here."""


_REFUSALS: Mapping[str, tuple[int, Any]] = {
    "401": (401, _error("Incorrect API key provided: sk-no.", "invalid_request_error", "invalid_api_key")),
    "429": (429, _error("Rate limit reached.", "requests", "rate_limit_exceeded")),
    "quota": (429, _error("You exceeded your current quota.", "insufficient_quota", "insufficient_quota")),
    "500": (500, _error("The server had an error.", "server_error", None)),
}
_PAGES: Mapping[str, tuple[bytes, str]] = {
    "html": (b"<!doctype html><title>Gateway</title>", "text/html"),
    "garbage": (b"\x00\xff{{{", "application/json"),
}
_WORDS: Mapping[str, Mapping[str, Any]] = {
    "fence": {"content": f"```json\n{proposal()}\n```"},
    "cut off": {"content": proposal()[:40], "reason": "length"},
    "refusal": {"content": None, "refusal": "I cannot help with that."},
    "out of bounds": {"content": proposal(size_percent=5000)},
    "nan": {"content": proposal(confidence=float("nan"))},
    "markup": {"content": proposal(reasons=["<script>alert(1)</script> & <b>buy</b>"])},
}


@contextmanager
def simulated_model() -> Iterator[tuple[str, Script]]:
    """Yields its base address and the script that its answers follow."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.script = Script()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", server.script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
