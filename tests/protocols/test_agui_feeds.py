"""One reading for all who watch the same; bounded for who is slow; quiet when nothing changes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from kit.live.hub import Event
from moniqo.protocols.agui import asgi, feeds
from moniqo.protocols.agui.feeds import BATCHES, Feed, Feeds, Viewer
from moniqo.protocols.agui.states import Reading, Subject
from tests.protocols.front_end import read_events, state_of

pytestmark = pytest.mark.offline
AGENT, FARM = Subject("agents", uuid4()), Subject("farms", uuid4())
PRICED = Event("", "prices", "{}")
SAID = Event("1-1", "orders", "{}")


class Shelf:
    """What is read: a number that goes up with each reading, if somebody has turned it."""

    def __init__(self) -> None:
        self.value = 0
        self.readings: list[list[Subject]] = []
        self.before: list[bool] = []
        self.fault: Exception | None = None
        self.markets: frozenset[int] = frozenset()

    async def read(self, _: Any, subjects: Collection[Subject], before: Any) -> dict[Subject, Reading]:
        self.readings.append(list(subjects))
        self.before.append(bool(before))
        if self.fault is not None:
            raise self.fault
        state = {"value": str(self.value)}
        return {subject: Reading(state, {}, (), markets=self.markets) for subject in subjects}


def play(story: Callable[[Feed, Shelf], Awaitable[None]], monkeypatch: pytest.MonkeyPatch, pause: float = 0.0) -> Shelf:
    monkeypatch.setattr("django.conf.settings.AGUI_SECONDS", pause)
    shelf = Shelf()

    async def whole() -> None:
        async with asyncio.timeout(10):
            await story(Feed(uuid4(), shelf.read), shelf)

    asyncio.run(whole())
    return shelf


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_hundred_who_watch_are_told_of_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(feed: Feed, shelf: Shelf) -> None:
        viewers = [Viewer("key", feed, AGENT if number % 2 else FARM) for number in range(100)]
        async with AsyncExitStack() as stack:
            for viewer in viewers:
                await stack.enter_async_context(feed.watched_by(viewer, viewer._subject))
            first = state_of(read_events(feeds.events.encode(*viewers[0].opening())))
            assert first == {"value": "0"}
            shelf.value = 1
            for viewer in viewers:
                viewer.put(replace(SAID))
            batches = await asyncio.gather(*(viewer.batch() for viewer in viewers))
            assert len(set(batches)) == 1
            assert batches[0] is batches[2]
            assert read_events(batches[0]) == [
                {"type": "STATE_DELTA", "delta": [{"op": "replace", "path": "/value", "value": "1"}]}
            ]
        assert not feed._shown

    shelf = play(story, monkeypatch)
    assert [len(subjects) for subjects in shelf.readings] == [1, 1, 2]


def test_what_is_said_meanwhile_is_read_once_after_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(feed: Feed, shelf: Shelf) -> None:
        viewer = Viewer("key", feed, AGENT)
        async with feed.watched_by(viewer, AGENT):
            for number in range(1, 30):
                shelf.value = number
                viewer.put(replace(SAID))
                await settle()
            assert len(shelf.readings) == 2

    play(story, monkeypatch, pause=60)


def test_prices_alone_leave_what_does_not_follow_from_them_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(feed: Feed, shelf: Shelf) -> None:
        viewer = Viewer("key", feed, AGENT)
        async with feed.watched_by(viewer, AGENT):
            for said in (SAID, PRICED, PRICED, SAID):
                viewer.put(replace(said))
                await settle()
            viewer.put(replace(PRICED))
            viewer.put(replace(SAID))
            viewer.put(replace(PRICED))
            await settle()

    assert play(story, monkeypatch).before == [False, False, True, True, False, False]


def test_a_price_is_told_before_all_is_read_again_because_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(feed: Feed, shelf: Shelf) -> None:
        viewer = Viewer("key", feed, AGENT)
        async with feed.watched_by(viewer, AGENT):
            feed._whole_at -= feeds.AGAIN_SECONDS
            viewer.put(replace(PRICED))
            await settle()

    assert play(story, monkeypatch, pause=60).before == [False, True, False]


def test_nothing_is_said_where_nothing_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(feed: Feed, shelf: Shelf) -> None:
        viewer = Viewer("key", feed, AGENT)
        async with feed.watched_by(viewer, AGENT):
            viewer.put(replace(SAID))
            await settle()
            assert len(shelf.readings) == 2
            assert not viewer._has_some.is_set()

    play(story, monkeypatch)


def test_who_is_too_slow_begins_anew_and_keeps_no_more_than_a_few_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(feed: Feed, shelf: Shelf) -> None:
        viewer = Viewer("key", feed, AGENT)
        async with feed.watched_by(viewer, AGENT):
            for number in range(1, 2 * BATCHES):
                shelf.value = number
                viewer.put(replace(SAID))
                await settle()
                assert len(viewer._batches) <= BATCHES
            found = read_events(await viewer.batch())
            assert found[0] == {"type": "STATE_SNAPSHOT", "snapshot": {"value": str(2 * BATCHES - 1)}}
            shelf.value = 999
            viewer.put(replace(SAID))
            assert state_of([*found, *read_events(await viewer.batch())]) == {"value": "999"}

    play(story, monkeypatch)


@pytest.mark.parametrize(("fault", "code"), [(ValueError("a secret"), "failed"), (None, "gone")])
def test_what_can_be_watched_no_more_ends_the_run_with_a_code_and_nothing_of_its_inside(
    fault: Exception | None, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(feed: Feed, shelf: Shelf) -> None:
        viewer = Viewer("key", feed, AGENT)
        async with feed.watched_by(viewer, AGENT):
            shelf.fault = fault
            if fault is None:
                feed._read = nothing
            viewer.put(replace(SAID))
            assert await viewer.batch() == b""
            assert viewer.error == code
            assert "secret" not in asgi.ERRORS[code]

    async def nothing(*_: Any) -> dict[Subject, Reading]:
        return {}

    play(story, monkeypatch)


def test_a_quiet_run_is_kept_open_by_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "PING_SECONDS", 0.01)
    sent: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["body"])

    async def story(feed: Feed, shelf: Shelf) -> None:
        viewer = Viewer("key", feed, AGENT)
        async with feed.watched_by(viewer, AGENT):
            pump = asyncio.create_task(asgi._pump(viewer, send))
            await asyncio.sleep(0.05)
            viewer.fail("gone")
            await pump

    play(story, monkeypatch)
    assert sent[0] == b": ping\n\n"


def test_who_is_about_to_watch_shares_the_feed_of_their_owner_and_nobody_keeps_one() -> None:
    owner, found = uuid4(), Feeds()
    first = found.of(owner)
    found.of(uuid4())
    assert found.of(owner) is first
    assert len(found._feeds) == 1
    del first
    assert len(found._feeds) == 0


def test_prices_of_what_it_has_nothing_to_do_with_are_not_read_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(feed: Feed, shelf: Shelf) -> None:
        shelf.markets = frozenset({7})
        viewer = Viewer("key", feed, AGENT)
        async with feed.watched_by(viewer, AGENT):
            for instruments, readings in ((b"[8, 9]", 1), (b"[7]", 2)):
                viewer.put(Event("", "prices", f'{{"instruments": {instruments.decode()}}}'))
                await settle()
                assert len(shelf.readings) == readings

    play(story, monkeypatch)
