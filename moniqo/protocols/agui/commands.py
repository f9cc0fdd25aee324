"""What a command does, before its run is told: acts of the API with the token of whoever asks.

What stops something is done at once, unless the token asks first. What moves money or lets something trade again is
asked of the owner: the run ends with an interrupt, which a later run answers, or the owner does on the page Approvals.
Its id is the question's, and it is bound to the call of the tool that waits for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from kit.approvals.services import ANSWER, read_answer
from kit.bodies import Scope
from kit.errors import InvalidInputError
from kit.users.access import AsksFirstError
from moniqo.protocols.agui import events
from moniqo.protocols.agui.asking import COLLECT, COMMANDS_OF, HALT, PAUSE, PROPOSE_LIMIT, RESUME, STOPS, Asked
from moniqo.protocols.agui.events import Event
from moniqo.protocols.agui.states import Subject
from moniqo.protocols.inside import Answer, Inside

# What of a client's properties an act takes over; whatever else is there is ignored.
_TAKEN: Final = {
    COLLECT: ("asset", "amount", "reason", "minutes"),
    PROPOSE_LIMIT: ("maximum_notional", "maximum_daily_loss", "reason", "minutes"),
    **dict.fromkeys((RESUME, PAUSE, HALT), ("reason", "minutes")),
}
LEFT_OPEN: Final = "You wait no longer; the owner may still answer."
# What keeps an answer from counting, as a run's error.
REFUSALS: Final[dict[int, tuple[str, str]]] = {
    HTTPStatus.NOT_FOUND: ("unknown_interrupt", "There is no such question of yours."),
    HTTPStatus.CONFLICT: ("answered_or_late", "It was answered otherwise, or it is too late."),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("invalid_answer", "The answer is not what was asked for."),
}


@dataclass(frozen=True, slots=True)
class Done:
    """What is told of a command after the opening; `error` is a code and a sentence where the run ends with one."""

    events: Sequence[Event] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    interrupts: Sequence[Mapping[str, Any]] = ()
    error: tuple[str, str] | None = None
    is_acted: bool = False


def require_possible(subject: Subject, asked: Asked) -> None:
    """Raise InvalidInputError for what cannot be done with the subject."""
    if asked.resume is None and asked.command and asked.command not in COMMANDS_OF[subject.kind]:
        told = "The portfolio is watched; a command is for one agent or one farm."
        raise InvalidInputError(told, fields={"forwardedProps.command": f"Not {asked.command} here."})


async def perform(
    inside: Inside, scope: Scope, subject: Subject, about: Mapping[str, Any], asked: Asked
) -> Done | Answer:
    """Do it, or say why not: the API's refusal. `about` is what the API says of the subject."""
    if asked.resume is not None:
        return await _answered(inside, scope, asked.resume)
    if asked.command in STOPS:
        return await _stopped(inside, scope, subject, about, asked)
    if asked.command in _TAKEN:
        return await _asked_owner(inside, scope, subject, about, asked)
    return Done(result={"command": asked.command})


async def _stopped(
    inside: Inside, scope: Scope, subject: Subject, about: Mapping[str, Any], asked: Asked
) -> Done | Answer:
    if asked.command == PAUSE:
        answer = await inside.ask(scope, "POST", f"/{subject.kind}/{subject.id}/pause", at_once=True)
    else:
        path = f"/wallets/{about['wallet_id']}/stop"
        answer = await inside.ask(scope, "POST", path, body={"policy": "keep"}, at_once=True)
    if answer.is_refused:
        is_asked_first = answer.code == AsksFirstError.code
        return await _asked_owner(inside, scope, subject, about, asked) if is_asked_first else answer
    call, result = f"{asked.run}-{asked.command}", {"status": answer.body["status"]}
    told = [*events.called(call, asked.command, {"id": str(subject.id)}), events.brought(call, result)]
    return Done(told, {"command": asked.command, **result}, is_acted=True)


async def _asked_owner(
    inside: Inside, scope: Scope, subject: Subject, about: Mapping[str, Any], asked: Asked
) -> Done | Answer:
    given = {name: asked.given[name] for name in _TAKEN[asked.command] if name in asked.given}
    if asked.command in (RESUME, PAUSE):
        path = "/approvals/starts" if asked.command == RESUME else "/approvals/pauses"
        given = given | {f"{subject.kind.removesuffix('s')}_id": str(subject.id)}
    elif asked.command == COLLECT:
        path = "/approvals/collections"
        given = {"asset": about["base_asset"], **given, "wallet_id": about["wallet_id"]}
    else:
        path = "/approvals/halts" if asked.command == HALT else "/approvals/limits"
        given = given | {"wallet_id": about["wallet_id"]}
    at_once = asked.command in STOPS
    answer = await inside.ask(scope, "POST", path, body=given, key=_key(subject, asked), at_once=at_once)
    if answer.is_refused:
        return answer
    question = answer.body
    call = _call(question["id"])
    interrupt = {
        "id": question["id"],
        "reason": "approval",
        "message": "\n".join([question["title"], *question["lines"]]),
        "toolCallId": call,
        "responseSchema": dict(ANSWER),
        "expiresAt": question["expires_at"],
    }
    return Done(events.called(call, asked.command, given), interrupts=[interrupt])


async def _answered(inside: Inside, scope: Scope, resume: Sequence[Mapping[str, Any]]) -> Done | Answer:
    """What a later run answers; one question at a time, since each run asks one.

    `cancelled` always lets the client go on, which runs nothing before: it is a no of who may say no, and from anybody
    else, or where it is over, no more than that the client waits no longer.
    """
    try:
        question, is_approved, note = _read(resume)
    except InvalidInputError as error:
        return Done(error=("invalid_answer", str(error)))
    body = {"approved": bool(is_approved), "note": note}
    answer = await inside.ask(scope, "POST", f"/approvals/{question}/answer", body=body)
    if is_approved is None and answer.status in (HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT):
        answer = await inside.ask(scope, "GET", f"/approvals/{question}")
    if (refusal := REFUSALS.get(answer.status)) is not None:
        return Done(error=refusal)
    if answer.is_refused:
        return answer
    result = {"status": answer.body["status"], **answer.body["result"]}
    if result["status"] == "open":
        result["said"] = LEFT_OPEN
    told = events.brought(_call(str(question)), result)
    return Done([told], {"question": str(question), **result}, is_acted=True)


def _read(resume: Sequence[Mapping[str, Any]]) -> tuple[UUID, bool | None, str]:
    """Which question, yes or no or neither, and a word to it."""
    if len(resume) != 1:
        raise InvalidInputError("Answer one question in a run.")
    (entry,) = resume
    try:
        question = UUID(str(entry.get("interruptId")))
    except ValueError as error:
        raise InvalidInputError("Answer with the id of the question.") from error
    if entry.get("status") == "cancelled":
        return question, None, ""
    if entry.get("status") != "resolved":
        raise InvalidInputError("An answer is resolved or cancelled.")
    return question, *read_answer(entry.get("payload"))


def _call(question: str) -> str:
    return f"approval-{question}"


def _key(subject: Subject, asked: Asked) -> str:
    """The same run of a thread asks the same question once."""
    text = "\0".join((subject.name, asked.thread, asked.run, asked.command))
    return f"agui-{sha256(text.encode()).hexdigest()}"
