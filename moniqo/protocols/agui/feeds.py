"""Who watches what, and the one reading that all of them are told of.

An owner's subjects are read together in a thread, at most every `AGUI_SECONDS` and only when the hub says that
something has changed, or now and then because time passes. What follows is written once and handed to every run that
watches; a run whose client is too slow begins anew with a snapshot, so what is kept for it is bounded.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import orjson
from django.conf import settings
from django.db import Error, connections

from kit import tenancy
from kit.display import Display, showing
from kit.errors import NotFoundError
from kit.live.hub import Event, Listener
from kit.users.models import User
from moniqo.protocols.agui import events, states
from moniqo.protocols.agui.states import Reading, Subject
from moniqo.protocols.agui.telling import changes, opening

BATCHES: Final = 32
# Readings at once, each with a connection, whatever the number of owners and runs.
THREADS: Final = 2
# What changes because time passes, such as how much of a day is over, is told after this long.
AGAIN_SECONDS: Final = 15.0

# The event of the hub that says nothing else.
PRICES: Final = "prices"

Readings = Mapping[Subject, Reading]
Reader = Callable[[UUID, Collection[Subject], Readings], Awaitable[Readings]]
logger = logging.getLogger(__name__)
Found = TypeVar("Found")


class Viewer(Listener):
    """One run that is open: what the hub says stirs its feed, what the feed gives waits here to be sent."""

    def __init__(self, session: str, feed: "Feed", subject: Subject) -> None:
        super().__init__(session)
        self._feed, self._subject = feed, subject
        self._batches: list[bytes] = []
        self._has_missed = False
        self._has_some = asyncio.Event()
        self.error = ""

    @property
    def reading(self) -> Reading:
        """The subject as it was told last."""
        return self._feed.reading(self._subject)

    def opening(self) -> list[events.Event]:
        """What a run begins with; everything that is given from now on follows from it."""
        self._batches.clear()
        self._has_missed = False
        return opening(self._subject, self.reading)

    def put(self, event: Event) -> None:
        self._feed.hear(event)

    def give(self, batch: bytes) -> None:
        if len(self._batches) >= BATCHES:
            self._batches.clear()
            self._has_missed = True
        if not self._has_missed:
            self._batches.append(batch)
        self._has_some.set()

    def end(self) -> None:
        self.fail("token_over")

    def fail(self, code: str) -> None:
        """Let the run end with an error."""
        self.error = self.error or code
        self._has_some.set()

    async def batch(self) -> bytes:
        """All that has come since the last time; waits for the first. Empty where the run is over, for `error`."""
        await self._has_some.wait()
        if self.error:
            return b""
        self._has_some.clear()
        if self._has_missed:
            return events.encode(*self.opening())
        found = b"".join(self._batches)
        self._batches.clear()
        return found


@dataclass
class _Shown:
    """A subject as those who watch it were told last."""

    reading: Reading
    viewers: set[Viewer] = field(default_factory=set)


class Feed:
    """What one owner's runs watch."""

    def __init__(self, owner_id: UUID, read: Reader) -> None:
        self._owner_id, self._read = owner_id, read
        self._shown: dict[Subject, _Shown] = {}
        self._lock = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._heard: Event | None = None
        self._is_only_prices = True
        self._whole_at = monotonic()  # what begins to be watched is read whole
        self._following: asyncio.Task[None] | None = None

    def hear(self, event: Event) -> None:
        """What the hub says, to each viewer the same."""
        if event is self._heard:
            return
        self._heard, is_prices = event, event.name == PRICES
        if not is_prices or self._is_moved_by(orjson.loads(event.data).get("instruments", ())):
            self.stir(is_prices=is_prices)

    def _is_moved_by(self, instruments: Iterable[int]) -> bool:
        """Whether one of them has to do with what is watched; what says nothing of itself may follow from any."""
        markets = [shown.reading.markets for shown in self._shown.values()]
        return not all(markets) or any(not known.isdisjoint(instruments) for known in markets)

    def stir(self, *, is_prices: bool = False) -> None:
        """Something has changed, or prices alone: it is read again, soon and once."""
        self._is_only_prices = self._is_only_prices and is_prices
        self._stirred.set()

    def reading(self, subject: Subject) -> Reading:
        """A subject that is watched, as its viewers were told last."""
        return self._shown[subject].reading

    @contextlib.asynccontextmanager
    async def watched_by(self, viewer: Viewer, subject: Subject) -> AsyncIterator[None]:
        """Tell the viewer what changes. Raises NotFoundError, Error of the database."""
        async with self._lock:
            if subject not in self._shown:
                found = await self._read(self._owner_id, [subject], {})
                if subject not in found:
                    raise NotFoundError("There is nothing to watch here any more.")
                self._shown[subject] = _Shown(found[subject])
            shown = self._shown[subject]
            shown.viewers.add(viewer)
        if self._following is None:
            self._following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            shown.viewers.discard(viewer)
            if not shown.viewers:
                self._shown.pop(subject, None)
            if not self._shown and self._following is not None:
                self._following.cancel()
                self._following = None

    async def _follow(self) -> None:
        while True:
            is_only_prices = False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), AGAIN_SECONDS)
                is_only_prices = self._is_only_prices
            self._stirred.clear()
            self._is_only_prices = True
            began = monotonic()
            if is_only_prices:
                await self.refresh(is_only_prices=True)
            if not is_only_prices or began - self._whole_at >= AGAIN_SECONDS:  # nobody waits for that behind a price
                await self.refresh()
            await asyncio.sleep(max(settings.AGUI_SECONDS - (monotonic() - began), 0))

    async def refresh(self, *, is_only_prices: bool = False) -> None:
        """Read everything that is watched again, or what follows from prices, and tell what has changed."""
        async with self._lock:
            before = {subject: shown.reading for subject, shown in self._shown.items()} if is_only_prices else {}
            if not is_only_prices:
                self._whole_at = monotonic()
            try:
                found = await self._read(self._owner_id, list(self._shown), before)
            except Error as error:
                logger.warning("What is watched is read again later: %s", type(error).__name__)
                return
            except Exception:  # whatever it is: those who watch are told, and a run begun anew may do better
                logger.exception("What is watched could not be read")
                self._fail("failed")
                return
            for subject, shown in list(self._shown.items()):
                if subject not in found:
                    self._fail("gone", subject)
                elif batch := events.encode(*changes(subject, shown.reading, found[subject])):
                    for viewer in shown.viewers:
                        viewer.give(batch)
                if subject in found:
                    shown.reading = found[subject]

    def _fail(self, code: str, only: Subject | None = None) -> None:
        for subject, shown in self._shown.items():
            for viewer in shown.viewers if only in (None, subject) else ():
                viewer.fail(code)


class Feeds:
    """Those of one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="agui")
        # One is there as long as somebody watches, or is about to: its viewers hold it.
        self._feeds: WeakValueDictionary[UUID, Feed] = WeakValueDictionary()

    def of(self, owner_id: UUID) -> Feed:
        return self._feeds.setdefault(owner_id, Feed(owner_id, self._read))

    async def asked(self, question: Callable[[], Found]) -> Found:
        """The answer of the database, in a thread that gives its connection back."""

        def whole() -> Found:
            try:
                return question()
            finally:
                connections.close_all()

        return await asyncio.get_running_loop().run_in_executor(self._threads, whole)

    async def _read(self, owner_id: UUID, subjects: Collection[Subject], before: Readings) -> Readings:
        return await self.asked(lambda: read_for(owner_id, subjects, before))


def read_for(owner_id: UUID, subjects: Collection[Subject], before: Readings) -> Readings:
    """The subjects as their owner's own requests would tell them: days begin where the owner is."""
    with tenancy.reading(owner_id):
        currency, zone = User.objects.values_list("base_currency", "timezone").get(pk=owner_id)
        with showing(Display(currency=currency, timezone=zone)):
            return states.read(owner_id=owner_id, subjects=subjects, before=before)
