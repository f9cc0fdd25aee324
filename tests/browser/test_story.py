"""An agent in a browser: its state counts down, its chart keeps what is seen, its position is closed."""

import re

import pytest
from playwright.sync_api import Page, expect

from farms.models import Agent, Farm
from kit import tenancy
from kit.live.publish import publish
from tests.browser.conftest import OpenPage
from tests.browser.screens import usual_screens
from tests.browser.soundness import CHART_PAGE_BYTES, Visit, assert_page_is_sound, settle
from tests.world import World
from trading.models import Order, Position

SEEN = "document.getElementById('market-chart').layout.xaxis.range"


def live_event(visit: Visit, world: World, address: str) -> None:
    """Something happens, and the page has fetched itself."""
    visit.page.locator("#live[data-state=live]").wait_for()
    with visit.page.expect_response(lambda answer: answer.url.endswith(address) and answer.status == 200):
        publish(owner_id=world.owner.pk, event="farms", data={})
    visit.page.wait_for_timeout(500)


def address(world: World) -> str:
    return f"/farms/agents/{world.agent.pk}/"


def seen(page: Page) -> list[str]:
    found: list[str] = page.evaluate(SEEN)
    return found


@pytest.mark.slow
def test_the_next_decision_is_counted_down_and_is_right_without_scripts(open_page: OpenPage, world: World) -> None:
    still = open_page("/farms/", user=world.owner, script=False).page
    countdown = still.locator("time[data-countdown]").first
    expect(countdown).to_have_text(re.compile(r"^\d+:\d\d(:\d\d)?$"))
    visit = open_page("/farms/", user=world.owner)
    moving = visit.page.locator("time[data-countdown]").first
    before = moving.text_content()
    expect(moving).not_to_have_text(before or "", timeout=4_000)
    live_event(visit, world, "/farms/")
    assert visit.console == []


def test_a_step_is_taken_from_the_list_of_farms(open_page: OpenPage, world: World) -> None:
    with tenancy.tenant(world.owner.pk):
        Farm.objects.filter(pk=world.farm.pk).update(status=Farm.Status.PAUSED)
    visit = open_page("/", user=world.owner)
    card = visit.page.locator("#needs")
    expect(card).to_contain_text("Paused: 2 agents wait")
    assert card.locator("li").count() <= 5
    visit.page.goto("/farms/")
    first = visit.page.locator("main section").first
    expect(first.locator("h2")).to_have_text(world.farm.name)
    first.locator("header").get_by_role("button", name="Start the farm").click()
    expect(visit.page.locator("h1")).to_have_text(world.farm.name)
    expect(visit.page.locator("main")).not_to_contain_text("farm paused")
    assert visit.console == []


def test_a_price_changes_the_figures_and_the_position_and_nothing_else_is_sent(
    open_page: OpenPage, world: World
) -> None:
    visit = open_page(address(world), user=world.owner)
    visit.page.locator("#live[data-state=live]").wait_for()
    mark = visit.page.locator("#agent-position dt", has_text="Mark").locator("xpath=following-sibling::dd[1]")
    before = mark.text_content() or ""
    visit.page.evaluate("document.getElementById('market-chart').dataset.kept = 'yes'")
    world.quote("123456")
    with visit.page.expect_response(lambda answer: answer.url.endswith(address(world))) as answer:
        publish(owner_id=world.owner.pk, event="prices", data={})
    assert len(answer.value.body()) < 8_000
    expect(mark).to_contain_text("123,456")
    assert "123,456" not in before
    assert visit.page.locator("#agent-position").count() == visit.page.locator("#agent-figures").count() == 1
    assert visit.page.evaluate("document.getElementById('market-chart').dataset.kept") == "yes"
    assert visit.console == []


@pytest.mark.slow
def test_what_is_seen_of_the_chart_outlives_a_live_update(open_page: OpenPage, world: World) -> None:
    visit = open_page(address(world), user=world.owner)
    page = visit.page
    settle(page)
    assert page.locator("#market-chart").bounding_box()["height"] >= 420  # type: ignore[index]  # it is there
    whole = seen(page)
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Earlier").click()
    closer = seen(page)
    assert closer != whole
    with tenancy.tenant(world.owner.pk):
        Agent.objects.filter(pk=world.agent.pk).update(size="0.4")
    world.quote("66600.01")
    live_event(visit, world, address(world))
    assert seen(page) == closer
    box = page.locator("#market-chart").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 120, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    dragged = seen(page)
    assert dragged != closer
    live_event(visit, world, address(world))
    assert [moment[:16] for moment in seen(page)] == [moment[:16] for moment in dragged]
    page.get_by_role("button", name="Show all of it").click()
    page.wait_for_timeout(300)
    assert [moment[:13] for moment in seen(page)] == [moment[:13] for moment in whole]
    page.get_by_role("link", name="All", exact=True).click()
    expect(page).to_have_url(re.compile(r"span=All"))
    live_event(visit, world, f"{address(world)}?span=All")
    assert visit.console == []


@pytest.mark.parametrize("script", [True, False])
def test_a_position_is_closed_by_a_reviewed_order(open_page: OpenPage, world: World, script: bool) -> None:
    visit = open_page(address(world), user=world.owner, script=script)
    page = visit.page
    with tenancy.tenant(world.owner.pk):
        position = Position.objects.filter(wallet=world.agent.wallet_id, closed_at=None).first()
        assert position is not None
        before = Order.objects.filter(wallet=world.agent.wallet_id).count()
    expect(page.locator("main")).to_contain_text("At risk to the stop")
    page.get_by_role("link", name="Close the position").click()
    expect(page.locator("h1")).to_have_text("Close BTC/USDT")
    expect(page.locator("main")).to_contain_text("Fee, about")
    page.get_by_role("link", name="Keep it").click()
    with tenancy.tenant(world.owner.pk):
        assert Order.objects.filter(wallet=world.agent.wallet_id).count() == before


@usual_screens
def test_the_review_of_a_close_is_sound(open_page: OpenPage, world: World, scheme: str, width: int) -> None:
    with tenancy.tenant(world.owner.pk):
        position = Position.objects.filter(wallet=world.agent.wallet_id, closed_at=None).first()
    assert position is not None
    visit = open_page(f"/trading/positions/{position.pk}/close/", user=world.owner, scheme=scheme, width=width)
    assert_page_is_sound(visit)


@pytest.mark.slow
@usual_screens
def test_the_agents_page_is_sound_in_every_span(open_page: OpenPage, world: World, scheme: str, width: int) -> None:
    visit = open_page(f"{address(world)}?span=1D&show=all", user=world.owner, scheme=scheme, width=width)
    assert_page_is_sound(visit, byte_budget=CHART_PAGE_BYTES)
