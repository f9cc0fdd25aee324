"""Threads that ask the database by themselves, for work that mostly waits for somebody else."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connections


@contextmanager
def threads(number: int, name: str) -> Iterator[Executor]:
    """At most `number` threads, whose connections with the database are closed at the end, however it comes."""
    opened: list[Any] = []
    try:
        with ThreadPoolExecutor(number, name, initializer=lambda: opened.extend(connections.all())) as found:
            yield found
    finally:
        for connection in opened:
            if connection.connection is not None:
                connection.connection.close()
