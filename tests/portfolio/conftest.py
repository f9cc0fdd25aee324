"""The fund that the portfolio's tests look at."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kit.users.models import User
from tests.portfolio.fund import Fund, set_price


@pytest.fixture
def fund(as_owner: User) -> Fund:
    """A master, two farms with an agent each, no money yet; a bitcoin costs 100 USDT."""
    set_price("100")
    return Fund.make(as_owner)


@pytest.fixture
def moments() -> Iterator[datetime]:
    """Moments five minutes apart, from noon of a day in the past on."""

    def walk() -> Iterator[datetime]:
        at = datetime(2026, 3, 2, 12, tzinfo=UTC)
        while True:
            yield at
            at += timedelta(minutes=5)

    return walk()
