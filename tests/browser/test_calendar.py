"""The profit calendar in a real browser: fetched when it is seen, by mouse, by keyboard and without JavaScript."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kit import clock, days, tenancy
from portfolio.models import DailyPerformance
from tests.browser.conftest import OpenPage
from tests.world import World


def seen(page: Page) -> None:
    """Scroll to the calendar, which is fetched then."""
    page.locator("#calendar").scroll_into_view_if_needed()
    expect(page.locator("#calendar table.month")).to_be_visible()


@pytest.fixture
def other_month(world: World) -> Iterator[None]:
    """A day of two months ago, so that there is something to go back to; later charts do not begin there."""
    day = clock.now().date().replace(day=1) - timedelta(days=40)
    with tenancy.tenant(world.owner.pk):
        made = DailyPerformance.objects.create(
            owner=world.owner, wallet=None, day=day, ends=days.ends(day), base="USDT", equity=0, low=0, high=0, twr=0,
            twr_index=1, twr_low=1, twr_high=1,
        )  # fmt: skip
    yield
    with tenancy.system():  # nobody else removes what is over
        made.delete()


@pytest.mark.slow
@pytest.mark.usefixtures("other_month")
def test_it_is_fetched_when_it_is_seen_and_turned_by_keyboard(open_page: OpenPage, world: World) -> None:
    visit = open_page("/", user=world.owner)
    page = visit.page
    expect(page.locator("#calendar table")).to_have_count(0)
    seen(page)
    heading = page.locator("#h-calendar")
    month = heading.inner_text()
    page.locator("#calendar-previous").press("Enter")
    expect(heading).not_to_have_text(month)
    expect(page.locator("#calendar-previous")).to_be_focused()
    page.locator("#calendar-next").press("Enter")
    expect(heading).to_have_text(month)
    page.locator("#calendar-week").click()
    expect(page.locator("#calendar tfoot")).to_contain_text("Together")
    page.evaluate("htmx.trigger(document.body, 'live:portfolio')")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#calendar tfoot")).to_contain_text("Together")
    assert page.url.endswith("/")
    assert (visit.console, visit.failures) == ([], [])


def test_another_scope_brings_another_calendar(open_page: OpenPage, world: World) -> None:
    page = open_page("/", user=world.owner).page
    seen(page)
    page.locator("#scope").select_option(str(world.farm.wallet_id))
    page.wait_for_url("**wallet=**")
    page.wait_for_load_state("networkidle")  # the page of the other wallet is being put in the place of this one
    page.evaluate("document.querySelector('#calendar').scrollIntoView()")
    expect(page.locator("#calendar header small")).to_contain_text(world.farm.name)


def test_the_parts_of_a_day_are_shown_to_mouse_and_keyboard_and_put_away_by_escape(
    open_page: OpenPage, world: World
) -> None:
    page = open_page("/portfolio/calendar/", user=world.owner).page
    cell = page.locator(".month td:has(.made-of)").last
    parts = cell.locator(".made-of")
    expect(parts).to_be_hidden()
    cell.hover()
    expect(parts).to_be_visible()
    page.keyboard.press("Escape")
    expect(parts).to_be_hidden()
    page.mouse.move(0, 0)
    page.locator("#calendar-year").focus()
    days = page.locator(".month td > a").count()
    for _ in range(days + 4):
        page.keyboard.press("Tab")
        if cell.locator("a").evaluate("link => link === document.activeElement"):
            break
    expect(parts).to_be_visible()
    expect(parts).to_contain_text("Change of open profit")
    page.keyboard.press("Escape")
    expect(parts).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/explain/day/**")


def test_a_farm_has_its_own(open_page: OpenPage, world: World) -> None:
    page = open_page(f"/farms/{world.farm.pk}/", user=world.owner).page
    seen(page)
    expect(page.locator("#calendar header small")).to_contain_text(world.farm.name)
    page.evaluate("htmx.trigger(document.body, 'live:farms')")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#calendar table.month")).to_be_visible()


def test_without_scripts_it_is_a_page_with_links(open_page: OpenPage, world: World) -> None:
    page = open_page("/", user=world.owner, script=False).page
    page.locator("#calendar a").click()
    heading = page.locator("#h-calendar")
    month = heading.inner_text()
    page.locator("#calendar-month").click()
    expect(page.locator("#calendar tfoot")).to_contain_text("Together")
    page.locator("#calendar tbody a").first.click()
    expect(heading).to_have_text(month)
    cell = page.locator(".month td:has(.made-of)").first
    cell.hover()
    expect(cell.locator(".made-of")).to_be_visible()
    cell.locator("a").click()
    expect(page.locator("#h-parts")).to_be_visible()
