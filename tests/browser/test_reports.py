"""Reports in a real browser: drawn on the chart, compared without JavaScript, and printed."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.soundness import DESK, settle
from tests.world import World

A4_WIDTH = 794  # px of 96 to the inch


def test_days_are_chosen_on_the_chart_and_stand_in_the_address(open_page: OpenPage, world: World) -> None:
    page = open_page("/?range=All&unit=return", user=world.owner).page
    settle(page)
    page.evaluate("scrollTo(0, 0)")
    button = page.get_by_role("button", name="Choose days on the chart")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    box = page.locator("#equity-chart").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=6)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d"))
    assert "unit=return" in page.url
    first, last = re.findall(r"\d{4}-\d\d-\d\d", page.url)
    assert first <= last
    expect(page.locator(".span > summary")).to_contain_text(re.compile(r"\d{4}"))


def test_fills_stand_on_the_equity_chart(open_page: OpenPage, world: World) -> None:
    visit = open_page("/?range=All", user=world.owner)
    settle(visit.page)
    names = "(document.getElementById('equity-chart').data ?? []).map((trace) => trace.name)"
    deadline = time.monotonic() + 20
    while not {"Bought", "Sold"} & set(visit.page.evaluate(names)) and time.monotonic() < deadline:
        visit.page.wait_for_timeout(200)
    assert {"Bought", "Sold"} & set(visit.page.evaluate(names))
    assert visit.console == []


def test_two_are_compared_without_javascript(open_page: OpenPage, world: World) -> None:
    page = open_page("/portfolio/compare/", user=world.owner, script=False).page
    page.get_by_label("First", exact=True).select_option("fund")
    page.get_by_label("Second", exact=True).select_option(str(world.farm.wallet_id))
    page.get_by_role("button", name="Compare").click()
    assert f"account=fund&against={world.farm.wallet_id}" in page.url
    expect(page.get_by_role("region", name="Figures, table")).to_contain_text("Max drawdown")
    page.get_by_role("link", name="All", exact=True).click()
    assert "range=All" in page.url
    assert f"against={world.farm.wallet_id}" in page.url


def test_a_report_is_chosen_and_read_without_javascript(open_page: OpenPage, world: World) -> None:
    page = open_page("/portfolio/report/", user=world.owner, script=False).page
    page.get_by_role("link", name="Year", exact=True).click()
    page.get_by_label("Account", exact=True).select_option(str(world.farm.wallet_id))
    page.get_by_role("button", name="Show", exact=True).last.click()
    assert f"account={world.farm.wallet_id}" in page.url
    assert "period=year" in page.url
    expect(page.get_by_role("heading", level=1)).to_contain_text(world.farm.name)
    expect(page.get_by_role("heading", name="Statement")).to_be_visible()


PHONE_PAGES = ("/portfolio/report/?period=year", "/portfolio/contribution/?range=All", "/portfolio/changes/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_sentences_stay_whole_and_amounts_have_room(open_page: OpenPage, world: World, scheme: Any) -> None:
    for path in PHONE_PAGES:
        page = open_page(path, user=world.owner, scheme=scheme, width=390).page
        torn = """[...document.querySelectorAll('.card > footer')].filter((one) => one.children.length
            && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())).length"""
        assert page.evaluate(torn) == 0, path
        spilt = """[...document.querySelectorAll('.kv.figures dd')].filter(
            (one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"""
        assert page.evaluate(spilt) == [], path
        touching = """[...document.querySelectorAll('.kv.figures > div')].filter((one) => {
            const [name, amount] = [...one.children].map((part) => {
                const range = document.createRange(); range.selectNodeContents(part);
                return range.getBoundingClientRect() });
            return name.right > amount.left && name.bottom > amount.top + 1 }).map((one) => one.textContent)"""
        assert page.evaluate(touching) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_on_a_phone_the_account_of_a_report_can_be_read(open_page: OpenPage, world: World) -> None:
    page = open_page("/portfolio/report/", user=world.owner, width=390).page
    box = page.get_by_label("Account", exact=True).bounding_box()
    assert box is not None
    assert box["width"] > 150


def test_on_a_phone_every_line_of_a_change_says_its_parts(open_page: OpenPage, world: World) -> None:
    page = open_page("/portfolio/changes/", user=world.owner, width=390).page
    for unit in ("month", "week", "day"):
        rows = page.locator(f"section[aria-labelledby=h-{unit}] tbody tr")
        for place in range(min(rows.count(), 3)):
            for part in ("Prices", "Realized"):
                expect(rows.nth(place).locator(".part", has_text=part)).to_be_visible()
    link = page.locator("section[aria-labelledby=h-week] tbody th a").last
    link.click()
    page.wait_for_url(re.compile(r"from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d"))
    expect(page.get_by_role("heading", name="By day")).to_be_visible()
    assert page.locator("section[aria-labelledby=h-day] tbody tr").count() <= 7
    page.set_viewport_size({"width": DESK, "height": 900})
    assert not page.locator(".under").first.is_visible(), "a desk has the columns"


def test_every_bar_has_its_name_on_a_phone(open_page: OpenPage, world: World) -> None:
    page = open_page("/portfolio/contribution/?range=All&by=agent", user=world.owner, width=390).page
    expect(page.locator("#contribution-chart .main-svg").first).to_be_attached(timeout=20_000)
    page.wait_for_timeout(500)
    found = page.evaluate("""(() => { const chart = document.getElementById('contribution-chart');
        const box = chart.getBoundingClientRect();
        const names = [...chart.querySelectorAll('.xtick text')];
        return { asked: chart.layout.xaxis.ticktext.length, shown: names.filter((one) => {
            const at = one.getBoundingClientRect();
            const look = getComputedStyle(one);
            return look.display !== 'none' && look.visibility !== 'hidden' && at.left >= box.left - 1;
        }).length } })()""")
    assert found["shown"] == found["asked"] > 1


def test_an_amount_and_its_unit_stay_in_one_line_of_a_table(open_page: OpenPage, world: World) -> None:
    for path in PHONE_PAGES:
        page = open_page(path, user=world.owner, width=DESK).page
        page.evaluate("""for (const cell of document.querySelectorAll('td.n:has(span)')) cell.innerHTML =
                '<span class="pnl up"><span>−1.684&nbsp;<wbr><span class="unit">ETH</span></span></span>'""")
        lines = """[...document.querySelectorAll('td.n .pnl > span')].filter((one) => one.offsetParent
            && one.getClientRects().length > 1).length"""
        assert page.evaluate(lines) == 0, path


def test_charts_of_the_dark_theme_are_light_on_paper(open_page: OpenPage, world: World) -> None:
    page = open_page("/portfolio/report/?period=year", user=world.owner, scheme="dark", width=DESK).page
    expect(page.locator("#report-chart .main-svg").first).to_be_attached(timeout=20_000)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    page.wait_for_timeout(300)
    ink = page.evaluate("getComputedStyle(document.querySelector('#report-chart .ytick text')).fill")
    assert max(int(part) for part in re.findall(r"\d+", ink)[:3]) < 140


def test_on_paper_stand_the_figures_and_charts_and_no_navigation(open_page: OpenPage, world: World) -> None:
    page = open_page("/portfolio/report/?period=year", user=world.owner, scheme="dark", width=DESK).page
    for chart in ("report-chart", "report-parts"):
        expect(page.locator(f"#{chart} .main-svg").first).to_be_attached(timeout=20_000)
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": A4_WIDTH, "height": 1123})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for hidden in (".side", ".top", ".actions", ".tabs"):
        assert not any(page.locator(hidden).nth(place).is_visible() for place in range(page.locator(hidden).count()))
    for shown in ("Statement", "Risk and trades", "Who made the profit"):
        expect(page.get_by_role("heading", name=shown)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ink = page.evaluate("getComputedStyle(document.querySelector('#report-chart .ytick text')).fill")
    red, green, blue = (int(part) for part in re.findall(r"\d+", ink)[:3])
    assert max(red, green, blue) < 140, "labels are dark on white paper"
    widths = page.evaluate("""[...document.querySelectorAll('.report .chart')].map(
        (chart) => [chart.clientWidth, chart.querySelector('.main-svg').clientWidth])""")
    assert all(drawn <= room + 1 for room, drawn in widths), widths
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.style.colorScheme") == ""
    file = page.pdf(prefer_css_page_size=True)
    assert file.startswith(b"%PDF")
    found = re.findall(rb"/MediaBox \[([\d. ]+)\]", file)
    boxes = {tuple(round(float(side)) for side in box.split()) for box in found}
    assert boxes == {(0, 0, 595, 842)}, "A4"
