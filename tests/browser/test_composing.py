"""Rules are composed in a real browser: rows come and go, signals are drawn as one edits, the keyboard is enough."""

import re
from datetime import timedelta

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from farms.models import SavedStrategy
from kit import clock, tenancy
from markets.models import Instrument
from tests.browser.conftest import OpenPage, Site
from tests.browser.soundness import CHART_PAGE_BYTES, assert_page_is_sound_everywhere
from tests.farms.conftest import make_instrument, store_hours
from tests.quant.market import random_candles
from tests.world import World


@pytest.fixture(scope="module")
def market(site: Site, world: World) -> Instrument:
    """A market with enough candles to check rules on; no price of the world follows it."""
    instrument = make_instrument("CMP/USDT")
    closes = random_candles(np.random.default_rng(7), 1_100).close.tolist()
    start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(minutes=5 * len(closes))
    store_hours(instrument, start, closes, timeframe="5m")
    return instrument


def signals(page: Page) -> str:
    return page.locator("#composer [role=status]").inner_text()


@pytest.mark.slow
def test_rules_are_composed_by_keyboard_and_drawn_as_one_edits(
    open_page: OpenPage, world: World, market: Instrument
) -> None:
    visit = open_page("/strategies/new/", user=world.owner)
    page = visit.page
    page.get_by_label("Looked at on").select_option("CMP/USDT · simulated")
    page.get_by_label("Candles", exact=True).select_option("5m")
    expect(page.locator("#signals-chart .main-svg").first).to_be_visible()
    said = signals(page)
    page.locator("[id='id_rules.entry.1.right.value']").fill("55")
    expect(page.locator("#composer [role=status]")).not_to_have_text(said)
    page.locator("[id='condition-entry']").focus()
    page.keyboard.press("Enter")
    third = page.locator("[id='id_rules.entry.3.left.is']")
    expect(third).to_be_visible()
    expect(page.locator("[id='condition-entry']")).to_be_focused()
    third.select_option("macd")
    expect(page.locator("[id='id_rules.entry.3.left.slow']")).to_have_value("26")
    page.locator("[id='drop-entry.3']").focus()
    page.keyboard.press("Enter")
    expect(third).to_have_count(0)
    page.get_by_role("button", name="As JSON").click()
    expect(page.get_by_label("Rules as JSON")).to_have_value(re.compile('"right": 55'))
    page.get_by_role("button", name="As a form").click()
    page.get_by_label("Name").fill("By the keyboard")
    page.keyboard.press("Enter")  # looks again and saves nothing
    expect(page.get_by_label("Name")).to_have_value("By the keyboard")
    page.wait_for_load_state("networkidle")  # what is under way when the page is left is broken off, and said
    page.get_by_role("button", name="Save the strategy").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By the keyboard")).to_be_visible()
    assert visit.console == [], visit.console
    with tenancy.tenant(world.owner.pk):
        made = SavedStrategy.objects.get(name="By the keyboard").versions.get()
    assert made.parameters["entry"]["all"][0]["right"] == 55


def test_what_could_not_be_answered_is_said_until_the_next_edit_is(
    open_page: OpenPage, world: World, market: Instrument
) -> None:
    page = open_page(f"/strategies/new/?market={market.pk}&timeframe=5m", user=world.owner).page
    page.route("**/strategies/new/**", lambda route: route.fulfill(status=500, body=""), times=1)
    page.locator("[id='id_rules.entry.1.right.value']").fill("54")
    told = page.locator("#toasts .toast", has_text="The server answered 500")
    expect(told).to_be_visible()
    page.locator("[id='id_rules.entry.1.right.value']").fill("55")
    expect(told).to_have_count(0)


@pytest.mark.parametrize("strategy", ["custom", pytest.param("mixed", marks=pytest.mark.slow)])
def test_the_page_with_its_chart_is_sound_at_every_width(
    open_page: OpenPage, world: World, market: Instrument, strategy: str
) -> None:
    path = f"/strategies/new/?strategy={strategy}&market={market.pk}&timeframe=5m"
    visit = open_page(path, user=world.owner)
    expect(visit.page.locator("#signals-chart .main-svg").first).to_be_visible()
    assert_page_is_sound_everywhere(visit, byte_budget=CHART_PAGE_BYTES)
