"""Nobody fills the disk or the memory with what they send, and nobody keeps the site waiting for it."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.test import Client

from kit.embedded.process import LOOPBACK
from tests.conftest import make_user
from tests.drills.site import Site, at_once, running, table

pytestmark = pytest.mark.slow
MEGABYTE = 2**20
LARGE = 64 * MEGABYTE
FORM = "application/x-www-form-urlencoded"
# Seconds without the limit of parameters; what came before the other limits was not measured.
BEFORE_MANY = {"usual": "0.29", "debug": "51"}


def chunked(site: Site, path: str, kind: str, size: int) -> tuple[int, int]:
    """Send so many bytes without saying how many they are; the status, and how many were taken."""
    sent, piece = 0, b"x" * 65_536
    with socket.create_connection((LOOPBACK, site.port), timeout=60) as line:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        line.sendall(head.encode())
        with suppress(OSError):  # it is cut where too much has come: what was answered says why
            while sent < size:
                line.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                sent += len(piece)
            line.sendall(b"0\r\n\r\n")
        return status_of(line), sent


def status_of(line: socket.socket) -> int:
    try:
        first = line.recv(64)
    except OSError:
        return 0
    return int(first.split(b" ", 2)[1]) if first.startswith(b"HTTP/") else 0


@pytest.mark.parametrize(
    ("kind", "path", "most"), [(FORM, "/login/", 2.5), ("application/json", "/api/v1/auth/token", 0.25)]
)
def test_bodies_of_any_size(site: Site, tmp_path: Path, kind: str, path: str, most: float) -> None:
    name = "json" if "json" in kind else "form"
    quiet = site.megabytes()
    with site.watched() as cost:
        found = [chunked(site, path, kind, LARGE) for _ in range(3)]
        declared = site.ask("POST", path, b"x" * int((most + 0.1) * MEGABYTE), Content_Type=kind)
    allowed = site.ask("POST", path, b"x" * int((most - 0.1) * MEGABYTE), Content_Type=kind)
    statuses, taken = {status for status, _ in found}, max(sent for _, sent in found) / MEGABYTE
    table(
        f"Three bodies of 64 MB, {name}",
        {
            "answered": ("", statuses),
            "megabytes taken of each": ("", f"{taken:.0f}"),
            "a little too large, declared": ("", declared.status),
        },
    )
    assert statuses <= {413, 0}
    assert declared.status == 413
    assert allowed.status not in {0, 413, 500}
    assert taken < most + 12  # what the system holds between two ends of a line
    assert cost.megabytes < quiet + 60
    assert cost.health_seconds <= 1


def test_two_hundred_who_send_slowly(site: Site) -> None:
    lines = [socket.create_connection((LOOPBACK, site.port), timeout=60) for _ in range(200)]
    started = time.monotonic()
    with site.watched() as cost:
        for line in lines:
            head = f"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 1000\r\n\r\n"
            line.sendall(f"{head}a".encode())
        pages = at_once(8, lambda number: site.get("/login/"))
        waiting, ended = list(lines), Counter[int]()
        while waiting and time.monotonic() - started < 40:
            for line in list(waiting):
                line.settimeout(0.001)
                try:
                    first = line.recv(64)
                except TimeoutError:
                    continue
                ended[int(first.split(b" ", 2)[1]) if first else 0] += 1
                waiting.remove(line)
                line.close()
        seconds = time.monotonic() - started
    for line in waiting:
        line.close()
    table(
        f"200 who send one byte and no more: {dict(ended)}",
        {
            "still held after 40 s": ("", len(waiting)),
            "seconds until the last was cut": ("", f"{seconds:.0f}"),
        },
    )
    assert not waiting
    assert ended[408] == 200
    assert {page.status for page in pages} == {200}
    assert cost.health_seconds <= 1


@pytest.fixture(params=["0", "1"], ids=["usual", "debug"])
def any_mode(request: pytest.FixtureRequest, live_db: str, tmp_path: Path) -> Iterator[tuple[Site, str, str]]:
    """A site with and without MONIQO_DEBUG, with somebody's cookie."""
    client = Client()
    client.force_login(make_user("drill@example.com"))
    mode = "debug" if request.param == "1" else "usual"
    with running(live_db, tmp_path, MONIQO_DEBUG=request.param, MONIQO_PAGE_LIMIT="0") as site:
        yield site, f"sessionid={client.cookies['sessionid'].value}", mode


PAGES = (
    "/", "/login/", "/wallets/", "/farms/", "/trading/orders/", "/trading/trades/", "/trading/positions/", "/alerts/",
    "/settings/log/", "/settings/tokens/", "/nowhere/", "/portfolio/exposure/", "/api/v1/orders", "/admin/",
)  # fmt: skip
PAGE_SECONDS = 2.0


def test_a_thousand_parameters(any_mode: tuple[Site, str, str]) -> None:
    site, cookie, mode = any_mode
    slowest = ("", 0.0)
    statuses = Counter[int]()
    broken = []
    for count in (1000, 1001):
        fields = {f"parameter{number}": f"value{number}<&'" for number in range(count)}
        query = urlencode(fields)
        for path in PAGES:
            for answer in (
                site.get(f"{path}?{query}", timeout=90, Cookie=cookie),
                site.post_form(path, fields, Cookie=cookie),
            ):
                statuses[answer.status] += 1
                broken += [f"{path} ({count})"] if answer.status in (0, 500) else []
                slowest = max(slowest, (f"{path} ({count}, {answer.status})", answer.seconds), key=lambda one: one[1])
    table(
        f"1,000 and 1,001 parameters, {mode}: {dict(statuses)}",
        {"slowest answer, seconds": (BEFORE_MANY[mode], f"{slowest[1]:.2f}"), "of": ("", slowest[0])},
    )
    assert slowest[1] < PAGE_SECONDS
    assert broken == []
