"""One clock for everything that is stored.

Services ask `now()` instead of the operating system, so that the engine can be run over history: inside `at(moment)`
the same code that trades live believes it is that moment. `pinned` stops it for as long as something is read, so that
everything read is of one moment. Both are context variables: they reach neither other threads nor other processes.

What counts real seconds, such as a lease, asks `present()`: the machine's moment, even over history. A simulation lets
it pass as it likes (`simulated`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Final

# How far two machines' clocks may differ. A moment further ahead of us than this was written by a clock that was wrong:
# it is said to be so, and it never keeps the present waiting.
SKEW: Final = timedelta(minutes=1)

_moment: ContextVar[datetime | None] = ContextVar("moniqo_moment", default=None)
_pinned: ContextVar[datetime | None] = ContextVar("moniqo_pinned", default=None)
_simulated: Callable[[], datetime] | None = None


def now() -> datetime:
    """The current moment, aware, in UTC; the controlled one inside `at`, the first one inside `pinned`."""
    return _moment.get() or _pinned.get() or present()


def present() -> datetime:
    """The real moment, aware, in UTC, whatever the engine believes in; the simulated one inside `simulated`."""
    return datetime.now(UTC) if _simulated is None else _simulated()


def is_ahead(moment: datetime) -> bool:
    """Whether `moment` lies further in the future than clocks differ: the clock that wrote it was wrong, or ours is."""
    return moment > now() + SKEW


def is_controlled() -> bool:
    """Whether the code runs inside `at`, that is, over history."""
    return _moment.get() is not None


@contextmanager
def at(moment: datetime) -> Iterator[datetime]:
    """Run the block as if it were `moment` (aware). Nests; the earlier moment returns at the end."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone: pass an aware datetime in UTC.")
    token = _moment.set(moment.astimezone(UTC))
    try:
        yield moment
    finally:
        _moment.reset(token)


@contextmanager
def pinned() -> Iterator[datetime]:
    """Run the block at one moment, the present one: the clock stands still, and nothing takes it for history."""
    moment = now()
    token = _pinned.set(moment)
    try:
        yield moment
    finally:
        _pinned.reset(token)


@contextmanager
def simulated(moment: Callable[[], datetime]) -> Iterator[None]:
    """Let `moment` say what the present is, in every thread of this process: nothing takes it for history."""
    global _simulated
    before, _simulated = _simulated, moment
    try:
        yield
    finally:
        _simulated = before
