"""What a client asks for: a run of a thread, and which command. Everything else that it sends is ignored.

`state`, `tools`, `context` and what it says of earlier messages is the client's own word about itself; nothing here is
decided by it. A command comes in `forwardedProps`, or as the last message, if that is a person's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kit.asking import read_json
from kit.errors import InvalidInputError

WATCH: Final = "watch"
WHY: Final = "why"
PAUSE: Final = "pause"
RESUME: Final = "resume"
HALT: Final = "halt"
COLLECT: Final = "collect"
PROPOSE_LIMIT: Final = "propose_limit"
COMMANDS: Final = (WATCH, WHY, PAUSE, RESUME, HALT, COLLECT, PROPOSE_LIMIT)
# What stops something: safety stands aside behind nobody.
STOPS: Final = (PAUSE, HALT)
# By the kind of what is watched; what is done is done to one agent or one farm.
COMMANDS_OF: Final = {"agents": COMMANDS, "farms": COMMANDS, "portfolio": (WATCH, WHY)}
ID_LENGTH: Final = 200
WORDS_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """One run: its thread and its own name, both the client's, and the command; "" for words that are none.

    `given` are the client's properties; `resume` its answers to what an earlier run asked, None where it sends none.
    """

    thread: str
    run: str
    command: str
    given: Mapping[str, Any]
    resume: Sequence[Mapping[str, Any]] | None


def read(body: bytes) -> Asked:
    """What the body asks for. Raises InvalidInputError, with a sentence for each field that is wrong."""
    told = read_json(body)
    if not isinstance(told, dict):
        raise InvalidInputError("Send a run as an object with threadId, runId and messages.")
    names = [name for name in ("threadId", "runId") if not _is_id(told.get(name))]
    wrong = dict.fromkeys(names, f"A text of 1 to {ID_LENGTH} characters.")
    messages: Any = told.get("messages")
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        wrong["messages"] = "A list of messages; it may be empty."
    if not isinstance(given := told.get("forwardedProps") or {}, dict):
        wrong["forwardedProps"] = "An object, or nothing."
    resume: Any = told.get("resume")
    if resume is not None and not (isinstance(resume, list) and all(isinstance(one, dict) for one in resume)):
        wrong["resume"] = "A list of answers, or nothing."
    if wrong:
        raise InvalidInputError("This is no run of the protocol.", fields=wrong)
    return Asked(told["threadId"], told["runId"], _command(given, messages), given, resume or None)


def stops(body: bytes) -> bool:
    """Whether it asks to stop something."""
    try:
        asked = read(body)
    except InvalidInputError:
        return False
    return asked.resume is None and asked.command in STOPS


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= ID_LENGTH and value.isprintable()


def _command(given: Mapping[str, Any], messages: list[dict[str, Any]]) -> str:
    if (command := given.get("command")) is not None:
        if command not in COMMANDS:
            known = ", ".join(COMMANDS)
            raise InvalidInputError("There is no such command.", fields={"forwardedProps.command": f"Among {known}."})
        return str(command)
    last = messages[-1] if messages else {}
    if last.get("role") != "user":
        return WATCH
    words = _words(last.get("content"))
    return words if words in COMMANDS else ""


def _words(content: Any) -> str:
    """The text of a message, whose parts may be texts."""
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content.strip().strip(".!?").lower() if isinstance(content, str) and len(content) <= WORDS_LENGTH else ""
