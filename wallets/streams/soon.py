"""What is asked for many times is done once, soon: a venue may tell a hundred things in a second."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from wallets.venues.heard import Heard

logger = logging.getLogger(__name__)


class Soon:
    """Does something per connection `first` seconds after it is asked for, and then at most every `gap` seconds, a gap
    that doubles up to `longest` while it goes on being asked for.

    What is asked for meanwhile is done together, none of it is lost. Work that fails is written down and given up: it
    is a hint, and what it would have found is found at the next look.
    """

    def __init__(
        self, do: Callable[[UUID, Heard], Awaitable[None]], *, first: float, gap: float, longest: float
    ) -> None:
        self._do = do
        self._first, self._gap, self._longest = first, gap, longest
        self._asked: dict[UUID, Heard] = {}
        self._working: dict[UUID, asyncio.Task[None]] = {}

    def ask(self, key: UUID, heard: Heard) -> None:
        """Have it done."""
        self._asked[key] = self._asked.get(key, Heard()) | heard
        if key not in self._working:
            self._working[key] = asyncio.ensure_future(self._work(key))

    async def close(self) -> None:
        """Do nothing more."""
        working = list(self._working.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    async def _work(self, key: UUID) -> None:
        gap = self._gap
        try:
            await asyncio.sleep(self._first)
            while (heard := self._asked.pop(key, None)) is not None:
                try:
                    await self._do(key, heard)
                except Exception as error:  # noqa: BLE001 - the broker or the database; the next look finds it
                    logger.warning("A hint of %s was lost: %s", key, type(error).__name__)
                await asyncio.sleep(gap)
                gap = min(gap * 2, self._longest)
        finally:
            del self._working[key]
