"""Keeps a line open to every venue that is to be listened to.

One asyncio program for all of them: a task per account and one per exchange for prices. A line that breaks is dialled
again after a pause that doubles, with jitter; whenever it stands, the account is asked once, for what was missed. The
database is asked by one thread of its own. What is heard goes to `Told`, which is given: this module knows nobody who
acts on it.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, ParamSpec, Protocol, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import Error, close_old_connections, connections

from kit.errors import MoniqoError
from markets.feeds.ccxt import record_told
from markets.feeds.streamed import note_price_line
from wallets.models import Connection
from wallets.streams import standing
from wallets.streams.soon import Soon
from wallets.streams.wanted import (
    AccountLine,
    PriceLine,
    access_of_account,
    access_of_prices,
    wanted_accounts,
    wanted_prices,
)
from wallets.sync.hearing import STARTING
from wallets.venues.base import VenueCredentialsError, VenueError, VenueUnavailableError
from wallets.venues.ccxt.dialects import dialect_of
from wallets.venues.ccxt.streams import Prices, listen_to_account, listen_to_prices
from wallets.venues.heard import MISSED, Heard

logger = logging.getLogger(__name__)

# How often it is looked who is to be listened to, in seconds.
ROUND_SECONDS: Final = 2.0
# The pause after the first failure and the longest one, and that after a key was refused, which a person has to change.
FIRST_PAUSE, LONGEST_PAUSE, REFUSED_PAUSE = 1.0, 300.0, 600.0
# So far apart are an exchange's lines dialled: Binance takes 300 of an address in five minutes.
DIAL_GAP: Final = 1.0
# A line that stood for so long begins anew with its pauses.
STEADY_SECONDS: Final = 60.0
# A quiet market is no broken line, and while it tells no price it is asked: so many silences may pass before.
QUIET: Final = 10
# Orders are asked about at once, then once a second at most; balances a little later, when the orders are booked, and
# rarely where they change all the time, as in an account that others trade.
ORDERS_FIRST, ORDERS_GAP, ORDERS_LONGEST = 0.05, 1.0, 1.0
BALANCES_FIRST, BALANCES_GAP, BALANCES_LONGEST = 1.0, 5.0, 60.0

Given = ParamSpec("Given")
Found = TypeVar("Found")
Line = AccountLine | PriceLine


class Told(Protocol):
    """Who acts on what is heard. Called in the thread of the database; must not wait for a venue."""

    def orders(self, owner_id: UUID, connection_id: UUID, heard: Heard) -> None:
        """Ask the venue about orders of the connection."""

    def balances(self, owner_id: UUID, connection_id: UUID) -> None:
        """Sync the connection."""

    def prices(self, instrument_ids: list[int]) -> None:
        """Tell those who wait for prices that there are new ones."""


@dataclass(slots=True)
class _Kept:
    line: Line
    task: asyncio.Task[None]


class Keeper:
    """All lines of this process. `run` ends when `stop` is set; nothing is listened to then."""

    def __init__(self, told: Told, *, turn: Callable[[], object | None] = lambda: True) -> None:
        """`turn`, called every round in the thread of the database, is None while it is not this process that is to
        listen; with another one than before every line begins anew."""
        self._told = told
        self._ask_turn = turn
        self._turn: object | None = None
        self._dials: dict[str, float] = {}
        self._thread = ThreadPoolExecutor(1, "streams-database")
        self._kept: dict[Hashable, _Kept] = {}
        self._owners: dict[UUID, UUID] = {}
        self._orders = Soon(self._ask_orders, first=ORDERS_FIRST, gap=ORDERS_GAP, longest=ORDERS_LONGEST)
        self._balances = Soon(self._ask_balances, first=BALANCES_FIRST, gap=BALANCES_GAP, longest=BALANCES_LONGEST)

    async def run(self, stop: asyncio.Event) -> None:
        """Listen to whoever is to be listened to, until `stop`."""
        try:
            while not stop.is_set():
                try:
                    await self._look()
                except Exception as error:  # noqa: BLE001 - database or Redis are away; the lines stand
                    logger.warning("Who is to be listened to could not be read: %s", type(error).__name__)
                try:
                    await asyncio.wait_for(stop.wait(), ROUND_SECONDS)
                except TimeoutError:
                    continue
        finally:
            await self._orders.close()
            await self._balances.close()
            await self._end(list(self._kept))
            if self._turn is not None:
                await self._ask(standing.forget_all)
            await self._ask(connections.close_all)
            self._thread.shutdown()

    # --- which lines -------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        turn, wanted = await self._ask(self._wanted)
        anew, self._turn = turn is not self._turn, turn
        changed = [key for key, kept in self._kept.items() if anew or wanted.get(key) != kept.line or kept.task.done()]
        await self._end(changed)
        for key, line in wanted.items():
            if key not in self._kept:
                keep = self._keep_account(line) if isinstance(line, AccountLine) else self._keep_prices(line)
                self._kept[key] = _Kept(line, asyncio.ensure_future(keep))
        for key in changed:
            if turn is not None and key not in self._kept and isinstance(key, UUID):
                owner_id = self._owners.pop(key)
                await self._ask(standing.note, owner_id=owner_id, connection_id=key, stream=Connection.Stream.NONE)

    def _wanted(self) -> tuple[object | None, Mapping[Hashable, Line]]:
        turn = self._ask_turn()
        if turn is None:
            return None, {}
        accounts = wanted_accounts()
        self._owners |= {pk: line.owner_id for pk, line in accounts.items()}
        return turn, dict[Hashable, Line]([*accounts.items(), *wanted_prices().items()])

    async def _end(self, keys: list[Hashable]) -> None:
        ended = [self._kept.pop(key).task for key in keys]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    # --- one line ----------------------------------------------------------------------------------------------------

    async def _keep_account(self, line: AccountLine) -> None:
        async def note(stream: str, detail: str = "") -> None:
            owner_id, connection_id = line.owner_id, line.connection_id
            await self._ask(standing.note, owner_id=owner_id, connection_id=connection_id, stream=stream, detail=detail)

        async def opened() -> None:
            await note(Connection.Stream.OPEN)
            self._hear(line, MISSED)

        async def listen(stands: Callable[[], Awaitable[None]]) -> None:
            await self._wait_to_dial(line)
            await listen_to_account(
                await self._ask(access_of_account, line),
                dialect_of(line.place.slug),
                on_open=stands,
                on_heard=partial(self._hear, line),
                silence=settings.STREAM_SILENCE_SECONDS,
            )

        async def broken(error: Exception) -> None:
            refused = isinstance(error, VenueCredentialsError)
            stream = Connection.Stream.REFUSED if refused else Connection.Stream.BROKEN
            await note(stream, _words(error))

        await note(Connection.Stream.BROKEN, STARTING)
        await _again(listen, opened, broken, name=f"Account {line.connection_id}")

    async def _keep_prices(self, line: PriceLine) -> None:
        slug = line.place.slug

        async def listen(stands: Callable[[], Awaitable[None]]) -> None:
            told = False

            async def take(prices: Prices) -> None:
                nonlocal told
                quoted = await self._ask(record_told, slug, prices)
                await self._ask(note_price_line, slug, stands=True)
                if quoted:
                    await self._ask(self._told.prices, quoted)
                if not told:
                    told = True
                    await stands()

            await self._wait_to_dial(line)
            await listen_to_prices(
                await self._ask(access_of_prices, line),
                dialect_of(slug),
                line.symbols,
                on_prices=take,
                silence=QUIET * settings.STREAM_SILENCE_SECONDS,
            )

        async def opened() -> None:
            logger.info("%s tells its prices by itself", slug)

        async def broken(error: Exception) -> None:
            await self._ask(note_price_line, slug, stands=False)

        try:
            await _again(listen, opened, broken, name=f"Prices of {slug}")
        finally:
            await asyncio.shield(self._ask(note_price_line, slug, stands=False))

    async def _wait_to_dial(self, line: Line) -> None:
        """One after the other at each exchange, which counts how often an address dials."""
        now, slug = time.monotonic(), line.place.slug
        at = max(now, self._dials.get(slug, now))
        self._dials[slug] = at + DIAL_GAP
        await asyncio.sleep(at - now)

    # --- what is heard -----------------------------------------------------------------------------------------------

    def _hear(self, line: AccountLine, heard: Heard) -> None:
        if heard.orders:
            self._orders.ask(line.connection_id, heard)
        if heard.balances:
            self._balances.ask(line.connection_id, heard)

    async def _ask_orders(self, connection_id: UUID, heard: Heard) -> None:
        await self._ask(self._told.orders, self._owners[connection_id], connection_id, heard)

    async def _ask_balances(self, connection_id: UUID, heard: Heard) -> None:
        await self._ask(self._told.balances, self._owners[connection_id], connection_id)

    async def _ask(self, question: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
        """Ask in the thread that has the database."""

        def asked() -> Found:
            close_old_connections()  # one that broke is opened anew
            return question(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)


async def _again(
    listen: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]],
    opened: Callable[[], Awaitable[None]],
    broken: Callable[[Exception], Awaitable[None]],
    *,
    name: str,
) -> None:
    """Listen, and after a pause again, for ever."""
    failures = 0
    stood: list[float] = []

    async def stands() -> None:
        stood.append(time.monotonic())
        await opened()

    while True:
        stood.clear()
        failure: Exception = VenueUnavailableError("The line ended without a word.")
        try:
            await listen(stands)
        except Exception as error:  # noqa: BLE001 - one line's trouble is not that of the others
            failure = error
        steady = bool(stood) and time.monotonic() - stood[0] > STEADY_SECONDS
        failures = 1 if steady else failures + 1
        # Its words alone, not its traceback: what was sent stands there.
        logger.warning("%s: %s", name, _words(failure))
        try:
            await broken(failure)
        except Error as error:
            logger.warning("%s: how it stands could not be written: %s", name, type(error).__name__)
        await asyncio.sleep(_pause(failures, failure))


def _pause(failures: int, failure: Exception) -> float:
    """Seconds before the next try: a random part of the doubled pause, so that many lines do not come at once."""
    longest = REFUSED_PAUSE if isinstance(failure, VenueCredentialsError) else LONGEST_PAUSE
    pause = REFUSED_PAUSE if isinstance(failure, VenueCredentialsError) else FIRST_PAUSE * 2 ** min(failures - 1, 16)
    wait: timedelta | None = getattr(failure, "retry_after", None)
    return max(min(pause, longest) * random.uniform(0.5, 1.0), wait.total_seconds() if wait else 0.0)  # noqa: S311 - no secret


def _words(error: Exception) -> str:
    """What a person may read of it; of a mistake of ours its kind alone."""
    if isinstance(error, VenueError | MoniqoError):
        return error.sentence.exact
    return f"Something broke on our side ({type(error).__name__})."
