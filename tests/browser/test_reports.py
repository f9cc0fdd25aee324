"""Reports in a real browser: drawn on the chart, compared without JavaScript, and printed."""

import re
import time

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
