"""Many accounts at real exchanges, asked in one loop for what a sync wants to know.

What one account is asked is what `CcxtVenue` asks, by the same dialects, with the same attempts and the same time; its
errors are the same. Here an answer that takes long, or never comes, costs a socket and a place in a list: everything
else goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import aiohttp
import stamina

from kit import clock
from markets.exchanges import Access
from markets.sessions import account, connections, key_of, open_model, within
from wallets.venues.base import BalanceReport, PositionReport, VenueError, is_worth_another
from wallets.venues.ccxt.adapter import ATTEMPTS, SECONDS, CcxtVenue
from wallets.venues.ccxt.dialects import dialect_of
from wallets.venues.ccxt.errors import speaking
from wallets.venues.ccxt.questions import Reading, answered_together

Meaning = TypeVar("Meaning")
# An exchange whose markets could not be loaded is not asked for them by every account that comes.
FAILED_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """What an account holds. `positions` is None where they were not asked for, and the error where none came."""

    balances: tuple[BalanceReport, ...]
    positions: tuple[PositionReport, ...] | VenueError | None


@asynccontextmanager
async def crowd(waiting: Executor) -> AsyncIterator["Crowd"]:
    """Open for the length of the block, in the running loop; what has to wait for an exchange's markets does so in
    `waiting`."""
    async with connections() as http:
        yield Crowd(http, waiting)


class Crowd:
    """The accounts of one loop."""

    def __init__(self, http: aiohttp.ClientSession, waiting: Executor) -> None:
        self._http = http
        self._waiting = waiting
        self._models: dict[tuple[Any, ...], asyncio.Task[Any]] = {}

    async def read(self, access: Access, *, with_positions: bool) -> Told:
        """What the account holds. Raises VenueError."""
        dialect = dialect_of(access.exchange_id)
        exchange = account(await self._model(access), access, shares_pace=dialect.counts_by_address)
        balances = await _read(exchange, lambda: dialect.balances(exchange))
        if not with_positions:
            return Told(balances, None)
        try:
            return Told(balances, await _read(exchange, lambda: dialect.positions(exchange)))
        except VenueError as error:
            return Told(balances, error)

    async def _model(self, access: Access) -> Any:
        """The exchange's session, made by whoever comes first; the others wait for that one."""
        key = key_of(access)
        if key not in self._models:
            self._models[key] = asyncio.create_task(self._make(key, access))
        # Whoever gives up waits for itself alone.
        return await asyncio.shield(self._models[key])

    async def _make(self, key: tuple[Any, ...], access: Access) -> Any:
        loop = asyncio.get_running_loop()
        public = CcxtVenue(
            access=replace(access, credentials={}),
            dialect=dialect_of(access.exchange_id),
            symbols=tuple,
            clock=clock.now,
        )
        try:
            return open_model(access, self._http, await loop.run_in_executor(self._waiting, public.loaded))
        except Exception:  # whoever asks is told; whoever comes a little later tries anew
            loop.call_later(FAILED_SECONDS, self._models.pop, key, None)
            raise


async def _read(exchange: Any, reading: Callable[[], Reading[Meaning]]) -> Meaning:
    """Ask, and again while nobody is there and there is time; as the venue of one account does."""
    attempts = stamina.retry_context(on=is_worth_another, attempts=ATTEMPTS, timeout=SECONDS, wait_initial=0.2)
    with speaking(exchange):
        async with within(exchange, SECONDS):
            async for attempt in attempts:
                with attempt, speaking(exchange):
                    return await answered_together(reading())
    raise AssertionError("stamina raises the last error")  # pragma: no cover
