"""Programs that call a tool of one web process: `python -m moniqo.benches.calling POSITIONS PORT PID` says how fast.

Programs have a process to themselves, so that a page waits for none of what they do with their answers. They share the
processors with the web process all the same, as they would on one machine: how long a page takes beside programs that
are as busy and ask a process that does nothing says how much of it that is.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib import import_module
from multiprocessing import get_context
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
django.setup()

import httpx2  # noqa: E402 - Django comes first, as below
import psutil  # noqa: E402
from django.conf import settings  # noqa: E402

from kit import tenancy  # noqa: E402
from kit.embedded.process import LOOPBACK, free_port  # noqa: E402
from kit.users import tokens  # noqa: E402
from kit.users.models import Token, User  # noqa: E402
from moniqo.benches.crowd import gather  # noqa: E402

CLIENTS: Final = 8
SECONDS: Final = 10.0
PAGES: Final = 40
CALL: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "list_positions", "arguments": {}},
}
ACCEPTS: Final = {"Accept": "application/json, text/event-stream"}
Ask = Callable[[httpx2.AsyncClient], Awaitable[Any]]


async def _tool(client: httpx2.AsyncClient) -> None:
    told = (await client.post("/mcp", json=CALL, headers=ACCEPTS)).json()
    assert told["result"]["structuredContent"]["items"], told  # noqa: S101 - a figure of refusals would be none


async def _api(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/v1/positions")).json()  # noqa: S101 - the same


async def _page(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/trading/positions/")
    assert answer.status_code == 200, answer.status_code  # noqa: S101 - the same


async def _measured(port: int, given: list[dict[str, str]], ask: Ask, seconds: float) -> list[float]:
    """How long each took, of clients that ask one after the other for so long."""
    until = time.monotonic() + seconds
    took: list[float] = []

    async def one(headers: dict[str, str]) -> None:
        async with _client(port, headers) as client:
            while (began := time.monotonic()) < until:
                await ask(client)
                took.append(time.monotonic() - began)

    await asyncio.gather(*map(one, given))
    return took


async def _several(port: int, headers: dict[str, str], ask: Ask, times: int) -> list[float]:
    async with _client(port, headers) as client:
        took = []
        for _ in range(times):
            began = time.monotonic()
            await ask(client)
            took.append(time.monotonic() - began)
            await asyncio.sleep(SECONDS / times / 2)
        return took


def _programs(port: int, given: list[dict[str, str]], ask: Ask) -> list[float]:
    """The programs, in their own process."""
    return asyncio.run(_measured(port, given, ask, SECONDS))


def _does_nothing(port: int, answer: bytes, seconds: float) -> None:
    """A process that answers each request with the same, after so long."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n".encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # who asked has left
            while asked := await reader.readuntil(b"\r\n\r\n"):
                length = int(asked.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                await asyncio.sleep(seconds)
                writer.write(head + answer)
        writer.close()

    async def whole() -> None:
        server = await asyncio.start_server(serve, LOOPBACK, port)
        await server.serve_forever()

    asyncio.run(whole())


@contextmanager
def _idler(answer: bytes, seconds: float) -> Iterator[int]:
    """The port of such a process."""
    process = get_context("spawn").Process(target=_does_nothing, args=(port := free_port(), answer, seconds))
    process.start()
    try:
        yield port
    finally:
        process.terminate()
        process.join()


def _client(port: int, headers: dict[str, str]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", headers=headers, timeout=30)


async def _all(port: int, pid: int, programs: list[dict[str, str]], browser: dict[str, str]) -> dict[str, float]:
    await _measured(port, programs[:1], _api, 1)
    await _several(port, browser, _page, 3)
    before = _megabytes(pid)
    async with _client(port, programs[0]) as client:
        began = time.monotonic()
        await _tool(client)
        first = time.monotonic() - began
        answer = (await client.post("/mcp", json=CALL, headers=ACCEPTS)).content
    after = _megabytes(pid)
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:

        async def beside(port_of_programs: int, given: list[dict[str, str]], ask: Ask) -> list[float]:
            _, took = await asyncio.gather(
                loop.run_in_executor(apart, _programs, port_of_programs, given, ask),
                _several(port, browser, _page, PAGES),
            )
            return took

        await loop.run_in_executor(apart, int)  # which imports
        alone = await _several(port, browser, _page, PAGES)
        api = await loop.run_in_executor(apart, _programs, port, programs, _api)
        cpu = _seconds_of_cpu(pid)
        tools = await loop.run_in_executor(apart, _programs, port, programs, _tool)
        cpu = _seconds_of_cpu(pid) - cpu
        pages = await beside(port, programs[:1], _tool)
        beside_api = await beside(port, programs, _api)
        crowded = await beside(port, programs, _tool)
        with _idler(answer, sum(tools) / len(tools)) as nowhere:
            await asyncio.sleep(5)  # it imports what this module does
            idling = await beside(nowhere, programs, _tool)
        again = await _several(port, browser, _page, PAGES)
    return {
        "clients": CLIENTS,
        "calls_a_second": len(tools) / SECONDS,
        "cpu_of_the_process_a_call_ms": cpu / len(tools) * 1000,
        "call_p50_ms": _quantile(tools, 0.5) * 1000,
        "call_p95_ms": _quantile(tools, 0.95) * 1000,
        "reference: the same by the API, a second": len(api) / SECONDS,
        "reference: the same by the API, p95 ms": _quantile(api, 0.95) * 1000,
        "first_call_ms": first * 1000,
        "megabytes_before_the_first_call": before,
        "megabytes_after_it": after,
        "page alone, p95 ms": _quantile(alone, 0.95) * 1000,
        "page alone again at the end, p95 ms": _quantile(again, 0.95) * 1000,
        "page while one client calls, p95 ms": _quantile(pages, 0.95) * 1000,
        "page while all clients call, p95 ms": _quantile(crowded, 0.95) * 1000,
        "reference: page while they ask a process that does nothing, p95 ms": _quantile(idling, 0.95) * 1000,
        "reference: page while they ask the API, p95 ms": _quantile(beside_api, 0.95) * 1000,
    }


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def _megabytes(pid: int) -> float:
    web = psutil.Process(pid)
    return float(sum(one.memory_full_info().pss for one in (web, *web.children(recursive=True)))) / 2**20


def _seconds_of_cpu(pid: int) -> float:
    web = psutil.Process(pid)
    return float(sum(sum(one.cpu_times()[:2]) for one in (web, *web.children(recursive=True))))


def _bearer(user: User) -> dict[str, str]:
    token = tokens.open_token(
        user, kind=Token.Kind.PERSONAL, name="Bench", scopes=["read"], lifetime=timedelta(hours=1)
    )
    return {"Authorization": f"Bearer {tokens.access_text(token)}"}


def _browser(user: User) -> dict[str, str]:
    """The cookie of a session that the owner has signed in with."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    with tenancy.tenant(user.pk):
        session["_auth_user_id"] = str(user.pk)
        session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[-1]
        session["_auth_user_hash"] = user.get_session_auth_hash()
        session.save()
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}


def main() -> None:
    positions, port, pid = map(int, sys.argv[1:])
    with tenancy.system():
        user = User.objects.create_user("owner@example.com", "a password of the bench")
    with tenancy.tenant(user.pk):
        gather(user.pk, farms=5, agents=positions)
    programs = [_bearer(user) for _ in range(CLIENTS)]
    figures = asyncio.run(_all(port, pid, programs, _browser(user)))
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
