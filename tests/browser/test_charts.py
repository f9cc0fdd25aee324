"""Charts over time: labels that are whole and never repeat, and a view that is zoomed, moved, kept and reset."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from kit.live.publish import publish
from kit.users.models import User
from tests.browser.conftest import OpenPage
from tests.browser.soundness import settle
from tests.browser.test_pages import address
from tests.world import World

# Labels of each axis that repeat another one, stick out of the chart, or lie on their neighbour.
WRONG_LABELS = """() => [...document.querySelectorAll("[data-chart]")].flatMap((chart) => {
  const bounds = chart.getBoundingClientRect();
  return ["xtick", "ytick", "y2tick"].flatMap((axis) => {
    const boxOf = (label) => label.getBoundingClientRect();
    const labels = [...chart.querySelectorAll(`.${axis} text`)]
      .filter((label) => label.textContent && getComputedStyle(label).opacity > 0)
      .sort((one, other) => boxOf(one).left - boxOf(other).left); // Plotly keeps those it has, and adds others behind them
    const boxes = labels.map(boxOf);
    let below = ""; // the second line, which stands until the next one
    const whole = labels.map((label) => {
      const [first, second] = label.querySelector("tspan") ? [...label.querySelectorAll("tspan")].map((line) => line.textContent) : [label.textContent];
      below = second ?? below;
      return `${first} ${below}`;
    });
    const says = (place) => `${chart.id} ${axis} ${labels[place].textContent}`;
    return labels.flatMap((label, place) => [
      ...(whole.slice(0, place).includes(whole[place]) ? [`${says(place)} repeats`] : []),
      ...(boxes[place].left < bounds.left - 1 || boxes[place].right > bounds.right + 1 || boxes[place].bottom > bounds.bottom + 1
        ? [`${says(place)} is cut`] : []),
      ...(boxes.slice(0, place).some((box) => box.left < boxes[place].right && boxes[place].left < box.right
        && box.top < boxes[place].bottom - 2 && boxes[place].top < box.bottom - 2) ? [`${says(place)} lies on another`] : []),
    ]);
  });
})"""  # noqa: E501 - JavaScript
STEPS = ("Zoom in", "Zoom in", "Later", "Zoom in", "Earlier", "Zoom in", "Zoom in", "Show all of it", "Zoom out")
CHARTS = {"home": "equity-chart", "drawdown": "drawdown-chart", "farm": "profit-chart", "agent": "market-chart"}


def seen(page: Page, chart: str) -> list[str]:
    found: list[str] = page.evaluate(f"document.getElementById('{chart}').layout.xaxis.range")
    return [moment[:16] for moment in found]


def wrong_labels(page: Page) -> list[str]:
    """What is wrong with the labels once the chart is drawn, for which a busy machine takes a while."""
    found: list[str] = []
    for _ in range(20):
        page.wait_for_timeout(150)
        if not (found := page.evaluate(WRONG_LABELS)):
            break
    return found


def hover_over(page: Page) -> Locator:
    """The hover of the equity chart, with the mouse over it; a chart that is being drawn again does not notice one."""
    chart = page.locator("#equity-chart")
    chart.scroll_into_view_if_needed()  # what needs the trader may stand above it
    box = chart.bounding_box()
    assert box is not None
    hover = chart.locator(".hoverlayer")
    for step in range(20):
        page.mouse.move(box["x"] + box["width"] / 2 + step, box["y"] + box["height"] / 3)
        page.wait_for_timeout(250)
        if hover.text_content():
            break
    return hover


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", CHARTS)
def test_every_label_of_an_axis_is_whole_and_said_once_however_closely_one_looks(
    open_page: OpenPage, world: World, name: str, width: int
) -> None:
    page = open_page(address(world, name), user=world.owner, width=width).page
    settle(page)
    found = {"at first": wrong_labels(page)}
    for step in STEPS:
        page.get_by_role("button", name=step, exact=True).click()
        found[f"{step} {len(found)}"] = wrong_labels(page)
    assert not {step: labels for step, labels in found.items() if labels}


@pytest.mark.parametrize("query", ["range=1D", "range=1W&unit=return", "range=All&unit=return", "range=All"])
def test_the_labels_of_every_period_and_unit_are_whole_and_said_once(
    open_page: OpenPage, world: World, query: str
) -> None:
    page = open_page(f"/?{query}", user=world.owner).page
    settle(page)
    assert page.locator("#equity-chart .y2tick text").count() >= 2
    assert wrong_labels(page) == []


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("by", ["farm", "agent"])
def test_the_names_of_the_bars_of_a_waterfall_are_whole_and_lie_on_no_other(
    open_page: OpenPage, world: World, by: str, width: int
) -> None:
    page = open_page(f"/portfolio/contribution/?by={by}&range=All", user=world.owner, width=width).page
    settle(page)
    assert page.locator("#contribution-chart .xtick text").count() >= 2
    assert wrong_labels(page) == []


def test_the_labels_of_the_gallery_are_whole_and_said_once(open_page: OpenPage, trader: User) -> None:
    page = open_page("/ui/", user=trader).page
    settle(page)
    assert wrong_labels(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_over_time_is_zoomed_moved_and_reset(open_page: OpenPage, world: World, name: str) -> None:
    visit = open_page(address(world, name), user=world.owner)
    page, chart = visit.page, CHARTS[name]
    settle(page)
    whole = seen(page, chart)
    views = [whole]
    for step in ("Zoom in", "Earlier", "Later", "Zoom out"):
        page.get_by_role("button", name=step, exact=True).click()
        page.wait_for_timeout(150)
        views.append(seen(page, chart))
        assert views[-1] != views[-2], step
    box = page.locator(f"#{chart}").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    assert seen(page, chart) != views[-1]
    page.get_by_role("button", name="Show all of it").click()
    page.wait_for_timeout(200)
    assert [moment[:13] for moment in seen(page, chart)] == [moment[:13] for moment in whole]
    assert visit.console == []


def test_what_is_seen_of_the_equity_outlives_a_live_update_and_another_unit_but_not_another_period(
    open_page: OpenPage, world: World
) -> None:
    visit = open_page("/?range=1M", user=world.owner)
    page = visit.page
    settle(page)
    whole = seen(page, "equity-chart")
    page.get_by_role("button", name="Zoom in").click()
    closer = seen(page, "equity-chart")
    assert closer != whole
    world.quote("66611.11")
    page.locator("#live[data-state=live]").wait_for()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "equity"):
        publish(owner_id=world.owner.pk, event="portfolio", data={})
    page.wait_for_timeout(500)
    assert seen(page, "equity-chart") == closer
    page.get_by_role("group", name="Unit").get_by_role("link", name="Return").click()
    expect(page).to_have_url(re.compile("unit=return"))
    page.wait_for_timeout(500)
    assert seen(page, "equity-chart") == closer
    page.get_by_role("link", name="1W", exact=True).click()
    expect(page).to_have_url(re.compile("range=1W"))
    page.wait_for_timeout(500)
    assert seen(page, "equity-chart") != closer
    assert visit.console == []


def test_the_hover_of_the_equity_says_the_drawdown(open_page: OpenPage, world: World) -> None:
    page = open_page("/", user=world.owner).page
    settle(page)
    hover = hover_over(page)
    expect(hover).to_contain_text("Portfolio")
    expect(hover).to_contain_text(re.compile(r"Drawdown.*%"))
    # Below zero it carries the sign of all other figures, in front of its currency; days keep their hyphens.
    signed = """(chart) => {
      const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      text.textContent = "2026-10-23 Bot-2 : $-5,000 and -3.63 %";
      chart.querySelector(".hoverlayer").append(text);
      return new Promise((done) => setTimeout(() => { done(text.textContent); text.remove(); }));
    }"""
    assert page.locator("#equity-chart").evaluate(signed) == "2026-10-23 Bot-2 : −$5,000 and −3.63 %"
    assert not re.search(r"(?<!\w)[$€£¥]?-\d", hover.text_content() or "")


@pytest.fixture
def other_habits(world: World) -> Iterator[None]:
    """The trader of all these tests writes otherwise, for as long as the test runs."""
    trader = User.objects.filter(pk=world.owner.pk)
    before = trader.values("number_format", "date_format", "timezone").get()
    trader.update(number_format="1.234,56", date_format="23.10.2026", timezone="Asia/Tokyo")
    yield
    trader.update(**before)


@pytest.mark.slow
@pytest.mark.usefixtures("other_habits")
def test_axes_and_hovers_are_written_as_their_reader_writes(open_page: OpenPage, world: World) -> None:
    page = open_page(address(world, "agent"), user=world.owner).page
    settle(page)
    expect(page.get_by_text("Times in Asia/Tokyo").first).to_be_visible()
    prices = page.locator("#market-chart .ytick text").all_text_contents()
    assert prices
    assert [price for price in prices if not re.fullmatch(r"\d{1,3}(\.\d{3})*(,\d+)?", price)] == []
    page.goto("/")
    settle(page)
    hover = hover_over(page)
    expect(hover).to_contain_text(re.compile(r"\d\d\.\d\d\.\d{4}, \d\d:\d\d"))
    expect(hover).to_contain_text(re.compile(r"\d{1,3}\.\d{3}"))
    expect(hover).to_contain_text(re.compile(r"Drawdown.*\d,\d\d\u202f%"))
    assert wrong_labels(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_the_chart_of_an_agent_fills_its_card_beside_a_long_column(
    open_page: OpenPage, world: World, width: int
) -> None:
    page = open_page(address(world, "agent"), user=world.owner, width=width).page
    settle(page)
    card = page.locator("section:has(> .fill > #market-chart)").bounding_box()
    chart = page.locator("#market-chart").bounding_box()
    assert card
    assert chart
    # What is left below it says whose times these are.
    assert card["y"] + card["height"] - chart["y"] - chart["height"] < 80
    assert chart["height"] >= 420
    drawn = page.locator("#market-chart .main-svg").first.bounding_box()
    assert drawn
    assert drawn["height"] == pytest.approx(chart["height"], abs=2)
