"""Many front ends at one web process: `python -m moniqo.benches.watching STREAMS PORT PID` prints what it measured."""

import asyncio
import json
import math
import os
import sys
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
django.setup()

import psutil  # noqa: E402 - Django comes first, as below

from kit import clock, tenancy  # noqa: E402
from kit.embedded.process import LOOPBACK  # noqa: E402
from kit.live.hub import STREAMS_OF_OWNER, STREAMS_OF_SESSION  # noqa: E402
from kit.live.publish import broadcast  # noqa: E402
from kit.users import tokens  # noqa: E402
from kit.users.models import Token, User  # noqa: E402
from markets.services import NewQuote, record_quotes  # noqa: E402
from moniqo.benches.crowd import PRICE, gather  # noqa: E402

AGENTS: Final = 8  # of each owner, each watched by several
SECONDS: Final = 15
OK: Final = b"HTTP/1.1 200 "
OPENING_AT_ONCE: Final = 16
BODY: Final = b'{"threadId":"bench","runId":"run","messages":[]}'


class Watcher:
    """One stream of an owner: when each price arrived."""

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.arrived: dict[bytes, float] = {}
        self.has_begun = asyncio.Event()
        self.bytes = 0

    async def run(self, port: int, path: str, text: str) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {text}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
        writer.write(head.encode() + BODY)
        seen = b""
        while part := await reader.read(1 << 16):
            now = time.monotonic()
            self.bytes += len(part)
            seen = seen[-2000:] + part
            if not self.has_begun.is_set() and not seen.startswith(OK[: len(seen)]):
                raise RuntimeError(f"No stream: {seen[:500].decode(errors='replace')}")
            if b"ACTIVITY_SNAPSHOT" in seen:
                self.has_begun.set()
            for price in list(said[self.owner])[-3:]:
                if price not in self.arrived and b'/mark","value":"%b"' % price in seen:
                    self.arrived[price] = now


# Of each owner, when which price of its market was said.
said: dict[int, dict[bytes, float]] = {}


async def _watch(streams: list[tuple[str, str]], port: int, pid: int, markets: list[int]) -> dict[str, float]:
    web = psutil.Process(pid)
    said.update({owner: {} for owner in range(len(markets))})
    watchers = [Watcher(number // STREAMS_OF_OWNER) for number in range(len(streams))]
    tasks: list[asyncio.Task[None]] = []
    door = asyncio.Semaphore(OPENING_AT_ONCE)

    async def begin(watcher: Watcher, path: str, text: str) -> None:
        async with door:
            tasks.append(running := asyncio.create_task(watcher.run(port, path, text)))
            began = asyncio.create_task(watcher.has_begun.wait())
            await asyncio.wait({running, began}, timeout=120, return_when=asyncio.FIRST_COMPLETED)
            if not began.done():
                began.cancel()
                raise RuntimeError("A stream did not begin.") from (running.done() and running.exception()) or None

    await begin(Watcher(0), *streams[0])  # what the first one loads is not the streams'
    tasks.pop().cancel()
    await asyncio.sleep(1)
    before, began = _megabytes(web), time.monotonic()
    await asyncio.gather(*(begin(watcher, *stream) for watcher, stream in zip(watchers, streams, strict=True)))
    opened = time.monotonic() - began
    await asyncio.sleep(2)
    after = _megabytes(web)
    turns = [[owner] for owner in range(len(markets))]
    in_turn = await _tell(turns, markets, watchers, web, PRICE)
    at_once = await _tell([list(range(len(markets)))], markets, watchers, web, PRICE + SECONDS)
    for task in tasks:
        task.cancel()
    return {
        "streams": len(streams),
        "seconds_to_open_all": opened,
        "kilobytes_a_stream": (after - before) * 1024 / len(streams),
        **in_turn,
        **{f"prices of all at once: {name}": figure for name, figure in at_once.items()},
    }


async def _tell(
    turns: list[list[int]], markets: list[int], watchers: list[Watcher], web: psutil.Process, price: Decimal
) -> dict[str, float]:
    """A new price of each owner's market each second, the owners of a turn together; when their streams had it."""
    for watcher in watchers:
        watcher.arrived.clear()
    cpu, start = _cpu(web), time.monotonic()
    for number in range(SECONDS):
        for place, owners in enumerate(turns):
            await asyncio.sleep(max(start + number + place / len(turns) - time.monotonic(), 0))
            await asyncio.to_thread(_say, {owner: markets[owner] for owner in owners}, price + number + 1)
    await asyncio.sleep(2)
    used = (_cpu(web) - cpu) / (time.monotonic() - start)
    told = {f"{price + number + 1:f}".encode() for number in range(SECONDS)}
    delays = sorted(
        at - said[one.owner][price] for one in watchers for price, at in one.arrived.items() if price in told
    )
    return {
        "deltas_missed_share": 1 - len(delays) / (len(watchers) * SECONDS),
        "delay_p50_ms": _quantile(delays, 0.5) * 1000,
        "delay_p95_ms": _quantile(delays, 0.95) * 1000,
        "cores": used,
    }


def _say(markets: dict[int, int], price: Decimal) -> None:
    """A new price of the owners' markets."""
    now = clock.now()
    record_quotes([NewQuote(market, price, price, price, "simulated", now) for market in markets.values()])
    for owner in markets:
        said[owner][f"{price:f}".encode()] = time.monotonic()
    with tenancy.system():
        broadcast(event="prices", data={"instruments": list(markets.values())})


def _quantile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] if values else math.nan


def _processes(web: psutil.Process) -> list[psutil.Process]:
    return [web, *web.children(recursive=True)]


def _megabytes(web: psutil.Process) -> float:
    return float(sum(process.memory_full_info().pss for process in _processes(web))) / 2**20


def _cpu(web: psutil.Process) -> float:
    return float(sum(sum(process.cpu_times()[:2]) for process in _processes(web)))


def _prepare(count: int) -> tuple[list[tuple[str, str]], list[int]]:
    """Paths and tokens of the streams, and each owner's market."""
    found: list[tuple[str, str]] = []
    markets = []
    for number in range(math.ceil(count / STREAMS_OF_OWNER)):
        with tenancy.system():
            user = User.objects.create_user(f"owner{number}@example.com", "a password of the bench")
        with tenancy.tenant(user.pk):
            crowd = gather(user.pk, farms=1, agents=AGENTS, symbol=f"C{number:02}/USDT")
        markets.append(crowd.instrument.pk)
        for place in range(STREAMS_OF_OWNER):
            if place % STREAMS_OF_SESSION == 0:
                text = tokens.access_text(_token(user))
            found.append((f"/agui/agents/{crowd.agents[place % AGENTS].pk}", text))
    return found[:count], markets


def _token(user: User) -> Token:
    lifetime = timedelta(hours=1)
    return tokens.open_token(user, kind=Token.Kind.PERSONAL, name="Bench", scopes=["read"], lifetime=lifetime)


def main() -> None:
    count, port, pid = map(int, sys.argv[1:])
    streams, markets = _prepare(count)
    found: dict[str, Any] = asyncio.run(_watch(streams, port, pid, markets))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
