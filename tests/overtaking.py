"""Somebody is in the middle of a transaction while somebody else wants the same rows."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import connections

PATIENCE, MEANWHILE = 30, 0.5


@contextmanager
def in_the_middle_of(work: Callable[[], object], where: Any, name: str) -> Iterator[None]:
    """`work` is under way in a thread of its own, just after it has called `where.name`, and goes on half a second
    after the block began: who waits in the block for what it has locked goes on from what it leaves."""
    is_there, may_go_on, others = threading.Event(), threading.Event(), {threading.get_ident()}
    real = getattr(where, name)

    def stopping(*given: Any, **more: Any) -> Any:
        answer = real(*given, **more)
        if threading.get_ident() not in others:
            is_there.set()
            may_go_on.wait(PATIENCE)
        return answer

    def run() -> None:
        try:
            work()
        finally:
            is_there.set()
            connections.close_all()

    with patch.object(where, name, stopping), ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        assert is_there.wait(PATIENCE)
        threading.Timer(MEANWHILE, may_go_on.set).start()
        yield
        running.result(PATIENCE)
