"""A period from a day to a day, chosen beside the presets, with and without scripts."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from kit import clock, formatting
from tests.browser.conftest import OpenPage
from tests.browser.screens import usual_screens
from tests.browser.soundness import CHART_PAGE_BYTES, assert_page_is_sound
from tests.world import World


@pytest.mark.parametrize("script", [True, False])
def test_days_are_chosen_beside_the_presets(open_page: OpenPage, world: World, script: bool) -> None:
    yesterday = (clock.now() - timedelta(days=1)).date()
    visit = open_page(f"/?wallet={world.master.pk}", user=world.owner, script=script)
    page = visit.page
    page.locator("details.span > summary").click()
    page.get_by_label("From", exact=True).fill(str(yesterday))
    page.get_by_label("To, included").fill(str(yesterday))
    page.locator("details.span button").click()
    expect(page).to_have_url(re.compile(f"from={yesterday}&to={yesterday}"))
    assert f"wallet={world.master.pk}" in page.url
    words = formatting.day(yesterday)
    expect(page.locator("details.span > summary")).to_have_text(words)
    expect(page.locator("#metrics")).to_contain_text(words)
    assert page.get_by_role("group", name="Period").locator("[aria-current]").count() == 0
    page.get_by_role("link", name="1W", exact=True).click()
    expect(page.locator("#metrics")).to_contain_text("1 week")
    assert visit.console == []


@pytest.mark.slow
@usual_screens
def test_the_choice_of_days_is_sound(open_page: OpenPage, world: World, scheme: str, width: int) -> None:
    day = (clock.now() - timedelta(days=1)).date()
    visit = open_page(f"/?from={day}", user=world.owner, scheme=scheme, width=width)
    visit.page.locator("details.span > summary").click()
    box = visit.page.locator("details.span > form").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert_page_is_sound(visit, byte_budget=CHART_PAGE_BYTES)
