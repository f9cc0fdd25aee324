"""Goals in a real browser: made with the mouse, followed live, and read when they have brought the money home."""

import re

import pytest
from playwright.sync_api import expect

from goals import services
from goals.models import Goal
from goals.targets import read
from kit import tenancy
from kit.live.publish import publish
from tests.browser.conftest import OpenPage, Site
from tests.browser.soundness import CHART_PAGE_BYTES, assert_page_is_sound, assert_page_is_sound_everywhere
from tests.world import World, build_world


@pytest.fixture(scope="module")
def wishful(site: Site) -> World:
    """The world, of whose goals one was achieved, has collected and given on."""
    world = build_world("wishful@example.com")
    assert world.goal is not None
    owner_id = world.owner.pk
    shares = [{"to": "agents", "share": "0.5"}, {"to": "master", "share": "0.5"}]
    with tenancy.tenant(owner_id):
        made = services.create(
            owner_id=owner_id,
            name="The first trade",
            kind="trade_volume",
            target="2",
            starts_at=world.goal.starts_at,
            scope=[world.farm.wallet_id],
            actions=[{"do": "collect", "amount": "profit", "to": "master"}, {"do": "distribute", "shares": shares}],
        )
    with tenancy.tenant(owner_id):
        Goal.objects.filter(pk=made.pk).update(target=read("trade_volume", 1).stored)  # which what there is has reached
        assert made.pk in services.update(owner_id=owner_id)
    with tenancy.tenant(owner_id):
        assert services.carry_out(owner_id=owner_id, goal_id=made.pk)
        assert Goal.objects.get(pk=made.pk).moves.count() >= 2
    return world


def achieved(world: World) -> Goal:
    with tenancy.tenant(world.owner.pk):
        return Goal.objects.filter(status=Goal.Status.ACHIEVED).latest("ended_at")


@pytest.mark.slow
@pytest.mark.parametrize("page", ["goal", "board", "first step"])
def test_what_goals_have_brought_home_can_be_read_at_every_width(
    open_page: OpenPage, wishful: World, page: str
) -> None:
    path = {"goal": f"/goals/{achieved(wishful).pk}/", "board": "/goals/?status=all"}.get(page, "/goals/new/")
    visit = open_page(path, user=wishful.owner)
    assert_page_is_sound_everywhere(visit, byte_budget=CHART_PAGE_BYTES)
    if page == "goal":
        expect(visit.page.locator("#moves tbody tr")).to_have_count(2)
        visit.page.locator("#moves tbody a").first.click()
        expect(visit.page).to_have_url(re.compile("/wallets/postings/"))


@pytest.mark.slow
def test_a_goal_is_made_with_the_mouse_and_every_step_is_sound(open_page: OpenPage, wishful: World) -> None:
    visit = open_page("/", user=wishful.owner)
    page = visit.page
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Goals").click()
    page.get_by_role("link", name="New goal").click()
    page.get_by_role("link", name=re.compile("Close everything at a target")).click()
    page.get_by_label("Name").fill("By the mouse")
    for title in ("Target and deadline", "Who works for it", "What happens then", "Review"):
        page.get_by_role("button", name="Next").last.click()
        expect(page.locator(".stepper [aria-current]")).to_contain_text(title)
        visit.failures.clear()  # streams of the pages before
        assert_page_is_sound(visit, byte_budget=10**9, request_budget=10**9)
    expect(page.get_by_text("Collect free realised profit from everything in scope to the master.")).to_be_visible()
    page.get_by_role("button", name="Start the goal").click()
    expect(page.get_by_role("heading", name="By the mouse")).to_be_visible()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator("#goal .chip").first).to_have_text("Paused")
    page.get_by_role("link", name=re.compile("^Cancel")).click()
    page.get_by_role("button", name="Cancel the goal").click()
    expect(page.locator("#goal .chip").first).to_have_text("Cancelled")
    assert visit.console == []


def test_an_error_is_read_out_beside_its_field(open_page: OpenPage, wishful: World) -> None:
    page = open_page("/goals/new/?template=trades", user=wishful.owner).page
    page.get_by_role("button", name="Next").last.click()
    page.get_by_label("Closed trades").fill("2.5")
    page.get_by_label("Closed trades").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="are whole")).to_be_visible()
    expect(page.get_by_label("Closed trades")).to_have_value("2.5")
    expect(page.get_by_label("Closed trades")).to_have_attribute("aria-invalid", "true")


@pytest.mark.slow
def test_the_board_and_a_goal_follow_what_happens_and_keep_the_zoom(open_page: OpenPage, wishful: World) -> None:
    assert wishful.goal is not None
    board, one = (open_page(path, user=wishful.owner) for path in ("/goals/", f"/goals/{wishful.goal.pk}/"))
    for visit in (board, one):
        expect(visit.page.locator("#live")).to_have_attribute("data-state", "live")
    one.page.locator("#goal-chart .main-svg").first.wait_for()
    whole = one.page.evaluate("document.getElementById('goal-chart').layout.xaxis.range")
    one.page.get_by_role("button", name="Zoom in").click()
    one.page.wait_for_timeout(500)
    near = one.page.evaluate("document.getElementById('goal-chart').layout.xaxis.range")
    assert near != whole
    with tenancy.tenant(wishful.owner.pk):
        Goal.objects.filter(pk=wishful.goal.pk).update(name="Renamed elsewhere")
        publish(owner_id=wishful.owner.pk, event="goals", data={})
    for visit in (board, one):
        expect(visit.page.locator("main")).to_contain_text("Renamed elsewhere", timeout=10_000)
        assert visit.console == []
    assert one.page.evaluate("document.getElementById('goal-chart').layout.xaxis.range") == near


@pytest.mark.slow
def test_goals_stand_on_the_pages_of_who_works_for_them(open_page: OpenPage, wishful: World) -> None:
    assert wishful.goal is not None
    for path in (
        "/",
        f"/farms/{wishful.farm.pk}/",
        f"/farms/agents/{wishful.agent.pk}/",
        f"/wallets/{wishful.farm.wallet_id}/",
    ):
        visit = open_page(path, user=wishful.owner)
        visit.page.locator("#goals").scroll_into_view_if_needed()
        link = visit.page.locator(f'#goals a[href="/goals/{wishful.goal.pk}/"]')
        expect(link).to_be_visible()
        assert visit.console == []
        plain = open_page(path, user=wishful.owner, script=False).page
        plain.get_by_role("link", name="Open the goals").click()
        expect(plain).to_have_url(re.compile("/goals/"))


def test_the_palette_finds_goals_and_what_can_be_done_with_them(open_page: OpenPage, wishful: World) -> None:
    page = open_page("/jump/?q=pause+goal+two", user=wishful.owner, script=False).page
    expect(page.get_by_role("button", name="Pause goal Two trades")).to_be_visible()
    page = open_page("/jump/?q=new+goal", user=wishful.owner, script=False).page
    page.get_by_role("link", name="New goal").click()
    expect(page).to_have_url(re.compile("/goals/new/"))
