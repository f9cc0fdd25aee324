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
OPENING_AT_ONCE: Final = 16
BODY: Final = b'{"threadId":"bench","runId":"run","messages":[]}'


class Watcher:
    """One stream: when each price arrived."""

    def __init__(self) -> None:
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
            if b"ACTIVITY_SNAPSHOT" in seen:
                self.has_begun.set()
            for price in _prices():
                if price not in self.arrived and b'/mark","value":"%b"' % price in seen:
                    self.arrived[price] = now


said: dict[bytes, float] = {}


def _prices() -> list[bytes]:
    return list(said)[-3:]


async def _watch(streams: list[tuple[str, str]], port: int, pid: int, instrument: int) -> dict[str, float]:
    web = psutil.Process(pid)
    watchers = [Watcher() for _ in streams]
    tasks: list[asyncio.Task[None]] = []
    door = asyncio.Semaphore(OPENING_AT_ONCE)

    async def begin(watcher: Watcher, path: str, text: str) -> None:
        async with door:
            tasks.append(asyncio.create_task(watcher.run(port, path, text)))
            await asyncio.wait_for(watcher.has_begun.wait(), 120)

    await begin(Watcher(), *streams[0])  # what the first one loads is not the streams'
    tasks.pop().cancel()
    await asyncio.sleep(1)
    before, began = _megabytes(web), time.monotonic()
    await asyncio.gather(*(begin(watcher, *stream) for watcher, stream in zip(watchers, streams, strict=True)))
    opened = time.monotonic() - began
    await asyncio.sleep(2)
    after, cpu, start = _megabytes(web), _cpu(web), time.monotonic()
    for number in range(SECONDS):
        price = PRICE + number + 1
        await asyncio.to_thread(_say, instrument, price)
        await asyncio.sleep(max(start + number + 1 - time.monotonic(), 0))
    await asyncio.sleep(2)
    used = (_cpu(web) - cpu) / (time.monotonic() - start)
    delays = sorted(at - said[price] for watcher in watchers for price, at in watcher.arrived.items())
    for task in tasks:
        task.cancel()
    return {
        "streams": len(streams),
        "seconds_to_open_all": opened,
        "kilobytes_a_stream": (after - before) * 1024 / len(streams),
        "deltas_missed_share": 1 - len(delays) / (len(streams) * SECONDS),
        "delay_p50_ms": _quantile(delays, 0.5) * 1000,
        "delay_p95_ms": _quantile(delays, 0.95) * 1000,
        "cores": used,
    }


def _say(instrument: int, price: Decimal) -> None:
    record_quotes([NewQuote(instrument, price, price, price, "simulated", clock.now())])
    said[f"{price:f}".encode()] = time.monotonic()
    with tenancy.system():
        broadcast(event="prices", data={"instruments": [instrument]})


def _quantile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] if values else math.nan


def _processes(web: psutil.Process) -> list[psutil.Process]:
    return [web, *web.children(recursive=True)]


def _megabytes(web: psutil.Process) -> float:
    return float(sum(process.memory_full_info().pss for process in _processes(web))) / 2**20


def _cpu(web: psutil.Process) -> float:
    return float(sum(sum(process.cpu_times()[:2]) for process in _processes(web)))


def _prepare(count: int) -> tuple[list[tuple[str, str]], int]:
    """Paths and tokens of the streams, and the market that is priced."""
    found: list[tuple[str, str]] = []
    instrument = 0
    for number in range(math.ceil(count / STREAMS_OF_OWNER)):
        with tenancy.system():
            user = User.objects.create_user(f"owner{number}@example.com", "a password of the bench")
        with tenancy.tenant(user.pk):
            crowd = gather(user.pk, farms=1, agents=AGENTS)
        instrument = crowd.instrument.pk
        for place in range(STREAMS_OF_OWNER):
            if place % STREAMS_OF_SESSION == 0:
                text = tokens.access_text(_token(user))
            found.append((f"/agui/agents/{crowd.agents[place % AGENTS].pk}", text))
    return found[:count], instrument


def _token(user: User) -> Token:
    lifetime = timedelta(hours=1)
    return tokens.open_token(user, kind=Token.Kind.PERSONAL, name="Bench", scopes=["read"], lifetime=lifetime)


def main() -> None:
    count, port, pid = map(int, sys.argv[1:])
    streams, instrument = _prepare(count)
    found: dict[str, Any] = asyncio.run(_watch(streams, port, pid, instrument))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
