"""Every page writes numbers and days as its reader has chosen, and reads from forms what it writes."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from kit import clock, display, formatting
from kit.display import DATES, NUMBERS, Display
from kit.forms import AmountField
from kit.users.models import User
from tests.world import World

# Each number format and each date format that nobody begins with.
READERS = [
    ("1.234,56", "23.10.2026"),
    ("1 234,56", "2026-10-23"),
    ("1 234.56", "10/23/2026"),
    ("1.234,56", "23/10/2026"),
]
# What stands there is no page of figures: files for programs, other people's pages, and the choice of formats itself.
NO_PAGES = re.compile(r"/(admin|api|static|preferences|export)|\.csv|logout|/live")
FIGURE = re.compile(r"(?<![\w.,:/-])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?:(?![\w.]*\w)|(?=[kMB]\b))")
RELATIVE = re.compile(r"data-(age|countdown|stamp)")
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DAY = re.compile(rf"\b(\d{{1,2}} (?:{MONTHS}) \d{{4}})\b")
SHORT_DAY = re.compile(rf"\b(\d{{1,2}} (?:{MONTHS}))\b(?! \d{{4}})")


@pytest.fixture
def world(lived_db: World, monkeypatch: pytest.MonkeyPatch) -> World:
    moment = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: moment)
    return lived_db


@pytest.fixture
def browser(world: World, client: Client) -> Client:
    """Signed in once: signing in is written down on a page too."""
    client.force_login(world.owner)
    return client


def choose(world: World, numbers: str, dates: str) -> None:
    User.objects.filter(pk=world.owner.pk).update(number_format=numbers, date_format=dates)


def pages(client: Client) -> list[str]:
    """The address of every page that is linked from another, each kind of query once."""
    found, left = {"/"}, ["/"]
    while left:
        answer = client.get(left.pop())
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            for address in re.findall(r'href="(/[^"#?]*)', answer.content.decode()):
                if address not in found and not NO_PAGES.search(address):
                    found.add(address)
                    left.append(address)
    return sorted(found)


def text(html: str) -> str:
    """What is read, hovered titles included."""
    html = re.sub(r"<(script|pre).*?</\1>", " ", html, flags=re.DOTALL)  # `pre` is what a venue said, as it said it
    titles = " | ".join(re.findall(r'(?:title|aria-label)="([^"]*)"', html))
    return re.sub(r"[ \n\t]+", " ", strip_tags(re.sub(r"<", " <", html)) + " | " + titles)


def rewritten(usual: str, numbers: str, dates: str) -> str:
    """The text of the usual page, as a reader of other formats ought to see it."""
    group, mark = NUMBERS[numbers]
    day, short, _ = DATES[dates]
    usual = re.sub(r"(\d) (\.\d)", r"\1\2", usual)  # dimmed decimals stand in a tag of their own
    usual = FIGURE.sub(lambda found: found[0].translate(str.maketrans({",": group, ".": mark})), usual)
    usual = DAY.sub(lambda found: f"{datetime.strptime(found[1], '%d %b %Y'):{day}}", usual)  # noqa: DTZ007 - a day
    return SHORT_DAY.sub(lambda found: f"{datetime.strptime(found[1] + ' 2024', '%d %b %Y'):{short}}", usual)  # noqa: DTZ007


@pytest.mark.slow
@pytest.mark.parametrize("readers", [READERS[:1], READERS[1:]])
def test_no_page_shows_a_figure_or_a_day_in_another_format(
    world: World, browser: Client, readers: list[tuple[str, str]]
) -> None:
    addresses = pages(browser)
    assert len(addresses) > 15
    usual = {address: text(browser.get(address).content.decode()) for address in addresses}
    assert sum(len(FIGURE.findall(page)) for page in usual.values()) > 100
    assert sum(len(DAY.findall(page)) for page in usual.values()) > 20
    wrong: list[tuple[str, ...]] = []
    for numbers, dates in readers:
        choose(world, numbers, dates)
        mark = NUMBERS[numbers][1]
        for address in addresses:
            shown = re.sub(rf"(\d) ({re.escape(mark)}\d)", r"\1\2", text(browser.get(address).content.decode()))
            expected = rewritten(usual[address], numbers, dates)
            pairs = zip(expected.split(" "), shown.split(" "), strict=False)
            wrong += [(address, numbers, dates, ours, theirs) for ours, theirs in pairs if ours != theirs]
            assert wrong or expected == shown
    assert not wrong, "\n".join(map(str, wrong[:40]))


def drawn(page: str) -> list[Any]:
    """The figures that a page carries along."""
    return [json.loads(found) for found in re.findall(r'<script id="[\w-]+-data"[^>]*>(.*?)</script>', page)]


def test_charts_are_told_the_separators_and_the_dates(world: World, browser: Client) -> None:
    for numbers, dates in READERS:
        choose(world, numbers, dates)
        page = browser.get("/").content.decode()
        assert drawn(page)
        for figure in drawn(page):
            assert figure["layout"]["separators"] == NUMBERS[numbers][1] + NUMBERS[numbers][0]
            if "xaxis" in figure["layout"]:
                assert DATES[dates][0] in figure["layout"]["xaxis"]["hoverformat"]


@pytest.mark.parametrize("numbers", NUMBERS)
@pytest.mark.parametrize("value", ["44603.10", "1.125", "0.125", "1250", "-3.5", "1234567.000001"])
def test_a_form_reads_what_the_format_writes(numbers: str, value: str) -> None:
    field, amount = AmountField(max_digits=38, decimal_places=18), Decimal(value)
    with display.showing(Display(numbers=numbers)):
        assert field.clean(field.prepare_value(amount)) == amount
        grouped = formatting.number(amount, max(formatting.places_of(amount), 1)).replace(formatting.MINUS, "-")
        assert field.clean(grouped) == amount


def test_a_reader_of_points_means_thousands_by_them() -> None:
    field = AmountField(max_digits=38, decimal_places=18)
    with display.showing(Display(numbers="1.234,56")):
        assert field.clean("44.603,10") == Decimal("44603.10")
        assert field.clean("44.603") == Decimal(44603)
    with display.showing(Display()):
        assert field.clean("44.603") == Decimal("44.603")


def test_programs_and_files_stay_as_they_are(world: World, browser: Client) -> None:
    addresses = ("/api/v1/portfolio/summary", "/api/v1/orders", "/api/v1/agents", "/trading/orders/?format=csv")
    before = [b"".join(browser.get(address)) for address in addresses]
    choose(world, "1.234,56", "23.10.2026")
    assert [b"".join(browser.get(address)) for address in addresses] == before


@pytest.mark.slow
def test_every_chart_filter_and_list_says_whose_clock_it_goes_by(world: World, browser: Client) -> None:
    User.objects.filter(pk=world.owner.pk).update(timezone="Asia/Tokyo")
    charts, filters, lists = 0, 0, 0
    for address in pages(browser):
        page = browser.get(address).content.decode()
        said = len(re.findall(r'<p class="zone">Times in Asia/Tokyo</p>', page))
        over_time = sum(figure["layout"].get("xaxis", {}).get("type") == "date" for figure in drawn(page))
        assert said == over_time, address
        charts += said
        if 'name="since"' in page:
            assert '<p class="zone">Days of Asia/Tokyo</p>' in page, address
            filters += 1
        for card in re.split(r"<section\b|<div class=\"card", page)[1:]:
            told = [moment for moment in re.findall(r"<time ([^>]*)>", card) if not RELATIVE.search(moment)]
            if told and "<table" in card:
                assert re.search(r"JST|Asia/Tokyo", strip_tags(card)), (address, told[0])
                lists += 1
    assert (charts >= 3, filters >= 2, lists >= 10) == (True, True, True)
