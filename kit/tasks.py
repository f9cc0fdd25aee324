"""What every background task has in common: a time limit that nobody swallows, and failures that somebody is told of.

The soft time limit arrives inside whatever the task is doing. Celery raises it as an ordinary Exception, which every
`except Exception` on the way, ours or a library's, takes for a failure of its own little part and goes on. Here it is
no Exception: it ends the task whatever stands between, and becomes Celery's error again at the outermost frame.

A task that works for one owner has a parameter `owner_id`. When it has failed three times in a row for that owner, the
owner gets an alert, which is resolved when it succeeds; see `kit.alerts.failures`. One that works for everybody alarms
operators in the same way.
"""

import inspect
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

import celery
from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error
from redis.exceptions import RedisError

from kit.alerts import failures
from kit.errors import TimeIsUpError

logger = logging.getLogger(__name__)


class Task(celery.Task):  # type: ignore[type-arg]  # generic in the stubs only
    """The base of every task."""

    abstract = True
    counts_itself: ClassVar[bool] = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with _soft_limit_is_no_exception(own=not self.request.called_directly and not self.request.is_eager):
            return super().__call__(*args, **kwargs)

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Count it; the third in a row is an alert."""
        if (owner_id := self._owner(args, kwargs)) is not None:
            said = failures.in_words(exc)
            self._note(lambda: failures.note_failure(owner_id=owner_id, work=self.name, title=self.title, said=said))
        elif not self.counts_itself:
            said = failures.in_words(exc)
            self._note(lambda: failures.note_platform_failure(work=self.name, title=self.title, said=said))

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Whatever failed before is over."""
        if (owner_id := self._owner(args, kwargs)) is not None:
            self._note(lambda: failures.note_success(owner_id=owner_id, work=self.name))
        elif not self.counts_itself:
            self._note(lambda: failures.note_platform_success(work=self.name))

    @property
    def title(self) -> str:
        """What the task does, in words: the first sentence of its docstring."""
        return (inspect.getdoc(self.run) or self.name).split(".")[0].splitlines()[0]

    def _owner(self, args: Any, kwargs: Any) -> UUID | None:
        """Whose the task is."""
        if self.counts_itself:
            return None
        owner_id = inspect.signature(self.run).bind(*args, **kwargs).arguments.get("owner_id")
        return None if owner_id is None else UUID(str(owner_id))

    def _note(self, write: Callable[[], object]) -> None:
        """The bookkeeping of failures must not fail the task."""
        try:
            write()
        except (Error, RedisError):
            logger.exception("Whether %s failed could not be written down", self.name)


class SelfCountingTask(Task):
    """A task whose service counts failures itself, because not all of them are errors of the task."""

    abstract = True
    counts_itself = True


@contextmanager
def _soft_limit_is_no_exception(*, own: bool) -> Iterator[None]:
    """Let the signal of the soft time limit raise TimeIsUpError inside the block; `own`: the process is a worker's."""
    if not own:
        yield
        return
    before = signal.signal(signal.SIGUSR1, _time_is_up)
    try:
        yield
    except TimeIsUpError as error:
        raise SoftTimeLimitExceeded("The task took longer than it may.") from error
    finally:
        signal.signal(signal.SIGUSR1, before)


def _time_is_up(number: int, frame: Any) -> None:
    raise TimeIsUpError
