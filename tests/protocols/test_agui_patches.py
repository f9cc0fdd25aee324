"""A client that follows our changes has what a fresh snapshot has."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moniqo.protocols.agui import events
from moniqo.protocols.agui.patches import difference
from tests.protocols.front_end import applied, front_end, read_events

KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=4) | st.sampled_from(
    ["a/b", "c~d", "-"]
)
LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.text("0123456789.~/", max_size=4)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)


@pytest.mark.offline
@settings(max_examples=100, deadline=None)
@given(OBJECTS, OBJECTS)
def test_what_is_said_to_change_makes_the_new_of_the_old(old: dict[str, Any], new: dict[str, Any]) -> None:
    changes = difference(old, new)
    assert_same(applied(old, changes), new)
    assert (changes == []) == (events.encode(old) == events.encode(new) or is_same(old, new))
    if changes:
        read_events(events.encode(events.delta(changes), events.activity_delta("m", changes)))


def assert_same(one: Any, other: Any) -> None:
    assert is_same(one, other), (one, other)


def is_same(one: Any, other: Any) -> bool:
    """As JSON has it: true is no number, and the names of an object have no order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and one == other


@pytest.mark.offline
def test_a_row_that_comes_is_one_addition_whatever_else_is_there() -> None:
    rows = {f"order-{number}": {"at": str(number)} for number in range(50)}
    assert difference({"entries": rows}, {"entries": rows | {"new": {}}}) == [
        {"op": "add", "path": "/entries/new", "value": {}}
    ]


def walk(seed: int, steps: int) -> Iterator[dict[str, Any]]:
    """States one after the other, each a little different: amounts move, rows come and go."""
    chance = Random(seed)
    state: dict[str, Any] = {"agent": {"value": "1", "status": "running"}, "orders": {}, "position": None, "path": []}
    for number in range(steps):
        state = deepcopy(state)
        match chance.randrange(6):
            case 0:
                state["agent"]["value"] = str(chance.randrange(10**6))
            case 1:
                state["orders"][f"o/{number}~"] = {"quantity": str(number), "filled": None}
            case 2 if state["orders"]:
                del state["orders"][chance.choice(list(state["orders"]))]
            case 3:
                state["position"] = chance.choice([None, {"mark": str(number)}, {"mark": None, "stop": "1"}])
            case 4 if state["orders"]:
                chance.choice(list(state["orders"].values()))["filled"] = str(number)
            case _:
                state["path"] = [{"used": str(chance.randrange(3))} for _ in range(chance.randrange(4))]
        yield state


@contextmanager
def served(body: bytes) -> Iterator[str]:
    """A server that answers every run with that stream."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.offline
@pytest.mark.parametrize("steps", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_the_protocols_own_client_has_the_state_of_a_fresh_snapshot_after_random_changes(steps: int) -> None:
    states = list(walk(14, steps))
    body = [events.run_started("thread", "run"), events.snapshot(states[0])]
    for before, now in pairwise(states):
        if changes := difference(before, now):
            body.append(events.delta(changes))
    stream = events.encode(*body, events.run_finished("thread", "run", {}))
    with served(stream) as url, front_end() as client:
        client.start(url, {}, quiet=True)
        _, told = client.end()
    assert told["count"] == len(body) + 1
    assert_same(told["state"], states[-1])
