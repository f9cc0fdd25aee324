"""The forms as they are laid out: nothing that another page's stylesheet says reaches them."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from markets.models import Instrument
from tests.browser.conftest import OpenPage
from tests.world import World

# A field's column is 16 rem at least; a label, an input and a help beside each other leave a third of that.
NARROWEST = 250
WIDTHS = """() => [...document.querySelectorAll('main .field .input')]
    .filter(input => input.checkVisibility())
    .map(input => [input.querySelector('[name]')?.name ?? input.name, input.getBoundingClientRect().width])"""


def _forms(world: World) -> dict[str, str]:
    return {
        "new farm": reverse("farms:new"),
        "edit farm": reverse("farms:farm-edit", args=[world.farm.pk]),
        "hire": reverse("farms:hire", args=[world.farm.pk]),
        "edit agent": reverse("farms:agent-edit", args=[world.agent.pk]),
        "new goal": reverse("goals:new"),
        "limits": reverse("trading:limits", args=[world.agent.wallet_id]),
    }


def _widths(page: Page) -> dict[str, float]:
    return dict(page.evaluate(WIDTHS))


@pytest.mark.parametrize("name", ["new farm", "edit farm", "hire", "edit agent", "new goal", "limits"])
def test_inputs_have_the_width_of_a_column(open_page: OpenPage, world: World, name: str) -> None:
    widths = _widths(open_page(_forms(world)[name], user=world.owner).page)
    assert widths
    assert {field: width for field, width in widths.items() if width < NARROWEST} == {}


@pytest.mark.slow
def test_another_market_asks_for_what_it_has_and_keeps_what_was_written(open_page: OpenPage, world: World) -> None:
    page = open_page(f"{_forms(world)['hire']}?strategy=trend_following", user=world.owner).page
    market, direction = page.locator("#id_instrument"), page.locator("#id_p_direction")
    spot = market.input_value()
    page.locator("#id_name").fill("Both ways")
    expect(direction).to_have_count(0)
    perpetual = str(Instrument.objects.get(prices_of=spot).pk)
    market.select_option(perpetual)
    expect(direction).to_have_value("long")
    expect(page.locator("#id_leverage")).to_be_visible()
    market.select_option(spot)
    expect(direction).to_have_count(0)
    expect(page.locator("#id_name")).to_have_value("Both ways")


def test_signing_out_looks_like_the_rest_of_its_menu(open_page: OpenPage, world: World) -> None:
    page = open_page(reverse("ui:preferences"), user=world.owner).page
    page.locator(".menu > summary").click()
    out, link = page.get_by_role("button", name="Sign out"), page.locator(".menu li a").first
    expect(out).to_be_visible()
    look = "e => { const s = getComputedStyle(e); return [s.borderTopWidth, s.backgroundColor, s.color, s.fontSize] }"
    assert out.evaluate(look) == link.evaluate(look)
    assert out.bounding_box()["width"] == link.bounding_box()["width"]  # type: ignore[index]  # both are visible


def test_without_javascript_nothing_says_that_it_connects(open_page: OpenPage, world: World) -> None:
    page = open_page(reverse("ui:preferences"), user=world.owner, script=False).page
    expect(page.locator("#live")).to_be_hidden()


def test_the_agents_chart_has_at_least_the_height_it_asks_for(open_page: OpenPage, world: World) -> None:
    page = open_page(reverse("farms:agent", args=[world.agent.pk]), user=world.owner).page
    assert page.locator("#market-chart").bounding_box()["height"] >= 420  # type: ignore[index]  # it is there
    expect(page.locator("#market-chart .legend")).to_contain_text("Fast")
