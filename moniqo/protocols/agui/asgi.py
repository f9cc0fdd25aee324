"""`POST /agui/agents/{id}`, `/agui/farms/{id}`, `/agui/portfolio`: a run, served in front of Django like `/live`.

What is known before the stream starts is plain HTTP, since clients take an error within the stream for a run that
ended: no token that counts 401, without the scope 403, not there or somebody else's 404, too large 413, no run of the
protocol 422, too many 429. An open run costs a task or two, no thread and no connection.
"""

import asyncio
import contextlib
import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from time import monotonic
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from django.conf import settings
from django.db import Error

from kit.bodies import Application, Receive, Scope, Send, bounded
from kit.errors import InvalidInputError, NotFoundError
from kit.live.asgi import the_hub, until_gone
from kit.live.hub import TooManyError
from kit.live.sessions import token_key
from kit.users.tokens import find_token
from moniqo.protocols import doors, leaving
from moniqo.protocols.agui import asking, events
from moniqo.protocols.agui.commands import Done, perform, require_possible
from moniqo.protocols.agui.feeds import Feeds, Viewer
from moniqo.protocols.agui.states import Subject
from moniqo.protocols.agui.telling import because, capabilities
from moniqo.protocols.calls import CALLS, Protocol
from moniqo.protocols.inside import Answer, Inside

PREFIX: Final = "/agui/"
PING_SECONDS: Final = 15.0
RETRY_AFTER_SECONDS: Final = 30
TOO_MANY: Final = "Too many runs of this token or this account are open: end some."
NOTHING_HERE: Final = "There is nothing at this address: an agent, a farm or the portfolio can be watched."
# By the code of a run's error, which programs may rely on.
ERRORS: Final = {
    "token_over": "The token does not count any more.",
    "gone": "What was watched is not there any more.",
    "failed": "That failed here; a new run may do better.",
}
UNDERSTOOD: Final = {kind: f"I understand: {', '.join(words)}." for kind, words in asking.COMMANDS_OF.items()}
_PATH: Final = re.compile(
    r"/agui/(?:(?P<kind>agents|farms)/(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|portfolio)(?P<more>/capabilities)?"
)
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect events otherwise
]

_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, Feeds] = WeakKeyDictionary()


def serve(django: Application, otherwise: Application) -> Application:
    """The application that answers `/agui/` itself, by what `django` says, and leaves the rest to `otherwise`."""
    inside = Inside(django)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(inside, scope, receive, _Noted(inside, scope, send))

    answering = bounded(answer)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (answering if is_ours else otherwise)(scope, receive, send)

    return application


class _Noted:
    """Sends, and writes down with what status an answer began: what was asked for, and with which body."""

    def __init__(self, inside: Inside, scope: Scope, send: Send) -> None:
        self._inside, self._scope, self._send = inside, scope, send
        self._began = monotonic()
        self.tool, self.body, self.status = scope["path"].split("/")[2], b"", 0

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            asker = await self._inside.asker(self._scope)
            if not isinstance(asker, Answer):
                status = self.status or message["status"]
                CALLS.note(asker.token_id, Protocol.AGUI, self.tool, self.body, status=status, began=self._began)
            self.body = b""
        await self._send(message)


async def _answer(inside: Inside, scope: Scope, receive: Receive, send: _Noted) -> None:
    found = _PATH.fullmatch(scope["path"])
    if found is None:
        await doors.refuse(
            send, HTTPStatus.NOT_FOUND, "There is nothing at this address: watch an agent, a farm or the portfolio."
        )
        return
    if await doors.turned_away(scope, send, "GET" if found["more"] else "POST"):
        return
    subject = Subject("portfolio") if found["kind"] is None else Subject(found["kind"], UUID(found["id"]))
    if found["more"]:
        if await _about(inside, scope, subject, send) is not None:
            await doors.say(send, HTTPStatus.OK, orjson.dumps(capabilities(subject)), "application/json")
    else:
        await _run(inside, scope, subject, receive, send)


async def _about(inside: Inside, scope: Scope, subject: Subject, send: _Noted, *, at_once: bool = False) -> Any:
    """What the API says of the subject; None where it says no, which is handed on. Of the portfolio the least that
    there is."""
    path, query = ("/orders", {"limit": 1}) if subject.id is None else (f"/{subject.kind}/{subject.id}", None)
    answer = await inside.ask(scope, "GET", path, query=query, at_once=at_once)
    if answer.is_refused:
        await doors.hand_on(send, answer)
        return None
    return answer.body


@dataclass(frozen=True, slots=True)
class _Begun:
    """What is kept of a run while it lasts: nothing of what it began with, which is most of what it costs otherwise."""

    thread: str
    run: str
    viewer: Viewer
    done: Done
    is_watching: bool
    left: asyncio.Task[None]


async def _run(inside: Inside, scope: Scope, subject: Subject, receive: Receive, send: _Noted) -> None:
    try:
        async with contextlib.AsyncExitStack() as held:
            begun = await _begin(inside, scope, subject, receive, send, held)
            if begun is not None:
                await _go_on(begun, send)
    except TooManyError:
        await doors.refuse(send, HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY, retry_after=str(RETRY_AFTER_SECONDS))
    except NotFoundError as error:
        await doors.refuse(send, HTTPStatus.NOT_FOUND, str(error))
    except Error:
        sentence = "The database does not answer: try again in a moment."
        await doors.refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, sentence, retry_after=str(RETRY_AFTER_SECONDS))


async def _begin(
    inside: Inside,
    scope: Scope,
    subject: Subject,
    receive: Receive,
    send: _Noted,
    held: contextlib.AsyncExitStack,
) -> _Begun | None:
    """Do what is asked for and tell what the run begins with; None where it is refused. Its place is `held`."""
    if (body := await leaving.read(receive)) is None:
        return None
    left = held.enter_context(leaving.noticed(scope, receive))
    if (about := await _about(inside, scope, subject, send, at_once=asking.stops(body))) is None:
        return None
    try:
        send.body = body
        asked = asking.read(body)
        send.tool = f"{subject.kind} {'answer' if asked.resume else asked.command or 'words'}"
        require_possible(subject, asked)
    except InvalidInputError as error:
        await doors.refuse_input(send, error)
        return None
    hub, feeds = the_hub(), _the_feeds()
    token = await feeds.asked(lambda: find_token(_bearer(scope), kind="access"))
    if token is None:  # it was revoked between the API's word and now
        await doors.refuse(send, HTTPStatus.UNAUTHORIZED, "Send a bearer token that counts.")
        return None
    key, feed = token_key(token.pk), feeds.of(token.owner_id)
    viewer = Viewer(key, feed, subject)
    held.enter_context(hub.place(key))
    done = await perform(inside, scope, subject, about, asked)
    if isinstance(done, Answer):
        await doors.hand_on(send, done)
        return None
    if done.error:
        send.status = HTTPStatus.CONFLICT
    await held.enter_async_context(hub.open(token.owner_id, viewer))
    await held.enter_async_context(feed.watched_by(viewer, subject))
    if done.is_acted:
        await feed.refresh()
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    began = [events.run_started(asked.thread, asked.run), *viewer.opening(), *done.events]
    if asked.command == asking.WHY:
        began += because(asked.run, viewer.reading)
    elif not asked.command:
        began += events.said(f"{asked.run}-words", UNDERSTOOD[subject.kind])
    await _part(send, events.encode(*began))
    is_watching = asked.command == asking.WATCH and asked.resume is None
    return _Begun(asked.thread, asked.run, viewer, replace(done, events=()), is_watching, left)


def _bearer(scope: Scope) -> str:
    return doors.header(scope, b"authorization").partition(" ")[2]


async def _go_on(begun: _Begun, send: Send) -> None:
    """The rest of the run, until its client leaves."""
    viewer, done = begun.viewer, begun.done
    if begun.is_watching and await until_gone(_pump(viewer, send), begun.left, settings.AGUI_RUN_SECONDS):
        return
    if error := done.error or (viewer.error and (viewer.error, ERRORS[viewer.error])):
        ended = events.run_error(*error)
    else:
        ended = events.run_finished(begun.thread, begun.run, done.result, done.interrupts)
    with contextlib.suppress(OSError):  # it left just now
        await send({"type": "http.response.body", "body": events.encode(ended), "more_body": False})


async def _pump(viewer: Viewer, send: Send) -> None:
    while not viewer.error:
        try:
            async with asyncio.timeout(PING_SECONDS):
                batch = await viewer.batch()
        except TimeoutError:
            batch = events.PING
        await _part(send, batch)


async def _part(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _the_feeds() -> Feeds:
    loop = asyncio.get_running_loop()
    if loop not in _feeds:
        _feeds[loop] = Feeds()
    return _feeds[loop]
