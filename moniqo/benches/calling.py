"""Programs that call a tool of one web process: `python -m moniqo.benches.calling POSITIONS PORT PID` says how fast."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
django.setup()

import httpx2  # noqa: E402 - Django comes first, as below
import psutil  # noqa: E402
from django.conf import settings  # noqa: E402

from kit import tenancy  # noqa: E402
from kit.embedded.process import LOOPBACK  # noqa: E402
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
    after = _megabytes(pid)
    alone = await _several(port, browser, _page, PAGES)
    api = await _measured(port, programs, _api, SECONDS)
    cpu = _seconds_of_cpu(pid)
    tools = await _measured(port, programs, _tool, SECONDS)
    cpu = _seconds_of_cpu(pid) - cpu
    _, pages = await asyncio.gather(
        _measured(port, programs[:1], _tool, SECONDS), _several(port, browser, _page, PAGES)
    )
    _, beside_api = await asyncio.gather(
        _measured(port, programs, _api, SECONDS), _several(port, browser, _page, PAGES)
    )
    _, crowded = await asyncio.gather(_measured(port, programs, _tool, SECONDS), _several(port, browser, _page, PAGES))
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
