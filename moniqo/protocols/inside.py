"""A request to our own API from inside of the process, as if it had come from outside.

Whatever a protocol does goes this way: the token is checked, requests are counted, scopes, limits and keys of requests
hold, acts are audited, all as they are for every program, because they are the same lines.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from time import monotonic
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.core.handlers.asgi import ASGIRequest

from kit.api import PREFIX
from kit.bodies import Application, Scope
from kit.crowding import IS_URGENT, STANDS_ASIDE
from kit.users import rates
from kit.users.rates import COUNTED

ROOT: Final = f"{PREFIX}v1"
# Of whoever asks, what tells who that is and where from. No cookie: a browser's session is no program's.
_HANDED_ON: Final = frozenset({b"authorization", b"host", b"user-agent", b"x-forwarded-for", b"x-forwarded-proto"})
# How long it is believed that a token has the scopes it had, and asks first or not. What is asked for with it is
# checked each time all the same; this is for lists of what may be asked.
BELIEVED_SECONDS: Final = 5.0
BELIEVED_MOST: Final = 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said: status, headers by lower-case name, and the JSON; None where there was none."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def is_refused(self) -> bool:
        return self.status >= 400

    @property
    def code(self) -> str:
        """Of a refusal, the last word of its problem's type; "" where it has none."""
        return str(self.body.get("type", "")).rpartition(":")[2] if isinstance(self.body, Mapping) else ""


@dataclass(frozen=True, slots=True)
class Asker:
    """The token that a program comes with, and what it may do."""

    token_id: UUID
    scopes: tuple[str, ...]
    asks_first: bool = False


def written(value: object) -> bytes:
    """As JSON, whole numbers of any size as they are. Of what is sent nothing is written so: NaN would become null."""
    try:
        return orjson.dumps(value)
    except TypeError:  # more than 64 bits
        return json.dumps(value, separators=(",", ":")).encode()


class Inside:
    """The API as `application` answers it."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._believed: dict[bytes, tuple[float, Asker]] = {}

    async def ask(
        self,
        outer: Scope,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str = "",
        at_once: bool = False,
    ) -> Answer:
        """The answer to a request of whoever sent `outer`; `key` is its Idempotency-Key. What is asked for `at_once`
        stands aside behind nobody."""
        text = b"" if body is None else json.dumps(body).encode()
        headers = [(name, value) for name, value in outer["headers"] if name in _HANDED_ON]
        headers += [(b"accept", b"application/json"), (b"content-length", str(len(text)).encode())]
        if body is not None:
            headers.append((b"content-type", b"application/json"))
        if key:
            headers.append((b"idempotency-key", key.encode()))
        asked = {
            **outer,
            "method": method,
            "path": ROOT + path,
            "raw_path": (ROOT + path).encode(),
            "query_string": urlencode(query or {}, doseq=True).encode(),
            "headers": headers,
            IS_URGENT if at_once else STANDS_ASIDE: True,
        }
        return await self._answer(asked, text)

    async def _answer(self, asked: Scope, text: bytes) -> Answer:
        told: list[dict[str, Any]] = []
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:  # whoever asks waits for the answer and never leaves
                await asyncio.Event().wait()
            sent = True
            return {"type": "http.request", "body": text, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            told.append(message)

        await self._application(asked, receive, send)
        start, *parts = told
        body = b"".join(part.get("body", b"") for part in parts)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
        is_json = "json" in headers.get("content-type", "")
        return Answer(start["status"], headers, json.loads(body) if is_json and body else None)

    async def counted(self, outer: Scope) -> Asker | Answer:
        """The same as `asker`, of a request that is counted as one of the API, and all that it asks for with it."""
        known = self._known(_mark(outer))
        if known is None:
            found = await self.asker(outer)  # the API counts that
        else:
            found = await asyncio.to_thread(_refusal, outer, known) or known
        outer[COUNTED] = True
        return found

    def _known(self, mark: bytes) -> Asker | None:
        at, known = self._believed.get(mark, (0.0, None))
        return known if monotonic() - at < BELIEVED_SECONDS else None

    async def asker(self, outer: Scope, *, anew: bool = False) -> Asker | Answer:
        """Whose token `outer` comes with; the API's refusal where it counts for nothing. `anew`, nothing is believed
        of before."""
        mark = _mark(outer)
        if not anew and (known := self._known(mark)) is not None:
            return known
        # Asked before anybody knows what for, once in a while for each token: who stops something waits for it too.
        answer = await self.ask(outer, "GET", "/tokens/current", at_once=True)
        if answer.is_refused:
            self._believed.pop(mark, None)
            return answer
        if len(self._believed) >= BELIEVED_MOST:
            self._believed.clear()
        found = Asker(UUID(answer.body["id"]), tuple(answer.body["scopes"]), answer.body["asks_first"])
        self._believed[mark] = (monotonic(), found)
        return found


def _mark(outer: Scope) -> bytes:
    text = next((value for name, value in outer["headers"] if name == b"authorization"), b"")
    return sha256(text).digest()


def _refusal(outer: Scope, asker: Asker) -> Answer | None:
    """The API's 429, if this is one request too many; asks Redis."""
    request = ASGIRequest({**outer, "path": f"{ROOT}/tokens/current"}, BytesIO())
    refused = rates.refusal_outside(request, asker.token_id)
    if refused is None:
        return None
    headers = {name.lower(): value for name, value in refused.headers.items()}
    return Answer(refused.status_code, headers, json.loads(refused.content))
