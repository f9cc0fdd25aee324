"""Passwords are hashed a few at a time: each hash takes memory and a processor for itself, and anybody may ask for one.

Whatever hashes goes through here, the page of signing in, the tokens of programs, a change of the password and the
operators' forms. Who would wait too long is told to come back (429) instead of taking a thread and a connection along.
"""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

from kit.users.throttle import BusyError

# More than processors would take memory and end no earlier.
AT_ONCE: Final = min(4, os.cpu_count() or 1)
# Those who wait hold a thread and a connection of sixteen each.
WAITING_MOST: Final = 6
WAIT_SECONDS: Final = 1.5


class Room:
    """Room for so many at once; whoever finds none waits a moment, if not too many wait already."""

    def __init__(self, places: int, *, waiting_most: int, wait_seconds: float) -> None:
        self.places = places
        self._free = places
        self._waiting = 0
        self._waiting_most = waiting_most
        self._wait_seconds = wait_seconds
        self._changed = threading.Condition()

    @contextmanager
    def take(self, places: int) -> Iterator[None]:
        """Hold so many places inside the block. Raises BusyError."""
        with self._changed:
            if self._free < places and not self._wait(places):
                raise BusyError("Many sign in at this moment: try again in a few seconds.")
            self._free -= places
        try:
            yield
        finally:
            with self._changed:
                self._free += places
                self._changed.notify_all()

    def _wait(self, places: int) -> bool:
        if self._waiting >= self._waiting_most:
            return False
        self._waiting += 1
        try:
            return self._changed.wait_for(lambda: self._free >= places, self._wait_seconds)
        finally:
            self._waiting -= 1


# Threads of its own: freed memory stays with the thread that had it, and requests have as many threads as there are.
_THREADS: Final = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hashing")
ROOM: Final = Room(AT_ONCE, waiting_most=WAITING_MOST, wait_seconds=WAIT_SECONDS)


class BoundedArgon2(Argon2PasswordHasher):
    """Argon2id with the memory that OWASP's password storage cheat sheet names (19 MiB) and one round more, so that
    four at once fit into a small server; a hash of more memory, made before, is verified alone."""

    time_cost = 3
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with ROOM.take(1):
            return _THREADS.submit(super().encode, password, salt).result()

    def verify(self, password: str, encoded: str) -> bool:
        is_ours = self.decode(encoded)["memory_cost"] <= self.memory_cost
        with ROOM.take(1 if is_ours else ROOM.places):
            return _THREADS.submit(super().verify, password, encoded).result()
