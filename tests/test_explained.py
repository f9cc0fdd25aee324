"""Every figure of a metrics bar and of a list of figures leads to what it comes from, on each page that is linked."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from kit import clock
from tests.test_written_their_way import pages
from tests.world import World

LISTS = re.compile(r'<dl class="(?:[^"]*\bmetrics\b|[^"]*\bfigures\b)[^"]*"[^>]*>(.*?)</dl>', re.DOTALL)
LABEL = re.compile(r"<dt>(.*?)</dt>", re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)"')
TEMPLATES: Path = settings.BASE_DIR / "templates"
# Samples in the gallery of components, which are nobody's figures.
SAMPLES = {TEMPLATES / "debug/ui.html", TEMPLATES / "components/metric.html"}
EXPLANATION = "/portfolio/explain/"
HEAD = re.compile(r'<th scope="col"[^>]*class="[^"]*\bn\b[^"]*"[^>]*>(.*?)</th>', re.DOTALL)
TABLE = re.compile(r"<table[^>]*>(?:(?!</table>).)*<tbody>(.*?)</tbody>", re.DOTALL)
ROW = re.compile(r"<tr(?P<css>[^>]*)>(?P<cells>.*?)</tr>", re.DOTALL)
# No figures of money: moments, months and what the last drill did, which its card says.
PLAIN = {"When", "Candles", "Order", "Orders", "Ready again", "Not sent in time", "Lost", "Doubled", "Slowest answer"}
# What figures are led to: their explanations, the proof of the books, and the log, whose rows are what happened.
ORIGINS = (EXPLANATION, "/wallets/proof/", "/settings/log/")
FIGURE = re.compile(r'<td class="n\b[^"]*">(?:(?!</td>).)*?>?[^<"]*\d', re.DOTALL)
REGION = re.compile(r'aria-label="([^"]+)"')
CARD = re.compile(r"<h2[^>]*>(.*?)</h2>", re.DOTALL)


def labels(html: str) -> Iterator[str]:
    for found in LISTS.findall(html):
        yield from LABEL.findall(found)


@pytest.mark.offline
def test_no_template_shows_a_figure_without_an_explanation() -> None:
    bare = {
        f"{path.relative_to(TEMPLATES)}: {label.strip()}"
        for path in TEMPLATES.rglob("*.html")
        if path not in SAMPLES
        for label in labels(path.read_text())
        if not LINK.search(label)
    }
    assert bare == set()
    assert sum(len(list(labels(path.read_text()))) for path in TEMPLATES.rglob("*.html")) > 90


def test_every_figure_of_every_page_leads_to_what_it_comes_from(
    lived_db: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = lived_db
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    client.force_login(world.owner)
    wallet = world.farm.wallet_id
    beside = [f"/portfolio/statistics/?range=All&wallet={wallet}", "/portfolio/report/?period=year"]
    seen: dict[str, str] = {}
    figures, tables, wrong = 0, 0, []
    for page in [*pages(client), *beside]:
        answer = client.get(page)
        html = answer.content.decode() if "html" in answer["Content-Type"] else ""
        if not page.startswith(ORIGINS):
            tables += len(TABLE.findall(html))
            wrong += [f"a row of {name} at {page}" for name in bare_rows(html)]
        for label in labels(html):
            figures += 1
            link = LINK.search(label)
            address, _, place = unescape(link[1]).partition("#") if link else ("", "", "")
            if address and address not in seen:
                explained = client.get(address if address.startswith("/") else f"{page.partition('?')[0]}{address}")
                seen[address] = explained.content.decode() if explained.status_code == 200 else ""
            target = seen[address] if address else html
            if not link or not target or (place and f'id="{place}"' not in target):
                wrong.append(f"{page}: {label}")
    assert wrong == []
    assert figures > 100
    assert tables > 50
    for address, html in seen.items():
        if address.startswith(EXPLANATION):
            assert re.search(r'id="h-(formula|without|lines|trough|fall|parts)', html), address
            assert re.search(r"\bas of\b|\bat (<|\d)", html), address


def bare_rows(html: str) -> Iterator[str]:
    """The names of tables with a row of figures that leads nowhere and has no words, in a card that leads nowhere."""
    for table in TABLE.finditer(html):
        before = html[: table.start()]
        cards = CARD.findall(before)
        if cards and "<a " in cards[-1]:
            continue
        rows = list(ROW.finditer(table[1]))
        for row, after in zip(rows, [*rows[1:], None], strict=True):
            is_told = after is not None and 'class="why"' in after["css"]
            if FIGURE.search(row["cells"]) and "<a " not in row["cells"] and not is_told:
                yield REGION.findall(before)[-1]
                break


@pytest.mark.offline
def test_no_template_shows_a_column_of_figures_without_what_it_means() -> None:
    bare = {
        f"{path.relative_to(TEMPLATES)}: {label.strip()}"
        for path in TEMPLATES.rglob("*.html")
        if path not in SAMPLES
        for label in HEAD.findall(path.read_text())
        if not re.search(r"{% term |<a |{{", label) and label not in PLAIN
    }
    assert bare == set()
