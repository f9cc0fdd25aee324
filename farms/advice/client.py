"""One question to an OpenAI-compatible endpoint: chat completions, with a schema of the answer where it takes one.

The official client costs 49 MB and fails with an `IndexError` or an `AttributeError` on wrong answers. This one sends
one request at a time, follows no redirect, reads 256 KB at most, waits no longer than it is told, however slowly the
other side speaks, and turns everything else into a `Trouble` with a sentence. Addresses are the operators'; by http
nothing is sent to one that is not private.
"""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from farms.advice.addresses import is_private
from kit.alerts.channels.outside import at_most
from kit.sealing import Secret

MOST_BYTES: Final = 262_144
LONGEST_WAIT: Final = 86_400
Message = Mapping[str, str]
# No call takes as many; and on average no tokenizer makes one of so many characters of what is said here.
MOST_TOKENS: Final = 10_000_000
CHARACTERS_OF_A_TOKEN: Final = 32
# Why there is no answer: the key, the quota, too many requests, the endpoint itself, or what it said.
Cause = Literal["key", "quota", "busy", "server", "timeout", "reset", "refused", "unreadable"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, as whom, and how long to wait. `base_url` ends before `/chat/completions`."""

    base_url: str
    model: str
    key: Secret = field(default=Secret(""))
    seconds: float = 60.0
    most_tokens: int = 1_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said, in letters that a column holds. Tokens are None where the endpoint does not count them;
    `is_cut`: it had no more room."""

    text: str
    is_cut: bool
    tokens_in: int | None
    tokens_out: int | None
    milliseconds: int


class Trouble(Exception):  # noqa: N818 - no error of ours: a call that came to nothing, told apart by its cause
    """There is no answer. `wait` is the seconds after which the endpoint wants to be asked again, 0 if it says none."""

    def __init__(self, cause: Cause, sentence: str, *, wait: int = 0) -> None:
        super().__init__(sentence)
        self.cause, self.sentence, self.wait = cause, sentence, wait


def ask(endpoint: Endpoint, messages: Sequence[Message], *, schema: Mapping[str, Any]) -> Reply:
    """The model's answer to `messages`, by `schema` where the endpoint takes one, else as plain JSON.

    An endpoint that knows no schema, or calls the limit of tokens otherwise, says so with 400 or 422 before it has
    done anything: it is asked again without. Raises Trouble.
    """
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": list(messages),
        "max_tokens": endpoint.most_tokens,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "proposal", "strict": True, "schema": schema},
        },
    }
    begun = time.monotonic()
    while True:
        left = endpoint.seconds - (time.monotonic() - begun)
        status, headers, text = _post(endpoint, body, left)
        if status not in (400, 422) or not _asked_otherwise(body, text):
            break
    if status != http.HTTPStatus.OK:
        raise _refused(status, headers, text)
    asked = sum(len(one["content"]) for one in messages)
    return _reply(text, asked, round((time.monotonic() - begun) * 1000))


def _asked_otherwise(body: dict[str, Any], said: str) -> bool:
    """Leave out of `body` what the endpoint does not know; whether there was any such thing."""
    if "response_format" in body and any(word in said for word in ("response_format", "json_schema", "schema")):
        del body["response_format"]
        return True
    if "max_tokens" in body and "max_completion_tokens" in said:
        body["max_completion_tokens"] = body.pop("max_tokens")
        return True
    return False


def _post(endpoint: Endpoint, body: Mapping[str, Any], seconds: float) -> tuple[int, Mapping[str, str], str]:
    parts = urlsplit(endpoint.base_url)
    host, is_secure = str(parts.hostname), parts.scheme == "https"
    if seconds <= 0:
        raise _late(host, endpoint.seconds)
    kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
    connection = kind(host, parts.port, timeout=seconds)
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "Moniqo"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    sent = json.dumps(body).encode()
    try:
        with closing(connection):
            plain = _connected(host, connection.port, until := time.monotonic() + seconds)
            with closing(plain), at_most(plain, _left(until)):
                if not is_secure and not is_private(plain.getpeername()[0]):
                    raise Trouble("server", f"{host} leads out of the own network: ask it by https.")
                connection.sock = _secured(plain, host) if is_secure else plain
                connection.request("POST", parts.path.rstrip("/") + "/chat/completions", sent, headers)
                response = connection.getresponse()
                read = response.read(MOST_BYTES + 1)
    except TimeoutError as error:
        raise _late(host, endpoint.seconds) from error
    except socket.gaierror as error:
        raise Trouble("server", f"There is no server {host}.") from error
    except ssl.SSLError as error:
        raise Trouble("server", f"{host} does not speak TLS as it should.") from error
    except (OSError, http.client.HTTPException) as error:
        raise Trouble("reset", f"The connection to {host} broke.") from error
    if len(read) > MOST_BYTES:
        raise Trouble("unreadable", f"{host} answered more than {MOST_BYTES:,} bytes.")
    return (
        response.status,
        {name.lower(): value for name, value in response.headers.items()},
        read.decode("utf-8", "replace"),
    )


def _connected(host: str, port: int, until: float) -> socket.socket:
    """A connection to the first of its addresses that answers. All of them together have the time that is left."""
    found: OSError = OSError("no address")
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(_left(until))
            made.connect(place)
        except OSError as error:
            made.close()
            found = error
        else:
            return made
    raise found


def _left(until: float) -> float:
    """The seconds until then. Raises TimeoutError where there are none."""
    if (seconds := until - time.monotonic()) <= 0:
        raise TimeoutError
    return seconds


def _secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _late(host: str, seconds: float) -> Trouble:
    return Trouble("timeout", f"{host} did not answer within {seconds:g} seconds.")


def _refused(status: int, headers: Mapping[str, str], text: str) -> Trouble:
    """What a status other than 200 means."""
    if status in (401, 403):
        return Trouble("key", "The endpoint rejects the key.")
    if status == http.HTTPStatus.PAYMENT_REQUIRED or "insufficient_quota" in text:
        return Trouble("quota", "The quota at the endpoint is used up.")
    if status == http.HTTPStatus.TOO_MANY_REQUESTS:
        told = headers.get("retry-after", "")
        wait = int(told) if told.isascii() and told.isdigit() and len(told) < 7 else 0
        return Trouble("busy", "The endpoint takes no more requests now.", wait=min(wait, LONGEST_WAIT))
    return Trouble("server", f"The endpoint answered with status {status}.")


def _reply(text: str, asked: int, milliseconds: int) -> Reply:
    if text.lstrip()[:1] == "<":
        raise Trouble("unreadable", "The endpoint answered with a page instead of JSON: is its address right?")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Trouble("unreadable", "The endpoint answered something that is no JSON.") from error
    choices = told.get("choices") if isinstance(told, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise Trouble("unreadable", "The endpoint answered without a choice.")
    tokens = told["usage"] if isinstance(told.get("usage"), dict) else {}
    said, content = message.get("refusal"), message.get("content")
    is_refused = (isinstance(said, str) and said != "") or not isinstance(content, str)
    words = said if isinstance(said, str) and said else content if isinstance(content, str) else ""
    counted = _count(tokens.get("prompt_tokens"), asked), _count(tokens.get("completion_tokens"), len(words))
    is_cut = not is_refused and first.get("finish_reason") == "length"
    reply = Reply(_letters(words), is_cut, *counted, milliseconds)
    if is_refused:
        raise Refusal(reply)
    return reply


def _letters(text: str) -> str:
    """The same, with a mark for what is no letter: zero, and half of one, as where an answer was cut amid an emoji."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _count(told: Any, characters: int) -> int | None:
    """The tokens of a text; what is no number, more than any model takes, or too few for the text is not believed."""
    if not isinstance(told, int) or isinstance(told, bool) or told >= MOST_TOKENS:
        return None
    return told if told >= 0 and told * CHARACTERS_OF_A_TOKEN >= characters else None


class Refusal(Trouble):
    """The model does not answer: it was asked, and has cost what `reply` counts."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("refused", "The model refuses to answer." if reply.text else "The model answered nothing.")
        self.reply = reply
