"""One person with thousands of streams takes them from nobody else."""

import asyncio
import re
import time
from collections import Counter

import pytest
from django.test import Client

from kit.embedded.process import LOOPBACK
from tests.conftest import make_user
from tests.drills.site import Site, table

pytestmark = pytest.mark.slow
STREAMS = 8192
AT_ONCE = 400


def signed_in(email: str) -> str:
    client = Client()
    client.force_login(make_user(email))
    return f"sessionid={client.cookies['sessionid'].value}"


def test_8192_streams_of_one_session(site: Site) -> None:
    greedy, other = signed_in("greedy@example.com"), signed_in("working@example.com")
    page = site.get("/wallets/", Cookie=greedy).body.decode()
    found = re.search(r'data-live="([^"]+)"', page)
    assert found is not None
    address, statuses, lines = found[1], Counter[int](), []
    pages: list[float] = []

    async def open_one(turns: asyncio.Semaphore) -> None:
        async with turns:
            reader, writer = await asyncio.open_connection(LOOPBACK, site.port)
            writer.write(f"GET {address} HTTP/1.1\r\nHost: localhost\r\nCookie: {greedy}\r\n\r\n".encode())
            try:
                first = await asyncio.wait_for(reader.readline(), 30)
            except (TimeoutError, OSError):
                first = b""
            status = int(first.split(b" ", 2)[1]) if first else 0
            statuses[status] += 1
            if status == 200:
                lines.append(writer)
            else:
                writer.close()

    async def work(over: asyncio.Event) -> None:
        while not over.is_set():
            answer = await asyncio.to_thread(site.get, "/wallets/", timeout=60, Cookie=other)
            pages.append(answer.seconds if answer.status == 200 else 60.0)
            await asyncio.sleep(0.2)

    async def story() -> None:
        over, turns = asyncio.Event(), asyncio.Semaphore(AT_ONCE)
        others = asyncio.create_task(work(over))
        await asyncio.gather(*(open_one(turns) for _ in range(STREAMS)))
        await asyncio.sleep(3)
        over.set()
        await others
        for line in lines:
            line.close()

    started = time.monotonic()
    with site.watched() as cost:
        asyncio.run(story())
    table(
        f"{STREAMS} streams of one session, in {time.monotonic() - started:.0f} s",
        {
            "answered": ("", dict(statuses)),
            "streams that stayed open": ("", len(lines)),
            "megabytes at most": ("", f"{cost.megabytes:.0f}"),
            "slowest page of somebody else, seconds": ("", f"{max(pages):.2f}"),
            "slowest /healthz, seconds": ("", f"{cost.health_seconds:.2f}"),
        },
    )
    assert statuses == {200: 8, 429: STREAMS - 8}
    assert max(pages) < 2
    assert cost.health_seconds < 2
    assert cost.megabytes < 300
