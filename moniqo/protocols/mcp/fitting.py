"""Answers, refusals and questions that a model is told are small, whatever stands in them.

A result holds its answer twice: as what a program reads, and as text, in which every quotation mark is escaped once
more. What does not fit gives way: long texts lose their end, then lists their oldest rows; `left_out` says what.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from moniqo.protocols.inside import written

# Of the whole result as it is sent.
MOST_BYTES: Final = 8 * 1024
# What stands around the two copies of the answer, with a client's short id of the request.
_ENVELOPE: Final = 320
_ROOM: Final = MOST_BYTES - _ENVELOPE
# The cursor of fewer rows may be a little longer than that of more.
_SLACK: Final = 64
# Of a sentence that says no.
REFUSAL: Final = 600
# Of a name that a client made up, and how many of them are said again.
NAME: Final = 40
NAMES: Final = 5
# Texts give way before rows do, as long as so much of each stays; and afterwards. Numbers and ids are never as long.
_LONG: Final = 500
_SHORT: Final = 64
_LEFT_OUT: Final = "left_out"
_SAID: Final = 250


def clipped(text: str, most: int) -> str:
    """The text, or as much of its beginning as `most` characters hold."""
    return text if len(text) <= most else text[: most - 1] + "…"


def few(names: Sequence[str]) -> str:
    """The first of some names that a client sent, and how many more there are."""
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return ", ".join(clipped(name, NAME) for name in names[:NAMES]) + more


def size(value: Any) -> int:
    """The bytes that an answer takes in its result, both copies."""
    text = written(value)
    return len(text) + len(orjson.dumps(text.decode()))


def how_many(rows: Sequence[Any], following: str | None) -> int:
    """How many of the first rows fit beside the cursor of those that follow; one is told in any case."""
    if size({"items": rows, "next": following}) <= _ROOM - _SLACK:
        return len(rows)
    room = _ROOM - _SLACK - size({"items": [], "next": following})
    for number, row in enumerate(rows):
        room -= size(row)  # the quotation marks of its second copy are the two commas
        if room < 0:
            return max(number, 1)
    return len(rows)


def page(rows: list[dict[str, Any]], following: str | None) -> dict[str, Any]:
    """The answer of so many rows as fit; one that does not fit alone is shortened."""
    found = {"items": rows, "next": following}
    if len(rows) != 1 or size(found) <= _ROOM:
        return found
    return found | {"items": [fitting(rows[0], _ROOM - size(found | {"items": []}))]}


def fitting(found: dict[str, Any], room: int = _ROOM) -> dict[str, Any]:
    """The same; where that is too large, shortened, and what is left out of it."""
    if size(found) <= room:
        return found
    room -= 2 * (_SAID + len(_LEFT_OUT) + 12)
    own: dict[str, Any] = json.loads(written(found))
    ends: dict[str, None] = {}
    own = _levelled(own, _LONG, room, ends)
    rows = _without_oldest(own, size(own) - room)
    own = _levelled(own, _SHORT, room, ends)
    said = [*(f"the first {number} of {name}" for name, number in rows), *(f"the end of {name}" for name in ends)]
    return own | {_LEFT_OUT: clipped(", ".join(said), _SAID)}


def _levelled(found: dict[str, Any], least: int, room: int, ends: dict[str, None]) -> dict[str, Any]:
    """With all texts cut to the same length, the longest of at least `least` characters with which it fits."""
    if size(found) <= room:
        return found
    fits, not_fits = least, max((len(text) for _, text in _texts(found)), default=0)
    while not_fits - fits > 1:
        middle = (fits + not_fits) // 2
        if size(_cut(found, middle)) <= room:
            fits = middle
        else:
            not_fits = middle
    ends |= {name: None for name, text in _texts(found) if len(text) > fits}
    cut: dict[str, Any] = _cut(found, fits)
    return cut


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, name)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, key)


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return clipped(value, most)
    if isinstance(value, list):
        return [_cut(one, most) for one in value]
    return {name: _cut(one, most) for name, one in value.items()} if isinstance(value, dict) else value


def _without_oldest(found: Mapping[str, Any], over: int) -> list[tuple[str, int]]:
    """Take so many first rows out of its lists that it is `over` bytes smaller, always of the longest; how many."""
    lists = list(_lists(found))
    sizes = [[size(row) for row in rows] for _, rows in lists]
    sums = [sum(of_rows) for of_rows in sizes]
    taken = [0] * len(lists)
    while over > 0 and any(sums):
        longest = max(range(len(sums)), key=sums.__getitem__)
        one = sizes[longest][taken[longest]]
        over, sums[longest], taken[longest] = over - one, sums[longest] - one, taken[longest] + 1
    for (_, rows), number in zip(lists, taken, strict=True):
        del rows[:number]
    return [(name, number) for (name, _), number in zip(lists, taken, strict=True) if number]


def _lists(found: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    for name, value in found.items():
        if isinstance(value, list):
            yield name, value
        elif isinstance(value, dict):
            yield from _lists(value)
