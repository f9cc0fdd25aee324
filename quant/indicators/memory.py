"""What a sweep has computed already: answers of pure functions, as far as they fit."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np

# Bytes of all arrays that are kept for one sweep, however many trials it has and however long its candles are.
MOST: Final = 96 * 1024 * 1024

_P = ParamSpec("_P")
_R = TypeVar("_R")
_remembered: ContextVar[_Memory | None] = ContextVar("remembered", default=None)


class _Memory:
    """Answers with the arguments that they are of, those asked for least recently forgotten first.

    Arguments are kept with their answer so that their ids cannot be given to something else meanwhile.
    """

    def __init__(self) -> None:
        self.known: OrderedDict[Any, tuple[Any, tuple[Any, ...]]] = OrderedDict()
        self.holders: Counter[int] = Counter()  # of each array, by id: many answers are of the same prices
        self.bytes = 0
        self.lock = threading.Lock()

    def find(self, key: Any) -> tuple[Any, tuple[Any, ...]] | None:
        """The answer and its arguments."""
        with self.lock:
            if key in self.known:
                self.known.move_to_end(key)
            return self.known.get(key)

    def keep(self, key: Any, answer: Any, args: tuple[Any, ...]) -> None:
        with self.lock:
            if key in self.known:
                return  # another thread was first
            self.known[key] = (answer, args)
            for array in _arrays(answer, args):
                self.bytes += 0 if self.holders[id(array)] else array.nbytes
                self.holders[id(array)] += 1
            while self.bytes > MOST:
                _, forgotten = self.known.popitem(last=False)
                for array in _arrays(*forgotten):
                    self.holders[id(array)] -= 1
                    if not self.holders[id(array)]:
                        del self.holders[id(array)]
                        self.bytes -= array.nbytes


def _arrays(answer: Any, args: tuple[Any, ...]) -> list[np.ndarray]:
    answers = answer if isinstance(answer, tuple) else (answer,)
    return [array for array in (*answers, *args) if isinstance(array, np.ndarray)]


@contextmanager
def remembering() -> Iterator[None]:
    """Inside the block, compute each indicator once per array and parameters: a sweep asks for the same ones often.

    Answers are shared and therefore read-only. The arrays that are asked about must stay unchanged.
    """
    token = _remembered.set(_Memory())
    try:
        yield
    finally:
        _remembered.reset(token)


def shared(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let `remembering` keep this function's answers: a pure function of arrays and numbers to an array or several."""

    @wraps(function)
    def ask(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        memory = _remembered.get()
        if memory is None:
            return function(*args, **kwargs)
        key = (function, *(arg if isinstance(arg, int | float | str) else id(arg) for arg in args), *kwargs.items())
        if (found := memory.find(key)) is not None:
            known: _R = found[0]
            return known
        answer = function(*args, **kwargs)
        for array in _arrays(answer, ()):
            array.flags.writeable = False
        memory.keep(key, answer, args)
        return answer

    return ask
