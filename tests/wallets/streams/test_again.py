"""A line that is over is dialled again, however it ended."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from wallets.streams import keeper
from wallets.venues.base import VenueUnavailableError

pytestmark = pytest.mark.offline


async def words_of(ends: list[Exception | None]) -> list[str]:
    """What is said of lines that end so, one after the other."""
    told: list[str] = []
    left = iter(ends)

    async def listen(stands: Callable[[], Awaitable[None]]) -> None:
        await stands()
        if (error := next(left)) is not None:
            raise error

    async def opened() -> None:
        """It stands."""

    async def broken(error: Exception) -> None:
        told.append(str(error))
        if len(told) == len(ends):
            over.set()

    over = asyncio.Event()
    keeping = asyncio.ensure_future(keeper._again(listen, opened, broken, name="A line"))
    await asyncio.wait_for(over.wait(), 5)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    return told


def test_a_line_that_ends_without_an_error_counts_as_broken_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.01)
    ends = [None, VenueUnavailableError("It is away."), None]
    without_a_word = "The line ended without a word."
    assert asyncio.run(words_of(ends)) == [without_a_word, "It is away.", without_a_word]
