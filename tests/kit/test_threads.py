"""Threads of a piece of work leave no connection with the database behind, and those of requests are lent on."""

import asyncio
from collections.abc import Callable
from threading import Barrier, Event, get_ident
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from kit.threads import Lending, threads


class Ended(BaseException):
    """The end of a worker in the middle of its work."""


def used() -> Any:
    """The connection of the thread that runs this, after it was used."""
    connections["default"].ensure_connection()
    return connections["default"].connection


def test_their_connections_are_closed_at_the_end(live_db: str) -> None:
    with threads(1, "test") as running:
        connection = running.submit(used).result()
        assert not connection.closed
    assert connection.closed


def test_their_connections_are_closed_when_the_work_breaks(live_db: str) -> None:
    opened = []

    def breaks() -> None:
        with threads(1, "test") as running:
            opened.append(running.submit(used).result())
            raise Ended

    with pytest.raises(Ended):
        breaks()
    assert [connection.closed for connection in opened] == [True]


async def thread_of(lending: Lending, work: Callable[[], object] = int) -> int:
    """The thread in which a request of that work runs."""

    def act() -> int:
        work()
        return get_ident()

    async with lending.lent():
        first, again = await sync_to_async(act)(), await sync_to_async(act)()
    assert first == again, "all of one request runs in one thread"
    return first


def test_the_next_request_gets_the_thread_of_the_one_before_and_no_two_have_one_at_once() -> None:
    async def work() -> None:
        lending, together = Lending(), Barrier(3)
        before = await thread_of(lending)
        assert await thread_of(lending) == before
        at_once = await asyncio.gather(*(thread_of(lending, lambda: together.wait(10)) for _ in range(3)))
        assert len(set(at_once)) == 3
        assert {await thread_of(lending) for _ in range(3)} <= set(at_once)

    asyncio.run(work())


@pytest.mark.parametrize("asks_more", [False, True])
def test_a_thread_that_still_works_for_who_has_left_is_lent_to_nobody(asks_more: bool) -> None:
    """Also where something was asked behind it and given up."""

    async def work() -> None:
        lending, busy, may_end = Lending(), asyncio.Event(), Event()
        loop, ran = asyncio.get_running_loop(), []

        def long() -> None:
            ran.append(get_ident())
            loop.call_soon_threadsafe(busy.set)
            may_end.wait(10)

        async def leaves() -> None:
            async with lending.lent():
                working = asyncio.ensure_future(sync_to_async(long)())
                await busy.wait()
                await (sync_to_async(int)() if asks_more else asyncio.shield(working))

        leaving = asyncio.create_task(leaves())
        await busy.wait()
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert await thread_of(lending) not in ran
        may_end.set()

    asyncio.run(work())
