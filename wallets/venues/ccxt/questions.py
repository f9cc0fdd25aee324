"""What is asked of an exchange, apart from how it is asked.

A reading of a dialect is a generator: it yields the questions that it has, each a call of ccxt's without its answer, is
sent the answers, and returns what they mean. So one description of an exchange serves both of ccxt's sessions: the one
that waits for every answer (`answered`), and the one of which many wait in one loop (`answered_together`).
"""

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

Meaning = TypeVar("Meaning")
Question = Callable[[], Any]
Reading = Generator[Question, Any, Meaning]


def answered(reading: Reading[Meaning]) -> Meaning:
    """What the reading returns, its questions put to a session that waits. An error is raised where it was asked."""
    try:
        question = next(reading)
        while True:
            try:
                answer = question()
            except Exception as error:  # noqa: BLE001 - whatever it is, the reading gets it
                question = reading.throw(error)
            else:
                question = reading.send(answer)
    except StopIteration as end:
        meaning: Meaning = end.value
        return meaning


async def answered_together(reading: Reading[Meaning]) -> Meaning:
    """The same, its questions put to a session of a loop, which goes on with others meanwhile."""
    try:
        question = next(reading)
        while True:
            try:
                asked: Awaitable[Any] = question()
                answer = await asked
            except Exception as error:  # noqa: BLE001 - whatever it is, the reading gets it
                question = reading.throw(error)
            else:
                question = reading.send(answer)
    except StopIteration as end:
        meaning: Meaning = end.value
        return meaning


def nothing() -> Reading[tuple[()]]:
    """A reading that asks nothing and finds nothing."""
    yield from ()
    return ()


def collected(
    question: Any,
    asked: Mapping[str, Any],
    page: Callable[[Any], tuple[Sequence[Any], Any]],
    *,
    most: int,
    name: str = "cursor",
) -> Reading[list[Any]]:
    """All rows of a list of which every page names the next, on `most` pages."""
    rows: list[Any] = []
    cursor: Any = None
    for _ in range(most):
        found, following = page((yield partial(question, {**asked, **({name: cursor} if cursor else {})})))
        rows += found
        if not found or not following or following == cursor:
            break
        cursor = following
    return rows
