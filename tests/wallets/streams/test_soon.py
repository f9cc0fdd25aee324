"""A hint is followed at once, a hundred of them once, and one after the other ever less often."""

import asyncio
from uuid import UUID, uuid4

import pytest

from wallets.streams.soon import Soon
from wallets.venues.heard import Heard

FIRST, GAP, LONGEST = 0.05, 0.1, 0.2


class NoWaiting(asyncio.SelectorEventLoop):
    """Its clock is at the next thing to do as soon as nothing else is left: what happens when is exact, and at once."""

    _now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._now = max(self._now, self._scheduled[0].when())
        super()._run_once()


async def watched(times: int, *, fails: bool) -> list[tuple[float, Heard]]:
    """What is done, and when, while it is asked for so many times, every 5 ms."""
    done: list[tuple[float, Heard]] = []
    clock = asyncio.get_running_loop().time

    async def do(key: UUID, heard: Heard) -> None:
        done.append((clock(), heard))
        if fails:
            raise RuntimeError("the broker is away")

    soon, key = Soon(do, first=FIRST, gap=GAP, longest=LONGEST), uuid4()
    for number in range(times):
        soon.ask(key, Heard(names=frozenset({str(number)})))
        await asyncio.sleep(0.005)
    await asyncio.sleep(LONGEST + GAP)
    assert frozenset().union(*(heard.names for _, heard in done)) == {str(one) for one in range(times)}, "none is lost"
    await soon.close()
    return done


def when(times: int, *, fails: bool = False) -> list[float]:
    with asyncio.Runner(loop_factory=NoWaiting) as runner:
        return [at for at, _ in runner.run(watched(times, fails=fails))]


@pytest.mark.offline
@pytest.mark.parametrize("fails", [False, True])
def test_what_is_asked_for_all_the_time_is_done_at_once_and_then_ever_less_often(fails: bool) -> None:
    """The last of 160 is asked for after 0.795 s."""
    assert when(160, fails=fails) == pytest.approx([0.05, 0.15, 0.35, 0.55, 0.75, 0.95])


@pytest.mark.offline
def test_what_is_asked_for_once_is_done_once() -> None:
    assert when(1) == pytest.approx([FIRST])
