"""Every step of a piece of work has a number, and the work can end at any of them.

A step is a statement, a commit, or a message to or from the venue: between two of them nothing happens that outlives
the process. At step `at` of a piece of work the worker dies, or its connection with the database: before the step, or
right after a commit, so that what was committed is known to nobody.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.db import OperationalError, connections

ALIASES: Final = ("default", "system")
# Undoing is what the server does by itself when its client is gone.
_UNDOES: Final = ("ROLLBACK", "RELEASE")


class Crash(BaseException):
    """The worker is gone; nothing catches this."""


@dataclass
class Steps:
    """Counts the steps of one piece of work, and ends it at the one that was chosen.

    `kind` is what ends: the `worker`, its `database` connection, or the whole `process` by a SIGKILL. `was` names the
    step at which it did.
    """

    at: int = 0
    kind: str = "worker"
    number: int = 0
    was: str = ""
    cuts: int = 0

    def begin(self, at: int, kind: str) -> None:
        """Start to count anew; nothing ends at step 0."""
        self.at, self.kind, self.number, self.was = at, kind, 0, ""

    def step(self, name: str) -> bool:
        """The next step; raises Crash when the worker dies before it. Whether the connection is lost there."""
        if self.was:
            if self.kind == "worker":
                raise Crash(self.was)
            return False
        self.number += 1
        if self.number != self.at:
            return False
        self.was = name
        self.cuts += 1
        if self.kind == "process":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "worker":
            raise Crash(name)
        return True

    # --- of the database -------------------------------------------------------------------------------------------

    def statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """What Django calls around every statement."""
        if not sql.lstrip().upper().startswith(_UNDOES) and self.step("statement"):
            context["connection"].connection.close()
        return execute(sql, params, many, context)

    def committing(self, connection: Any, commit: Callable[[], None]) -> None:
        try:
            if self.step("commit"):
                connection.connection.close()
        except Crash:
            connection.connection.rollback()  # as the server does when its client is gone
            raise
        commit()
        if self.step("committed"):
            connection.connection.close()
            raise OperationalError("The connection was lost before the answer came.")


@contextmanager
def counted(steps: Steps) -> Iterator[None]:
    """Count every statement and commit of this thread's connections inside the block."""
    watched: list[Any] = [connections[alias] for alias in ALIASES]
    for connection in watched:
        connection._commit = partial(steps.committing, connection, connection._commit)
        connection.execute_wrappers.append(steps.statement)
    try:
        yield
    finally:
        for connection in watched:
            del connection._commit
            connection.execute_wrappers.remove(steps.statement)


def new_process() -> None:
    """Whoever goes on has connections of their own."""
    for alias in ALIASES:
        connections[alias].close()


def is_stuck() -> bool:
    """Whether a connection still takes itself to be in a transaction: whoever comes next could do nothing with it."""
    return any(connections[alias].in_atomic_block for alias in ALIASES)
