"""From an empty account to agents that run, in two submissions: with the mouse, without JavaScript, by keyboard."""

import re
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from farms.models import Agent
from kit import tenancy
from kit.users.models import User
from tests.browser.conftest import OpenPage
from tests.browser.soundness import assert_page_is_sound, assert_page_is_sound_everywhere
from tests.conftest import make_user
from tests.world import World

REVIEW = "/start/?amount=10000&recipe=quick"


@pytest.fixture
def newcomer(world: World) -> User:
    """Somebody with an empty account, where markets have prices."""
    return make_user(f"newcomer-{uuid4().hex}@example.com", name="Nina Newcomer")


def running(owner: User) -> int:
    with tenancy.tenant(owner.pk):
        return Agent.objects.filter(status=Agent.Status.RUNNING, farm__status="running").count()


@pytest.mark.parametrize("script", [True, False])
def test_play_money_runs_after_two_submissions(open_page: OpenPage, newcomer: User, script: bool) -> None:
    visit = open_page("/", user=newcomer, script=script)
    page = visit.page
    page.locator("main").get_by_role("link", name="Try it with play money").click()
    page.get_by_label(re.compile("Play money, in")).fill("25000")
    page.get_by_label(re.compile("Quick mix")).check()
    page.get_by_role("button", name="Review").click()
    expect(page.locator(".making")).to_contain_text("at most 6,250.00")
    assert running(newcomer) == 0
    page.get_by_role("button", name=re.compile("^Start with")).click()
    expect(page.get_by_role("heading", name="Quick mix", exact=True)).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="is running")).to_be_visible()
    assert running(newcomer) in (2, 3)  # one for each market of the world, which other tests add to
    sent = [request for request in visit.requests if request.is_navigation_request() and "/start/" in request.url]
    assert len([request for request in sent if request.method == "POST" or "amount=" in request.url]) == 2
    assert not visit.console


def test_play_money_runs_by_keyboard_alone(open_page: OpenPage, newcomer: User) -> None:
    page = open_page("/start/", user=newcomer).page
    page.get_by_label("Play money, in USDT").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("5000")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label(re.compile("Hourly breakouts"))).to_be_checked()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name=re.compile("^Start with"))
    expect(button).to_be_visible()
    _tab_to(page, "Start with")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hourly breakouts", exact=True)).to_be_visible()
    assert running(newcomer) in (2, 3)


def _tab_to(page: Page, words: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if words in (page.evaluate("document.activeElement.textContent") or ""):
            return
    pytest.fail(f"Nothing that says {words} is reached by the Tab key.")


@pytest.mark.parametrize("path", ["/", "/start/", REVIEW])
def test_the_pages_of_a_newcomer_are_sound(open_page: OpenPage, newcomer: User, path: str) -> None:
    assert_page_is_sound_everywhere(open_page(path, user=newcomer))


def test_a_refused_amount_is_said_where_it_was_typed(open_page: OpenPage, newcomer: User) -> None:
    page = open_page("/start/", user=newcomer).page
    page.get_by_label("Play money, in USDT").fill("12")
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_label("Play money, in USDT")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_contain_text("from 500 to")


@pytest.mark.slow
def test_a_farm_that_was_just_made_is_sound(open_page: OpenPage, newcomer: User) -> None:
    page = open_page(REVIEW, user=newcomer).page
    page.get_by_role("button", name=re.compile("^Start with")).click()
    expect(page.get_by_role("heading", name="Quick mix", exact=True)).to_be_visible()
    assert_page_is_sound(open_page(urlsplit(page.url).path, user=newcomer))


@pytest.mark.parametrize("width", [390, 320])
def test_the_button_of_the_review_is_whole_on_a_phone(open_page: OpenPage, newcomer: User, width: int) -> None:
    page = open_page("/start/?amount=10000000&recipe=quick", user=newcomer, width=width).page
    button = page.get_by_role("button", name=re.compile("^Start with")).bounding_box()
    card = page.locator("form.card").bounding_box()
    assert button is not None
    assert card is not None
    assert card["x"] <= button["x"]
    assert button["x"] + button["width"] <= card["x"] + card["width"]
