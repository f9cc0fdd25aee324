"""What people come for, walked in a real browser: with the mouse, without JavaScript, and while prices move."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from farms.models import Agent
from kit import tenancy
from kit.live.publish import publish
from tests.browser.conftest import OpenPage
from tests.world import World
from wallets.models import FundAllocation


def movements(world: World, note: str) -> list[tuple[str, Decimal]]:
    with tenancy.tenant(world.owner.pk):
        return list(FundAllocation.objects.filter(note=note).order_by("created_at").values_list("kind", "amount"))


SETTLED = 800  # ms


def ask(page: Page, amount: str, note: str) -> None:
    # Before htmx has taken hold of it the form works as well, but on a page of its own instead of a dialog.
    page.wait_for_load_state("load")
    page.wait_for_timeout(SETTLED)
    page.get_by_label("Amount", exact=True).fill(amount)
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Review transfer").click()


def test_signing_in_allocating_with_a_preview_and_collecting_again(open_page: OpenPage, world: World) -> None:
    note = uuid4().hex
    page = open_page("/login/").page
    page.get_by_label("Email").fill(world.owner.email)
    page.get_by_label("Password").fill(f"password of {world.owner.email}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Wallets").click()
    page.get_by_role("rowheader", name=world.farm.name).first.get_by_role("link").click()

    ask(page, "2345.67", note)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Before")
    assert movements(world, note) == []
    dialog.get_by_role("button", name=re.compile(r"Allocate 2,345\.67")).click()
    expect(page.get_by_role("status").filter(has_text=f"went from {world.master.name}")).to_be_visible()
    expect(dialog).to_be_hidden()
    assert movements(world, note) == [("allocate", Decimal("2345.67"))]

    page.get_by_role("group", name="What to do").get_by_role("link", name="Collect").click()
    expect(page.get_by_role("link", name="Collect", exact=True).nth(1)).to_have_attribute("aria-current", "true")
    ask(page, "1000", note)
    page.get_by_role("button", name=re.compile(r"Collect 1,000")).click()
    expect(page.get_by_role("status").filter(has_text=f"went from {world.farm.name}")).to_be_visible()
    assert movements(world, note)[1:] == [("collect", Decimal(1000))]


def test_money_moves_without_javascript(open_page: OpenPage, world: World) -> None:
    note = uuid4().hex
    farm = world.farm.wallet_id
    page = open_page(f"/wallets/?wallet={farm}&tab=allocate", user=world.owner, script=False).page
    ask(page, "50", note)
    page.get_by_role("button", name=re.compile("Allocate 50")).click()
    expect(page.get_by_role("status").filter(has_text="went from")).to_be_visible()
    page.goto(f"/wallets/?wallet={farm}&tab=collect")
    ask(page, "50", note)
    page.get_by_role("button", name=re.compile("Collect 50")).click()
    expect(page.get_by_role("status").filter(has_text="went from")).to_be_visible()
    assert [kind for kind, _ in movements(world, note)] == ["allocate", "collect"]


def test_too_much_money_is_refused_where_it_was_typed(open_page: OpenPage, world: World) -> None:
    page = open_page(f"/wallets/?wallet={world.farm.wallet_id}&tab=allocate", user=world.owner).page
    ask(page, "99999999", "")
    expect(page.get_by_label("Amount", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert").first).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False])
def test_an_agent_is_paused_and_started(open_page: OpenPage, world: World, script: bool) -> None:
    page = open_page(f"/farms/agents/{world.agent.pk}/", user=world.owner, script=script).page
    page.get_by_role("button", name="Pause the agent").click()
    expect(page.get_by_role("button", name="Start the agent")).to_be_visible()
    assert status(world) == Agent.Status.PAUSED
    page.get_by_role("button", name="Start the agent").click()
    expect(page.get_by_role("button", name="Pause the agent")).to_be_visible()
    assert status(world) == Agent.Status.RUNNING


def status(world: World) -> str:
    with tenancy.tenant(world.owner.pk):
        return Agent.objects.values_list("status", flat=True).get(pk=world.agent.pk)


def test_lists_are_filtered_without_javascript(open_page: OpenPage, world: World) -> None:
    page = open_page("/trading/orders/", user=world.owner, script=False).page
    rows = page.locator("#list tbody tr:not(.why)")
    everything = rows.count()
    page.get_by_label("Side").select_option("sell")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("side=sell"))
    assert 0 < rows.count() < everything
    page.get_by_role("link", name="Side: Sell").click()
    expect(rows).to_have_count(everything)


def test_a_price_moves_the_figures_by_itself(open_page: OpenPage, world: World) -> None:
    page = open_page("/trading/positions/", user=world.owner).page
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    world.quote("67890.12")
    publish(owner_id=world.owner.pk, event="prices", data={})
    expect(page.locator("#list")).to_contain_text("67,890.12")


@pytest.mark.slow
def test_the_last_of_many_updates_is_shown_also_where_a_region_takes_its_time(
    open_page: OpenPage, world: World
) -> None:
    page = open_page("/", user=world.owner).page
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    for price in ("60000", "61000", "62000", "67891.23"):
        world.quote(price)
        publish(owner_id=world.owner.pk, event="prices", data={})
        page.wait_for_timeout(1_100)
    expect(page.locator("#markets")).to_contain_text("67,891.23", timeout=15_000)


def test_a_hidden_tab_fetches_nothing_and_catches_up_when_it_is_seen(open_page: OpenPage, world: World) -> None:
    page = open_page("/trading/positions/", user=world.owner).page
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(hide, True)
    world.quote("67890.12")
    publish(owner_id=world.owner.pk, event="prices", data={})
    page.wait_for_timeout(2_500)
    assert [url for url in asked if "/trading/" in url] == []
    page.evaluate(hide, False)
    expect(page.locator("#list")).to_contain_text("67,890.12")


def test_live_updates_leave_alone_what_somebody_types_or_has_opened(open_page: OpenPage, world: World) -> None:
    page = open_page(f"/wallets/?wallet={world.farm.wallet_id}&tab=allocate", user=world.owner).page
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.get_by_role("button", name=f"{world.farm.name}: show or hide").click()
    amount = page.get_by_label("Amount", exact=True)
    amount.fill("4321")
    with page.expect_response(lambda answer: "/wallets/" in answer.url and answer.request.method == "GET"):
        publish(owner_id=world.owner.pk, event="wallets", data={})
    page.wait_for_timeout(300)  # the swap after the answer
    expect(amount).to_have_value("4321")
    expect(page.get_by_role("button", name=f"{world.farm.name}: show or hide")).to_have_attribute(
        "aria-expanded", "false"
    )


@pytest.mark.slow
def test_the_page_can_be_used_by_keyboard_alone(open_page: OpenPage, world: World) -> None:
    page = open_page("/", user=world.owner).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile("/wallets/"))
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.get_by_label("Amount", exact=True).evaluate("field => field === document.activeElement"):
            break
    page.keyboard.type("12.5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
