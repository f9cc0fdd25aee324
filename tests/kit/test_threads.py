"""Threads of a piece of work leave no connection with the database behind."""

from typing import Any

import pytest
from django.db import connections

from kit.threads import threads


class Ended(BaseException):
    """The end of a worker in the middle of its work."""


def used() -> Any:
    """The connection of the thread that runs this, after it was used."""
    connections["default"].ensure_connection()
    return connections["default"].connection


def test_their_connections_are_closed_at_the_end(live_db: str) -> None:
    with threads(1, "test") as running:
        connection = running.submit(used).result()
        assert not connection.closed
    assert connection.closed


def test_their_connections_are_closed_when_the_work_breaks(live_db: str) -> None:
    opened = []

    def breaks() -> None:
        with threads(1, "test") as running:
            opened.append(running.submit(used).result())
            raise Ended

    with pytest.raises(Ended):
        breaks()
    assert [connection.closed for connection in opened] == [True]
