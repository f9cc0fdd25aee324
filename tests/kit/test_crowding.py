"""The door in front of Django: so many at once, some more in front of it, and the others are told to come again."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from kit.crowding import ASIDE, CrowdedError, Door, Handler, LeftError

pytestmark = pytest.mark.offline


@asynccontextmanager
async def turn(door: Door, *, aside: bool = False) -> AsyncIterator[None]:
    leave = await door.come(aside=aside)
    try:
        yield
    finally:
        leave()


async def enter(door: Door, *, aside: bool = False) -> None:
    async with turn(door, aside=aside):
        """And out again."""


def test_only_so_many_are_inside_at_once_and_all_who_wait_get_their_turn() -> None:
    inside, most = 0, 0

    async def visit(door: Door) -> None:
        nonlocal inside, most
        async with turn(door):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    async def crowd() -> None:
        door = Door(at_once=3, waiting=20, seconds=10)
        await asyncio.gather(*(visit(door) for _ in range(20)))

    asyncio.run(crowd())
    assert most == 3


def test_who_finds_too_many_waiting_or_waits_too_long_is_told_and_keeps_no_place() -> None:
    async def crowd() -> None:
        door = Door(at_once=1, waiting=1, seconds=0.1)

        async with turn(door):
            waits = asyncio.create_task(enter(door))
            await asyncio.sleep(0)
            with pytest.raises(CrowdedError):  # at once: one waits already
                await asyncio.wait_for(enter(door), 0.05)
            with pytest.raises(CrowdedError):  # after its time
                await waits
        await enter(door)

    asyncio.run(crowd())


def test_a_visitor_who_leaves_while_waiting_keeps_no_place() -> None:
    async def crowd() -> None:
        door = Door(at_once=1, waiting=1, seconds=10)

        async with turn(door):
            waits = asyncio.create_task(enter(door))
            await asyncio.sleep(0)
            waits.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waits
        await asyncio.wait_for(enter(door), 1)

    asyncio.run(crowd())


def test_who_stands_aside_waits_while_anybody_else_is_inside_and_comes_in_in_the_order_of_coming() -> None:
    inside: list[int] = []
    came: list[int] = []

    async def work(door: Door, number: int, done: asyncio.Event) -> None:
        async with turn(door, aside=True):
            inside.append(number)
            came.append(number)
            await done.wait()
            inside.remove(number)

    async def crowd() -> None:
        door = Door(at_once=12, waiting=40, seconds=10, gives_way=10, recently=0)
        ends = [asyncio.Event() for _ in range(8)]
        tasks = [asyncio.create_task(work(door, number, ends[number])) for number in range(8)]
        await settle()
        assert inside == list(range(ASIDE))
        async with asyncio.timeout(1), turn(door):  # whoever else comes does not wait for them
            for number in range(ASIDE):
                ends[number].set()
                await settle()
            assert inside == []
            tasks[ASIDE + 1].cancel()  # the second of those who wait leaves
        await settle()
        assert inside == [ASIDE, *range(ASIDE + 2, 2 * ASIDE + 1)]
        for end in ends:
            end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert came == [number for number in range(8) if number != ASIDE + 1]
        await asyncio.wait_for(enter(door), 1)

    asyncio.run(crowd())


def test_who_is_urgent_waits_behind_nobody_aside_and_nobody_aside_waits_for_them() -> None:
    async def crowd() -> None:
        door = Door(at_once=9, waiting=20, seconds=10, gives_way=10, recently=10)
        urgent = await door.come(urgent=True)
        for _ in range(ASIDE):  # as many as come in where nobody else is, nor was
            await asyncio.wait_for(door.come(aside=True), 1)
        waits = asyncio.create_task(enter(door, aside=True))
        await settle()
        urgent()
        again = await asyncio.wait_for(door.come(urgent=True), 1)
        again()
        await settle()
        assert not waits.done()
        waits.cancel()

    asyncio.run(crowd())


def test_where_others_were_a_moment_ago_one_at_a_time_comes_in() -> None:
    inside, most = 0, 0

    async def work(door: Door) -> None:
        nonlocal inside, most
        async with turn(door, aside=True):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    async def crowd(recently: float) -> int:
        nonlocal most
        door, most = Door(at_once=12, waiting=40, seconds=10, recently=recently), 0
        async with asyncio.timeout(5):
            await enter(door)
            await asyncio.gather(*(work(door) for _ in range(8)))
        return most

    assert asyncio.run(crowd(60)) == 1
    assert asyncio.run(crowd(0)) == ASIDE


def test_who_waits_behind_a_long_one_comes_in_once_others_were_there_long_enough_ago() -> None:
    """Though nobody comes or goes at that moment."""

    async def crowd() -> None:
        door = Door(at_once=12, waiting=40, seconds=10, gives_way=0.001, recently=0.05)
        async with asyncio.timeout(30):
            await enter(door)
            async with turn(door, aside=True):
                await enter(door, aside=True)

    asyncio.run(crowd())


def test_who_has_given_way_long_enough_comes_in_beside_the_others_one_at_a_time() -> None:
    inside, most = 0, 0

    async def work(door: Door) -> None:
        nonlocal inside, most
        async with turn(door, aside=True):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    async def crowd() -> None:
        door = Door(at_once=12, waiting=40, seconds=10, gives_way=0.01)
        async with asyncio.timeout(5), turn(door):
            await asyncio.gather(*(work(door) for _ in range(8)))

    asyncio.run(crowd())
    assert most == 1


def test_who_stands_aside_too_long_is_told_and_keeps_no_place() -> None:
    async def crowd() -> None:
        door = Door(at_once=3, waiting=20, seconds=0.05)
        async with turn(door), turn(door):
            with pytest.raises(CrowdedError):
                async with turn(door, aside=True):
                    raise AssertionError
        async with asyncio.timeout(1), turn(door), turn(door), turn(door):
            """There is room for all of them again."""

    asyncio.run(crowd())


def test_those_who_stand_aside_have_a_quarter_of_the_room_and_take_nothing_of_the_others() -> None:
    async def crowd() -> None:
        door = Door(at_once=1, waiting=8, seconds=10)
        async with turn(door):
            programs = [asyncio.create_task(enter(door, aside=True)) for _ in range(20)]
            await settle()
            pages = [asyncio.create_task(enter(door)) for _ in range(9)]
            await settle()
            assert [program.done() for program in programs] == [False] * 2 + [True] * 18
            assert [page.done() for page in pages] == [False] * 8 + [True]
        told = await asyncio.gather(*programs, *pages, return_exceptions=True)
        refused = [isinstance(one, CrowdedError) for one in told]
        assert refused == [False] * 2 + [True] * 18 + [False] * 8 + [True]

    asyncio.run(crowd())


@pytest.mark.parametrize("aside", [True, False])
def test_who_is_asked_for_and_leaves_gives_the_place_in_the_queue_to_the_next(aside: bool) -> None:
    async def crowd() -> None:
        door, left = Door(at_once=1, waiting=8, seconds=10), asyncio.get_running_loop().create_future()
        async with turn(door):
            leaves = asyncio.create_task(door.come(aside=aside, left=left))
            stays = asyncio.create_task(enter(door, aside=aside))
            await settle()
            left.set_result(None)
            with pytest.raises(LeftError):
                await leaves
            with pytest.raises(LeftError):  # nor does anybody come for who has left before
                await door.come(aside=aside, left=left)
            assert not stays.done()
        await asyncio.wait_for(stays, 1)

    asyncio.run(crowd())


def test_who_leaves_once_it_is_their_turn_stays_inside() -> None:
    async def crowd() -> None:
        door, left = Door(at_once=1, waiting=8, seconds=10), asyncio.get_running_loop().create_future()
        leave = await door.come(aside=True, left=left)
        left.set_result(None)
        waits = asyncio.create_task(enter(door))
        await settle()
        assert not waits.done()
        leave()
        await asyncio.wait_for(waits, 1)

    asyncio.run(crowd())


def test_who_leaves_keeps_the_place_until_its_thread_is_done(settings: Any) -> None:
    settings.REQUESTS_AT_ONCE, settings.REQUESTS_WAITING, settings.REQUEST_WAIT_SECONDS = 1, 4, 10
    begun: list[str] = []
    has_begun, may_end = threading.Event(), threading.Event()

    class Slow(Handler):
        def load_middleware(self, is_async: bool = False) -> None:
            """None."""

        def get_response(self, request: HttpRequest) -> HttpResponse:
            begun.append(request.path)
            has_begun.set()
            assert may_end.wait(10)
            return HttpResponse()

    async def crowd() -> None:
        handler = Slow()

        async def visit(path: str) -> HttpResponseBase:
            async with ThreadSensitiveContext():  # as Django's own handler does for each request
                return await handler.get_response_async(RequestFactory().get(path))

        leaves = asyncio.create_task(visit("/leaves"))
        assert await asyncio.to_thread(has_begun.wait, 10)
        leaves.cancel()
        waits, tires = asyncio.create_task(visit("/waits")), asyncio.create_task(visit("/tires"))
        await asyncio.sleep(0.05)  # in which a thread would begin
        assert begun == ["/leaves"]
        tires.cancel()  # who leaves before it has begun is not worked for
        await settle()
        may_end.set()
        assert (await asyncio.wait_for(waits, 10)).status_code == 200
        await asyncio.gather(leaves, tires, return_exceptions=True)
        assert begun == ["/leaves", "/waits"]

    asyncio.run(crowd())


def test_a_request_goes_to_its_thread_once_and_has_ended_when_its_answer_is_sent() -> None:
    happened: list[str] = []
    threads: set[int] = set()

    class Noting(Handler):
        def load_middleware(self, is_async: bool = False) -> None:
            """None."""

        def get_response(self, request: HttpRequest) -> HttpResponse:
            happened.append("view")
            threads.add(threading.get_ident())
            return HttpResponse(b"told")

    def note(signal: Any, **_: object) -> None:
        happened.append("began" if signal is request_started else "ended")
        threads.add(threading.get_ident())

    async def receive() -> dict[str, Any]:
        if "read" in happened:
            await asyncio.Event().wait()
        happened.append("read")
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        happened.append(message["type"])

    async def visit() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
        await Noting()(scope, receive, send)

    request_started.connect(note)
    request_finished.connect(note)
    try:
        asyncio.run(visit())
    finally:
        request_started.disconnect(note)
        request_finished.disconnect(note)
    assert happened == ["read", "began", "view", "ended", "http.response.start", "http.response.body"]
    assert len(threads) == 1


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
