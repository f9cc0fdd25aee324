"""What a worker of syncs does: it takes many connections at once and asks all of their venues in one loop.

An answer that takes long, or never comes, holds up nobody: the loop goes on with the others, and takes more. Answers
are compared with what was seen last in one statement for hundreds of connections (`turns.note_same`), which is all that
a connection costs at which nothing has happened. Every other one is synced by itself, as its owner, in one of a few
threads, with the answer that is there already: that is the sync that there always was (`wallets.sync.runs`). A venue
that no loop can ask, such as the paper exchange, is synced there altogether.

Who is killed in the middle has its turns taken over when their lease is over, and nothing was done twice: what was
noted was noted in one transaction, and a sync of one connection is guarded by its run.
"""

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from kit import tenancy
from kit.errors import ConflictError, MoniqoError, NotFoundError
from kit.threads import threads
from markets.exchanges import Access
from wallets.models import Connection, Platform
from wallets.sync import turns
from wallets.sync.looking import Answer
from wallets.sync.positions import has_positions, keep_positions_of
from wallets.sync.runs import sync_connection
from wallets.sync.turns import Turn
from wallets.venues.base import VenueError, totals
from wallets.venues.ccxt.crowd import Crowd, crowd
from wallets.venues.credentials import CredentialError, read_credentials_of
from wallets.venues.registry import access_to

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
# Taken at once; in hand at most, altogether and of one platform: one that is slow is not all that is waited for.
TAKEN: Final = 1_000
IN_HAND: Final = 3_000
OF_ONE: Final = 1_500
# So many are synced by themselves at once, of one platform and altogether.
ALONE_OF_ONE: Final = 4
ALONE: Final = 8
# How often answers are written down, whether there is room is looked, and whether somebody else waits.
WRITE_SECONDS: Final = 0.25
ROOM_SECONDS: Final = 0.02
LOOK_SECONDS: Final = 0.5
KEEP_SECONDS: Final = 30.0
# After this a worker takes no more and sees through what it has in hand: its process has other tasks too, such as to
# give a sign of life.
TAKES_SECONDS: Final = 30.0


@dataclass
class Round:
    """What a worker has done: connections that were as before, those synced by themselves, and whether it stopped
    while there was more."""

    same: int = 0
    alone: int = 0
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Hand:
    """A turn, and how its venue is asked: None where no loop can, the error where nobody can."""

    turn: Turn
    access: Access | MoniqoError | None
    with_positions: bool


def take_part() -> bool:
    """Sync whoever waits, unless this machine has a worker per processor already: those look for more by themselves.

    Returns whether there is more than one worker does: another goes on. Call it outside of transactions.
    """
    while True:
        with turns.a_place(os.cpu_count() or 1) as is_free:
            if not is_free:
                return False
            if sync_waiting().is_cut:
                return True
        # Whoever was told of a turn meanwhile, and found no place, has left it to us.
        if not turns.anybody_waits():
            return False


def sync_waiting(*, seconds: float = TAKES_SECONDS) -> Round:
    """Sync whoever waits for it until nobody does, and take nobody after `seconds`. Call it outside of transactions."""
    with threads(1, "sync") as books, threads(ALONE, "sync") as alone, threads(ALONE, "sync") as waiting:
        return asyncio.run(_Worker(books, alone, waiting, time.monotonic() + seconds).work())


class _Worker:
    """One loop with what it has in hand. Whatever touches the database is done in a thread."""

    def __init__(self, books: Executor, alone: Executor, waiting: Executor, until: float) -> None:
        self._books, self._alone, self._waiting, self._until = books, alone, waiting, until
        self._round = Round()
        self._hands: dict[asyncio.Task[None], Turn] = {}
        self._heard: list[tuple[Turn, Answer, asyncio.Future[bool]]] = []
        self._places: dict[str, asyncio.Semaphore] = {}

    async def work(self) -> Round:
        async with crowd(self._waiting) as accounts:
            beside = [asyncio.create_task(self._write()), asyncio.create_task(self._keep())]
            try:
                await self._take_all(accounts)
            finally:
                for task in (*beside, *self._hands):
                    task.cancel()
        return self._round

    async def _take_all(self, accounts: Crowd) -> None:
        """Take turns while there are any, and time; then see through what is in hand."""
        while True:
            room = min(TAKEN, IN_HAND - len(self._hands))
            self._round.is_cut = time.monotonic() > self._until
            taken = 0 if self._round.is_cut else await self._take(accounts, room)
            if not taken and not self._hands:
                return
            await self._have_room(TAKEN if taken else 0, LOOK_SECONDS)

    async def _have_room(self, hands: int, seconds: float) -> None:
        """Wait until there are no more hands than this, or for so long."""
        until = time.monotonic() + seconds
        while len(self._hands) > hands and time.monotonic() < until:
            await asyncio.sleep(ROOM_SECONDS)

    async def _take(self, accounts: Crowd, room: int) -> int:
        of_each = Counter(turn.platform_id for turn in self._hands.values())
        busy = [slug for slug, number in of_each.items() if number > OF_ONE]
        taken = await _in(self._books, lambda: _take(room, busy)) if room > 0 else []
        for hand in taken:
            task = asyncio.create_task(self._see_through(hand, accounts))
            self._hands[task] = hand.turn
            task.add_done_callback(self._lay_down)
        return len(taken)

    def _lay_down(self, task: asyncio.Task[None]) -> None:
        turn = self._hands.pop(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("The turn of %s was not seen through", turn.connection_id, exc_info=error)

    # --- one connection ----------------------------------------------------------------------------------------------

    async def _see_through(self, hand: _Hand, accounts: Crowd) -> None:
        turn, heard = hand.turn, await _hear(hand, accounts)
        is_whole = isinstance(heard, Answer) and not isinstance(heard.positions, VenueError)
        if isinstance(heard, Answer) and is_whole and await self._is_same(turn, heard):
            self._round.same += 1
            return
        place = self._places.setdefault(turn.platform_id, asyncio.Semaphore(ALONE_OF_ONE))
        async with place:
            await _in(self._alone, lambda: _sync_alone(turn, heard))
        self._round.alone += 1

    async def _is_same(self, turn: Turn, heard: Answer) -> bool:
        """Whether it was noted, with many others, that nothing has changed."""
        noted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._heard.append((turn, heard, noted))
        return await noted

    async def _write(self) -> None:
        """Note what was heard, all of it at once, again and again."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            heard, self._heard = self._heard, []
            if not heard:
                continue
            try:
                same = await _in(self._books, partial(_note, [(turn, answer) for turn, answer, _ in heard]))
            except Exception as error:  # noqa: BLE001 - whatever it is, each of them is told
                for _, _, noted in heard:
                    noted.set_exception(error)
            else:
                for turn, _, noted in heard:
                    noted.set_result(turn.connection_id in same)

    async def _keep(self) -> None:
        """Say again and again that what is in hand is taken."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            try:
                await _in(self._books, partial(turns.keep, list(self._hands.values())))
            except Exception:  # the database is away: the next time, or somebody else takes them over
                logger.exception("What is in hand could not be kept")


async def _hear(hand: _Hand, accounts: Crowd) -> Answer | MoniqoError | None:
    """What the venue says, or why it does not; None where it has to be asked by itself."""
    if not isinstance(hand.access, Access):
        return hand.access
    try:
        told = await accounts.read(hand.access, with_positions=hand.with_positions)
    except MoniqoError as error:
        return error
    except Exception:  # a defect of the loop's own way is no venue's failure: the way of one account is tried
        logger.exception("%s could not be asked together with others", hand.turn.connection_id)
        return None
    return Answer(told.balances, told.positions, hand.turn.books)


# --- in threads -------------------------------------------------------------------------------------------------------


def _take(limit: int, busy: Collection[str]) -> list[_Hand]:
    """Turns, with what it takes to ask their venues."""
    taken = turns.take(limit=limit, busy=busy)
    if not taken:
        return []
    with tenancy.system():
        platforms = Platform.objects.in_bulk()
        keys = read_credentials_of(
            Connection(pk=turn.connection_id, owner_id=turn.owner_id, name=turn.name) for turn in taken
        )
    return [_hand(turn, platforms[turn.platform_id], keys[turn.connection_id]) for turn in taken]


def _hand(turn: Turn, platform: Platform, keys: dict[str, str] | CredentialError) -> _Hand:
    if not turn.is_active or isinstance(keys, CredentialError):
        return _Hand(turn, keys if isinstance(keys, CredentialError) else None, False)
    try:
        return _Hand(turn, access_to(platform, keys), has_positions(platform))
    except MoniqoError as error:
        return _Hand(turn, error, False)


def _note(heard: Sequence[tuple[Turn, Answer]]) -> set[Any]:
    """Note who is as before; returns those connections."""
    said = [(turn, turns.hash_of(totals(answer.balances), base=turn.base)) for turn, answer in heard]
    same = turns.note_same(said)
    told = [
        (turn.owner_id, turn.connection_id, answer.positions)
        for turn, answer in heard
        if turn.connection_id in same and isinstance(answer.positions, tuple)
    ]
    if told:
        keep_positions_of(told)
    return same


def _sync_alone(turn: Turn, heard: Answer | MoniqoError | None) -> None:
    """The sync of one connection, with what its venue has said; what goes wrong is written down by it."""
    owner_id, connection_id = turn.owner_id, turn.connection_id
    try:
        with tenancy.tenant(owner_id):
            is_asked_anew = turns.asked_of(connection_id) != turn.asked
        if not is_asked_anew:  # else its turn comes again: what was heard may be older than what somebody wants to see
            sync_connection(owner_id=owner_id, connection_id=connection_id, run_id=turn.asked, answer=heard)
    except (ConflictError, NotFoundError) as error:  # paused or gone meanwhile
        logger.info("Connection %s was not synced: %s", connection_id, error)
    except Exception:  # the run has written down what it knows; a thread that ended here would end the round
        logger.exception("The sync of %s broke", connection_id)
    finally:
        with tenancy.tenant(owner_id):
            turns.leave(turn)


async def _in(executor: Executor, work: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(executor, work)
