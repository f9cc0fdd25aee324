"""Readings as events: what a run begins with, and what is told when a subject has changed."""

from collections.abc import Iterator
from typing import Any, Final

from moniqo.protocols.agui import events
from moniqo.protocols.agui.asking import COMMANDS_OF, WATCH, WHY
from moniqo.protocols.agui.events import Event
from moniqo.protocols.agui.patches import difference
from moniqo.protocols.agui.states import Decision, Reading, Subject

DESCRIPTION: Final = "Watches trading agents and their money as they are; what it shows is read, never guessed."


def opening(subject: Subject, now: Reading) -> list[Event]:
    """All of it: a client that has seen nothing, or missed something, goes on from here."""
    return [events.snapshot(now.state), events.activity(_feed(subject), {"entries": now.happened})]


def changes(subject: Subject, before: Reading, now: Reading) -> list[Event]:
    """What is new since the reading before; nothing where nothing is."""
    last = max((decision.id for decision in before.decisions), default=0)
    found = [event for decision in now.decisions if decision.id > last for event in _decided(decision)]
    if happened := difference({"entries": before.happened}, {"entries": now.happened}):
        found.append(events.activity_delta(_feed(subject), happened))
    if changed := difference(before.state, now.state):
        found.append(events.delta(changed))
    return found


def _feed(subject: Subject) -> str:
    return f"{events.FEED}-{subject.name}"


def because(run: str, now: Reading) -> list[Event]:
    """The newest decision once more, or what happened last where none was made; `run` tells it from the first time."""
    if now.decisions:
        return [*_decided(now.decisions[-1], f"{run}-")]
    newest = next(iter(now.happened.values()), None)
    words = (newest.get("words") or f"The last that happened was a {newest['kind']}.") if newest else ""
    return events.said(f"{run}-why", words or "Nothing has been decided here yet.")


def _decided(decision: Decision, again: str = "") -> Iterator[Event]:
    """What an agent saw, what it said about it, and what it did."""
    name = f"{again}run-{decision.id}"
    saw = events.called(f"{name}-market", "read_market", {"agent": decision.agent})
    yield from events.step("look", *saw, events.brought(f"{name}-market", decision.seen))
    yield from events.step("decide", *events.said(name, f"{decision.agent}: {decision.words}"))
    if decision.order is not None:
        did = events.called(f"{name}-order", "place_order", decision.order["asked"])
        yield from events.step("act", *did, events.brought(f"{name}-order", decision.order["result"]))


def capabilities(subject: Subject) -> dict[str, Any]:
    """What a client can count on; a run of what nothing can be done to asks for nothing."""
    commands = COMMANDS_OF[subject.kind]
    can_ask = set(commands) > {WATCH, WHY}
    return {
        "identity": {"name": f"moniqo-{subject.name}", "type": "moniqo", "description": DESCRIPTION},
        "transport": {
            "streaming": True, "websocket": False, "httpBinary": False, "pushNotifications": False, "resumable": False,
        },
        "state": {"snapshots": True, "deltas": True, "memory": False, "persistentState": False},
        "tools": {"supported": True, "clientProvided": False},
        "reasoning": {"supported": False, "streaming": False, "encrypted": False},
        "execution": {"codeExecution": False, "sandboxed": False},
        "humanInTheLoop": {
            "supported": can_ask, "approvals": can_ask, "interventions": False, "feedback": False,
            "interrupts": can_ask, "approveWithEdits": False,
        },
        "custom": {"commands": list(commands), "protocolVersion": events.VERSION},
    }  # fmt: skip
