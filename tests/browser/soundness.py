"""What every page must satisfy, whatever it shows.

`watch` listens while a page loads; `assert_page_is_sound` judges: no accessibility violation that axe-core knows,
nothing wider than the screen, no cell of a table outside the box it is seen through, a silent console, no refused
resource, nothing asked of another host, and few bytes in few requests.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import ConsoleMessage, Page, Request, Response

AXE = settings.BASE_DIR / "node_modules" / "axe-core" / "axe.min.js"
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
PAGE_BYTES = 120 * 1024
PAGE_REQUESTS = 10
CHART_PAGE_BYTES = 450 * 1024
STREAM_PATH = "/live"
DESK, LAPTOP, TABLET, PHONE, SMALLEST = 1440, 1024, 768, 390, 320
CELLS = (Path(__file__).parent / "cells.js").read_text()
LOUD = {"error", "warning"}
CHARTS_FIT = """[...document.querySelectorAll("[data-chart] .main-svg")]
  .every(drawing => drawing.clientWidth <= drawing.closest("[data-chart]").clientWidth + 1)"""


@dataclass
class Visit:
    """A page and all that happened while it loaded."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def transferred(self) -> int:
        """Bytes on the wire: headers and bodies as they came, compressed. An open stream has no size yet."""
        answered = [request for request in self.requests if request.response() is not None]
        sizes = [request.sizes() for request in answered if urlsplit(request.url).path != STREAM_PATH]
        return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)

    def hosts(self) -> set[str]:
        return {urlsplit(request.url).netloc for request in self.requests if request.url.startswith("http")}


def watch(page: Page) -> Visit:
    """Listen to everything the page does from now on."""
    visit = Visit(page)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in LOUD:
            visit.console.append(f"{message.type}: {message.text}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            visit.failures.append(f"{response.status} {response.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: visit.console.append(f"exception: {error}"))
    page.on("request", lambda request: visit.requests.append(request))
    page.on("requestfailed", lambda request: visit.failures.append(f"{request.failure} {request.url}"))
    page.on("response", on_response)
    return visit


def settle(page: Page, charts: bool = True) -> None:
    """Wait until typefaces are there and every chart near the screen is drawn."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    if charts and page.locator("[data-chart]").count():
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        for chart in page.locator("[data-chart]").all():
            chart.scroll_into_view_if_needed()
            chart.locator(".main-svg").first.wait_for()
        page.evaluate("scrollTo(0, 0)")


def violations(page: Page) -> list[str]:
    """What axe-core finds: the rule, and the first elements that break it."""
    page.wait_for_load_state("load")  # without its styles every page breaks rules
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found: dict[str, Any] = json.loads(
        page.evaluate(
            "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})"
            ".then(result => JSON.stringify({violations: result.violations}))",
            list(AXE_TAGS),
        )
    )
    return [f"{item['id']}: {_where(item['nodes'])}" for item in found["violations"]]


def _where(nodes: Iterable[dict[str, Any]]) -> str:
    shown = [f"{node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})" for node in nodes]
    return " | ".join(shown[:4])


def overflow(page: Page) -> list[str]:
    """The elements that stick out of the screen to the right, when the page can be scrolled sideways."""
    stick_out: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.querySelectorAll("body *")]
            .filter(e => e.getBoundingClientRect().right > width + 1 && !e.closest(".scroll"))
            .slice(0, 5).map(e => e.outerHTML.slice(0, 160));
        }"""
    )
    return stick_out


def cells_out(page: Page) -> list[str]:
    """What of the page's tables a reader cannot see whole, measured against every box that clips it."""
    found: list[str] = page.evaluate(CELLS)
    return found


def assert_page_is_sound(visit: Visit, *, byte_budget: int = PAGE_BYTES, request_budget: int = PAGE_REQUESTS) -> None:
    """Fail with everything that is wrong with the page at once."""
    settle(visit.page)
    # Judged first: axe's own source and the measuring below are not the page's.
    transferred, requests, hosts = visit.transferred(), len(visit.requests), visit.hosts()
    problems = [
        *(f"axe: {violation}" for violation in violations(visit.page)),
        *(f"wider than the screen: {element}" for element in overflow(visit.page)),
        *(f"cell: {cell}" for cell in cells_out(visit.page)),
        *(f"console: {line}" for line in visit.console),
        *(f"request: {line}" for line in visit.failures),
    ]
    if len(hosts) > 1:
        problems.append(f"other hosts were asked: {sorted(hosts)}")
    if transferred > byte_budget:
        problems.append(f"{transferred:,} bytes were transferred, more than {byte_budget:,}")
    if requests > request_budget:
        problems.append(f"{requests} requests were made, more than {request_budget}: {[r.url for r in visit.requests]}")
    assert not problems, "\n".join([f"{visit.page.url} at {visit.page.viewport_size}", *problems])


def assert_page_is_sound_everywhere(
    visit: Visit, *, byte_budget: int = PAGE_BYTES, screens: Sequence[tuple[int, str]] = ((PHONE, "dark"),)
) -> None:
    """One visit at a desk in light, then the same page at every width and in the theme of the other `screens`."""
    page = visit.page
    assert_page_is_sound(visit, byte_budget=byte_budget)
    problems = []
    for width in (LAPTOP, TABLET, PHONE, SMALLEST, DESK):
        schemes = [scheme for screen, scheme in screens if screen == width]
        if width == DESK and not schemes:
            continue  # as it was opened
        _resize(page, width)
        problems += [f"at {width}: {problem}" for problem in overflow(page)]
        problems += [f"a cell at {width}: {problem}" for problem in cells_out(page) if width != SMALLEST]
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # "light" or "dark"
            problems += [f"{scheme} at {width}: {problem}" for problem in violations(page)]
    problems += [*visit.console, *visit.failures]
    assert not problems, "\n".join([page.url, *problems])


def cells_out_anywhere(visit: Visit) -> list[str]:
    """The same at a desk's, a laptop's, a tablet's and a phone's width."""
    found = []
    for width in (DESK, LAPTOP, TABLET, PHONE):
        _resize(visit.page, width)
        found += [f"at {width}: {problem}" for problem in cells_out(visit.page)]
    return found


def _resize(page: Page, width: int) -> None:
    """Another width, with the charts drawn anew for it."""
    page.set_viewport_size({"width": width, "height": 900})
    for _ in range(60):  # `wait_for_function` needs eval, which the page's security policy forbids
        if page.evaluate(CHARTS_FIT):
            return
        page.wait_for_timeout(50)
