"""What this machine takes for simple things, measured in the same run as what is compared with it."""

import time
from collections.abc import Callable
from typing import Final

from django.db import connections

ROUND_TRIPS: Final = 1000
INSERTS: Final = 200


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def round_trips() -> None:
    """1,000 of the smallest statement."""
    with connections["default"].cursor() as cursor:
        for _ in range(ROUND_TRIPS):
            cursor.execute("SELECT 1")


def single_inserts() -> None:
    """200, each a transaction of its own."""
    statement = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (%s, '', now())"
    with connections["default"].cursor() as cursor:
        for number in range(INSERTS):
            cursor.execute(statement, [f"bench {number}"])
