"""A hint is followed at once, a hundred of them once, and one after the other ever less often."""

import asyncio
import time
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from wallets.streams.soon import Soon
from wallets.venues.heard import Heard

FIRST, GAP, LONGEST = 0.05, 0.1, 0.2


async def watched(asked_for: float, *, fails: bool = False) -> list[tuple[float, Heard]]:
    """What is done, and when, while it is asked for every few milliseconds for so many seconds."""
    done: list[tuple[float, Heard]] = []
    started = time.monotonic()

    async def do(key: UUID, heard: Heard) -> None:
        done.append((time.monotonic() - started, heard))
        if fails:
            raise RuntimeError("the broker is away")

    soon, key, number = Soon(do, first=FIRST, gap=GAP, longest=LONGEST), uuid4(), 0
    while time.monotonic() - started < asked_for:
        soon.ask(key, Heard(names=frozenset({str(number)})))
        number += 1
        await asyncio.sleep(0.005)
    await asyncio.sleep(LONGEST + GAP)
    assert frozenset().union(*(heard.names for _, heard in done)) == {str(one) for one in range(number)}, "none is lost"
    await soon.close()
    return done


@pytest.mark.offline
@pytest.mark.parametrize("fails", [False, True])
def test_what_is_asked_for_all_the_time_is_done_at_once_and_then_ever_less_often(fails: bool) -> None:
    done = asyncio.run(watched(0.8, fails=fails))
    gaps = [after - before for (before, _), (after, _) in pairwise(done)]
    assert len(done) <= 6, "in a second: at once, after one gap, and then after the longest"
    assert all(gap >= GAP * 0.9 for gap in gaps)
    assert gaps[1] >= LONGEST * 0.9


@pytest.mark.offline
def test_what_is_asked_for_once_is_done_once() -> None:
    assert len(asyncio.run(watched(0.001))) == 1
